"""How a classifier was found: every candidate's place in the picture by hand, the staircase, and what stands in the table."""

import pytest

from striate.report import DataSummary, Tournament, TrainingReport, Tried, render
from striate.report.tournament_part import tournament_part

CANDIDATES = (
    Tried("head", "replaced", "the first", True, 0.8, (0.75, 0.85), 20.0, 15.0),
    Tried("<b>stages</b>", "lost", "3 pictures won, 9 lost", False, 0.75, (0.7, 0.8), 50.0, 25.0),
    Tried("full", "best", "12 pictures won, 2 lost", True, 0.9, (0.85, 0.95), 100.0, 45.0),
    Tried("resnet20", "waiting", "classes that differ in shape", False),
)


def plain(text):
    return text.replace("\u202f", " ")


def test_the_picture():
    picture = tournament_part(Tournament(CANDIDATES, "said")).picture
    # From 46 at 0 s to 410 at 100 s; from 216 at 70 % to 12 at 100 %.
    assert [(mark.number, mark.x, mark.y, mark.low, mark.high, mark.kind) for mark in picture.marks] == [
        (1, 118.8, 148.0, 182.0, 114.0, "took"),
        (2, 228.0, 182.0, 216.0, 148.0, "other"),
        (3, 410.0, 80.0, 114.0, 46.0, "took"),
    ]
    assert picture.staircase == "118.8,148 410,148 410,80 428,80"
    assert [tick.text for tick in picture.x_ticks] == ["0", "20", "40", "60", "80", "100"]
    assert picture.x_label == "seconds of work"
    assert plain(picture.summary) == (
        "3 candidates were measured: head 80.0 % after 20.0 s, which took the place; "
        "<b>stages</b> 75.0 % after 50.0 s; full 90.0 % after 1 min 40 s, which took the place."
    )
    assert plain(picture.marks[2].title) == "3. full: 90.0 % after 1 min 40 s"


def test_long_tournaments_count_minutes():
    slow = [tried._replace(ended_after=tried.ended_after and tried.ended_after * 6) for tried in CANDIDATES]
    picture = tournament_part(Tournament(slow, "")).picture
    assert [tick.text for tick in picture.x_ticks] == ["0", "2", "4", "6", "8", "10"]
    assert picture.x_label == "minutes of work"


def test_the_table():
    rows = tournament_part(Tournament(CANDIDATES, "")).rows
    assert tuple(map(plain, rows[0])) == (
        *("1. head", "80.0 %", "75.0 % – 85.0 %", "20.0 s", "15.0 s", "replaced: the first"),
    )
    assert rows[3] == ("4. resnet20", "", "", "", "", "waiting: classes that differ in shape")


def test_another_metric_has_a_column_before_accuracy():
    part = tournament_part(Tournament([CANDIDATES[0]._replace(score="71.2%"), CANDIDATES[3]], "", "macro F1"))
    assert part.columns[:3] == ("Candidate", "Macro F1", "Accuracy") and part.heads[:3] == (
        "macro F1",
        "accuracy",
        "95 %",
    )
    assert tuple(map(plain, part.rows[0][1:3])) == ("71.2%", "80.0 %") and part.rows[1][1:3] == ("", "")
    assert {len(row) for row in part.rows} == {len(part.columns)} and len(part.heads) == len(part.columns) - 2
    several = tournament_part(Tournament(CANDIDATES, "", accuracy="all labels right"))
    assert several.columns[:3] == ("Candidate", "All labels right", "95 % interval")


def test_the_picture_shows_what_candidates_are_compared_by():
    tried = [row._replace(score="x", share=share) for row, share in zip(CANDIDATES, (0.5, 0.7, 0.6, None), strict=True)]
    picture = tournament_part(Tournament(tried, "", "balanced accuracy")).picture
    assert picture.caption == "Balanced accuracy"
    assert all(mark.low == mark.high == mark.y for mark in picture.marks)
    assert picture.marks[1].y < picture.marks[2].y < picture.marks[0].y and "70.0 %" in plain(picture.marks[1].title)
    by_loss = [row._replace(score="0.2") for row in CANDIDATES]
    assert tournament_part(Tournament(by_loss, "", "log loss")).picture.caption == "Accuracy, with its 95 % interval"


def test_before_one_is_measured_there_is_no_picture():
    part = tournament_part(Tournament(CANDIDATES[3:], ""))
    assert part.picture is None and len(part.rows) == 1


@pytest.mark.parametrize("candidates", [CANDIDATES, CANDIDATES[:1], CANDIDATES[3:]])
def test_the_page_has_it_with_names_escaped(candidates):
    data = DataSummary("photos", {"cat": {"train": 8}, "dog": {"train": 9}})
    report = TrainingReport("p", "p", "now", "lenet5", data, tournament=Tournament(candidates, "How <i>it</i> was."))
    text = render(report)
    assert '<a href="#found">How it was found</a>' in text and "How &lt;i&gt;it&lt;/i&gt; was." in text
    assert text.count('<circle class="dot took"') == sum(tried.took_place for tried in candidates)
    assert "<b>stages" not in text
    assert 'id="found"' not in render(TrainingReport("p", "p", "now", "lenet5", data))
