import gc

from striate.cli.collecting import IMPORTED, OWN, collect_as_ever
from striate.cli.console import ConsoleWatcher


def test_garbage_is_hardly_looked_for_until_long_work_begins(striate_command):
    assert striate_command("predict", "no/such/run", "x.jpg").code == 2
    assert gc.get_threshold() == (IMPORTED, *OWN[1:])
    with ConsoleWatcher(quiet=True):
        assert gc.get_threshold() == OWN
    collect_as_ever()
