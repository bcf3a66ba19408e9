"""Threads that answer in order: few items ahead, errors and interrupts end them, and a forked child is told."""

import os
import threading
import time
from contextlib import closing
from itertools import count

import pytest

from striate.errors import StriateError
from striate.ordered_threads import answers_in_order


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("many", [0, 1, 20])
def test_answers_come_in_the_order_of_the_items(threads, many):
    def work(item):
        time.sleep(0.002 * (item % 3))  # later items may be done first
        return item

    assert list(answers_in_order(work, range(many), threads=threads, name="test")) == list(range(many))


def test_items_may_be_endless_and_two_a_thread_are_taken_ahead():
    taken = []

    def items():
        for item in count():
            taken.append(item)
            yield item

    with closing(answers_in_order(lambda item: item, items(), threads=2, name="test")) as answers:
        assert [next(answers) for _ in range(5)] == [0, 1, 2, 3, 4]
        assert len(taken) == 8


def test_an_error_arrives_in_its_place_and_the_threads_end():
    def work(item):
        if item == 3:
            raise ValueError("three")
        return item

    before, seen = threading.active_count(), []
    with pytest.raises(ValueError, match="three"):
        seen.extend(answers_in_order(work, range(100), threads=2, name="test"))
    assert threading.active_count() == before


def test_who_stops_asking_lets_nothing_else_begin():
    done = []
    answers = answers_in_order(lambda item: done.append(item) or time.sleep(0.01), range(100), threads=2, name="test")
    next(answers)
    answers.close()
    assert len(done) <= 6


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_is_told_that_its_parent_goes_on():
    answers = answers_in_order(lambda item: item, range(10), threads=2, name="test")
    next(answers)
    child = os.fork()
    if not child:
        try:
            next(answers)
        except StriateError as error:
            os._exit(7 if "before the process forked" in str(error) else 8)
        os._exit(9)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert list(answers) == list(range(1, 10))
