"""What a report tells of a tournament: what came of each candidate, and by how much the choice flatters."""

import dataclasses

from striate.evaluation.selection_bias import most_flattery
from striate.runs.tournament_shown import describe_flattery, show_tournament


def plain(text):
    return text.replace("\u202f", " ")


def test_what_came_of_each(tournament_story):
    shown = show_tournament(tournament_story[-1], tested=206)
    assert [(tried.name, tried.state, tried.took_place) for tried in shown.candidates] == [
        ("head on mobilenet_v2", "replaced", True),
        ("head on features.13 of mobilenet_v2", "best", True),
        ("resnet20 from scratch at 64 px", "skipped", False),
        ("mobilenet_v2, all of it", "lost", False),
    ]
    assert shown.candidates[0].why == "it takes next to no time"
    assert shown.candidates[2].why == "the time limit leaves 40 s, and it takes 140"
    assert shown.candidates[3].why == "3 pictures won, 9 lost, beside head on features.13 of mobilenet_v2"
    assert (shown.candidates[1].ended_after, shown.candidates[1].seconds) == (53.0, 28.0)
    assert plain(shown.said).startswith(
        "4 candidates planned, 3 measured in 4 min 15 s, and chosen among by accuracy on 206 validation pictures. "
        "The best is head on features.13 of mobilenet_v2. It ended because nothing promises more. "
    )


def test_by_how_much_the_choice_flatters(tournament_story):
    record = tournament_story[-1]
    assert round(100 * most_flattery(197, 206, 3), 1) == 1.3
    said = plain(describe_flattery(record, tested=206))
    assert said == (
        "Its accuracy on these is flattered by the choice, in the mean by 1.3 points of 100 at most (95.6 % may stand for "
        "94.3 %); that on the 206 test pictures is not: they had no part in it."
    )
    several = describe_flattery(dataclasses.replace(record, several=True), tested=206)
    assert several.startswith("The share with all labels right on these is flattered by the choice")
    assert plain(describe_flattery(record, tested=0)).endswith(
        "; there are no test pictures, which would have no part in it."
    )
    assert describe_flattery(tournament_story[2], tested=206) == ""  # one alone: nothing was chosen


def test_at_the_beginning_and_by_another_metric(tournament_story):
    assert plain(show_tournament(tournament_story[0], tested=0).said) == "4 candidates planned, none measured yet."
    record = dataclasses.replace(
        tournament_story[-1].with_entry(0, score=0.871), metric="balanced_accuracy", metric_why="asked for"
    )
    shown = show_tournament(record, tested=0)
    assert "chosen among by balanced accuracy on 206 validation pictures (asked for). The best" in plain(shown.said)
    assert shown.metric == "balanced accuracy" and plain(shown.candidates[0].score) == "87.1 %"
    assert shown.candidates[0].share == 0.871
