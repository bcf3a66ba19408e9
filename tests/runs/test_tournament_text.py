"""A tournament in words, from its plan to its end."""

import dataclasses
from pathlib import Path

import pytest

from striate.deciding.candidate import Candidate
from striate.runs.tournament_record import FAILED, RUNNING
from striate.runs.tournament_text import cells, columns, describe_news, describe_plan, describe_score, draw_table
from striate.text_layout import cell_width

FOLDER = Path("runs/사진 모음")


def lines_of(text):
    return text.replace("\u202f", " ")


def test_what_is_planned(tournament_story):
    planned = tournament_story[0]
    assert lines_of(describe_plan(planned)) == (
        "4 candidates in about 7 min; the first, head on mobilenet_v2, is ready after about 21 s; "
        "Ctrl-C from then on keeps the best so far"
    )
    assert lines_of(describe_plan(dataclasses.replace(planned, limit_seconds=600.0))).startswith(
        "4 candidates in about 7 min, within 10 min;"
    )
    resumed = tournament_story[4]
    assert lines_of(describe_plan(resumed)) == (
        "2 candidates in about 6 min; the best so far is head on features.13 of mobilenet_v2; Ctrl-C keeps the best"
    )


def test_what_happened_is_said_once_and_in_order(tournament_story):
    told, before = [], None
    for record in tournament_story:
        told += describe_news(before, record, FOLDER)
        assert not list(describe_news(record, record, FOLDER))
        before = record
    assert [what for what, _ in told] == [
        *("tournament", "candidate 1", "ready", "candidate 2", "better", "skipped", "candidate 4", "not better", "best")
    ]
    said = {what: lines_of(text) for what, text in told}
    assert said["candidate 1"] == "head on mobilenet_v2 (about 21 s): it takes next to no time"
    assert said["ready"] == (
        "91.3% right on 206 validation pictures (95 % interval 86.6 to 94.2%); use it now, from another terminal: "
        "striate predict 'runs/사진 모음' PICTURE.jpg"
    )
    assert said["better"] == (
        "head on features.13 of mobilenet_v2, 95.6% right on 206 validation pictures (95 % interval 91.9 to 97.7%): "
        "14 pictures won, 5 lost, beside head on mobilenet_v2"
    )
    assert said["skipped"] == "resnet20 from scratch at 64 px: the time limit leaves 40 s, and it takes 140"
    assert said["not better"].endswith(": 3 pictures won, 9 lost, beside head on features.13 of mobilenet_v2")
    assert said["best"].endswith("(95 % interval 91.9 to 97.7%); it ended because nothing promises more")


def test_a_resume_tells_where_it_is_and_not_what_was(tournament_story):
    record = tournament_story[4].with_entry(2, state=RUNNING)
    assert [what for what, _ in describe_news(None, record, FOLDER)] == ["tournament", "candidate 3"]
    failed = record.with_entry(2, state=FAILED, why="the loss is not finite")
    assert list(describe_news(record, failed, FOLDER)) == [
        ("failed", "resnet20 from scratch at 64 px: the loss is not finite")
    ]


def test_the_table(tournament_story):
    assert lines_of("\n".join(draw_table(tournament_story[6]))).splitlines() == [
        "candidate                            accuracy  95 % interval    time  state",
        "head on mobilenet_v2                    91.3%  86.6 to 94.2%    19 s  replaced",
        "head on features.13 of mobilenet_v2     95.6%  91.9 to 97.7%    28 s  best so far",
        "resnet20 from scratch at 64 px                                        skipped",
        "mobilenet_v2, all of it                                       ~4 min  running",
        "next: nothing; then it ends",
    ]
    assert draw_table(tournament_story[8])[-1] == "ended: nothing promises more"
    assert lines_of(draw_table(tournament_story[2])[-1]) == (
        "next: head on features.13 of mobilenet_v2: few and different pictures want earlier features"
    )


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_the_table_keeps_to_the_screen(tournament_story, width):
    long_name = Candidate(name="작은 그림을 위한 아주 긴 이름의 망", kind="head", why="그래서", model="lenet5")
    record = tournament_story[6].with_entry(1, candidate=long_name)
    assert max(map(cell_width, draw_table(record, width=width))) <= width


def test_another_metric_has_a_column(tournament_story):
    record = dataclasses.replace(tournament_story[2].with_entry(0, score=0.871), metric="balanced_accuracy")
    assert columns(record)[1:3] == ("balanced accuracy", "accuracy")
    assert cells(record, record.entries[0])[1:3] == ("87.1%", "91.3%")
    said = dict(describe_news(tournament_story[1], record, FOLDER))["ready"]
    assert said.startswith("balanced accuracy 87.1%, 91.3% right on 206 validation pictures (95 % interval")
    several = dataclasses.replace(record, several=True, metric="mean_average_precision")
    assert columns(several)[1:3] == ("mean average precision", "all labels right")
    said = dict(describe_news(tournament_story[1], several, FOLDER))["ready"]
    assert said.startswith(
        "mean average precision 87.1%, all labels right on 91.3% of 206 validation pictures (95 % interval"
    )
    said = dict(describe_news(tournament_story[1], dataclasses.replace(several, metric="accuracy"), FOLDER))["ready"]
    assert said.startswith("all labels right on 91.3% of 206 validation pictures (95 % interval 86.6 to 94.2%); use it")
    assert describe_score("log_loss", -0.25) == "0.250" and describe_score("f1_macro", None) == ""
