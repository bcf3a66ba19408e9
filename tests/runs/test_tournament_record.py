import subprocess
import sys

import pytest

from striate.deciding.candidate import Candidate
from striate.errors import StriateError
from striate.runs.tournament_record import (
    LOST,
    RUNNING,
    WON,
    Comparison,
    Entry,
    TournamentRecord,
    read_tournament,
    write_tournament,
)
from striate.training.run_folder import TOURNAMENT


def candidate(name: str) -> Candidate:
    return Candidate(name=name, kind="scratch", why="it is small", model="lenet5", settings=("seed=1",), seconds=2.5)


def record() -> TournamentRecord:
    better = Comparison(rival="lenet5", wins=9, losses=2, p_value=0.0654296875, verdict="it has more right")
    return TournamentRecord(
        begun="2026-01-01T00:00:00+00:00",
        planned_seconds=60.0,
        multiply_adds_per_second=5e10,
        threads=2,
        asked={"data": "사진", "seed": 3, "mean": [0.5]},
        classes=("개", "고양이"),
        entries=(
            Entry(
                candidate=candidate("lenet5"), state=WON, accuracy=0.9, interval=(0.85, 0.94), correct=90, pictures=100
            ),
            Entry(candidate=candidate("작은 망"), state=LOST, accuracy=0.8, ended_after=3.0, comparison=better),
            Entry(candidate=candidate("third"), state=RUNNING),
            Entry(candidate=candidate("fourth")),
        ),
        winner=0,
    )


def test_a_record_is_read_as_it_was_written(tmp_path):
    assert read_tournament(tmp_path) is None
    write_tournament(tmp_path, record())
    assert read_tournament(tmp_path) == record()


def test_what_a_record_says_of_now():
    said = record()
    assert said.best is said.entries[0]
    assert said.running is said.entries[2]
    assert said.next is said.entries[3]
    assert [entry.candidate.name for entry in said.finished()] == ["lenet5", "작은 망"]
    ended = said.with_entry(2, state=LOST)
    assert ended.running is None and ended.entries[2].state == LOST and said.entries[2].state == RUNNING


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"lost"', '"beaten"', "there is no state 'beaten'"),
        ('"winner": 0', '"winner": 4', "there is no candidate 4"),
        ('"p_value": 0.0654296875', '"p_value": "x"', "entries[1].comparison.p_value must be a number, got 'x'"),
        ('"metric"', '"metrik"', "unknown tournament key 'metrik'"),
    ],
)
def test_a_record_that_is_wrong_is_refused(tmp_path, old, new, message):
    write_tournament(tmp_path, record())
    text = (tmp_path / TOURNAMENT).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / TOURNAMENT).write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(StriateError) as caught:
        read_tournament(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / TOURNAMENT} cannot be read: ")
    assert message in str(caught.value)


def test_the_record_needs_no_torch():
    code = "import sys, striate.runs.tournament_record; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
