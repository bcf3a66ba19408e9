import os

import pytest

from striate import hardware
from striate.hardware import available_processors


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine of 64 processors without control groups, whose files a test may write."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(64)))
    monkeypatch.setattr(hardware, "GROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(hardware, "OWN_GROUPS", tmp_path / "own")
    return tmp_path


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_here():
    assert 1 <= available_processors() <= len(os.sched_getaffinity(0))


def test_the_affinity_mask_alone(machine):
    assert available_processors() == 64


@pytest.mark.parametrize(
    ("text", "count"), [("150000 100000", 2), ("max 100000", 64), ("10000 100000", 1), ("odd", 64)]
)
def test_the_limit_of_a_container(machine, text, count):
    write(machine / "cgroup" / "cpu.max", text)
    assert available_processors() == count


def test_the_least_of_the_groups_above_counts(machine):
    write(machine / "own", "0::/user/session\n")
    write(machine / "cgroup" / "user" / "session" / "cpu.max", "max 100000")
    write(machine / "cgroup" / "user" / "cpu.max", "300000 100000")
    assert available_processors() == 3


@pytest.mark.parametrize(("quota", "count"), [("400000", 4), ("-1", 64)])
def test_the_first_version_of_control_groups(machine, quota, count):
    write(machine / "own", "5:memory:/box\n4:cpu,cpuacct:/box\n")
    write(machine / "cgroup" / "cpu" / "box" / "cpu.cfs_quota_us", quota)
    write(machine / "cgroup" / "cpu" / "box" / "cpu.cfs_period_us", "100000")
    assert available_processors() == count


def test_a_group_that_is_named_outside_the_tree_is_passed_over(machine):
    write(machine / "own", "0::/../../other\nnonsense\n")
    assert available_processors() == 64
