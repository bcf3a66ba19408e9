"""The first signal ends work in good order; the second one ends it at once."""

import signal
import threading

import pytest

from striate.errors import Interrupted
from striate.interruption import Signals, interruptible


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_noted_and_the_second_is_not_waited_for(number):
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), interruptible() as signals:
        assert not signals.stopped()
        signal.raise_signal(number)
        assert signals.stopped() and signals.received == number
        signal.raise_signal(number)
    assert signal.getsignal(number) is before


@pytest.mark.parametrize(("received", "number"), [(None, 2), (signal.SIGINT, 2), (signal.SIGTERM, 15)])
def test_what_ends_the_work_has_the_number_of_the_signal(received, number):
    error = Signals(received).interrupted("interrupted; nothing was written")
    assert isinstance(error, Interrupted)
    assert (str(error), error.signal_number) == ("interrupted; nothing was written", number)


def test_nothing_is_changed_outside_the_main_thread():
    before = signal.getsignal(signal.SIGINT)
    found = []

    def work():
        with interruptible() as signals:
            found.append((signals.stopped(), signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [(False, before)]
