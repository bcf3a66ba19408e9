"""What a report tells of a tournament, from its record."""

from __future__ import annotations

from striate.evaluation.selection_bias import most_flattery
from striate.evaluation.selection_metrics import METRIC_NAMES
from striate.report import Tournament, Tried
from striate.runs.tournament_record import WON, Entry, TournamentRecord
from striate.runs.tournament_text import describe_comparison, describe_score, describe_state
from striate.wording import NARROW_SPACE, duration, number, percent, plural


def show_tournament(record: TournamentRecord, *, tested: int) -> Tournament:
    """The candidates, and what is to be known of the choice.

    Args:
        record: The tournament.
        tested: Test pictures, which have no part in the choice.
    """
    tried = [
        Tried(
            name=entry.candidate.name,
            state=describe_state(record, entry),
            why=_why(entry),
            took_place=entry.state == WON,
            accuracy=entry.accuracy,
            score="" if record.metric == "accuracy" else describe_score(record.metric, entry.score, space=NARROW_SPACE),
            share=None if record.metric in ("accuracy", "log_loss") else entry.score,
            interval=entry.interval,
            ended_after=entry.ended_after,
            seconds=entry.wall_seconds,
        )
        for entry in record.entries
    ]
    said = [_describe_course(record), *([said] if (said := describe_flattery(record, tested=tested)) else [])]
    metric = "" if record.metric == "accuracy" else METRIC_NAMES[record.metric]
    return Tournament(tried, " ".join(said), metric, record.accuracy_name)


def describe_flattery(record: TournamentRecord, *, tested: int) -> str:
    """By how much the choice flatters the best on the pictures that it was chosen by; empty where nothing was chosen.

    Args:
        record: The tournament.
        tested: Test pictures.
    """
    best, measured = record.best, len(list(record.finished()))
    if best is None or measured < 2 or not best.pictures:
        return ""
    most = most_flattery(best.correct, best.pictures, measured)
    share = "The share with all labels right" if record.several else "Its accuracy"
    said = (
        f"{share} on these is flattered by the choice, in the mean by {100 * most:.1f} points of 100 at most "
        f"({percent(best.accuracy)} may stand for {percent(max(0.0, (best.accuracy or 0.0) - most))})"
    )
    if tested:
        return f"{said}; that on the {plural(tested, 'test picture')} is not: they had no part in it."
    return f"{said}; there are no test pictures, which would have no part in it."


def _describe_course(record: TournamentRecord) -> str:
    measured, best = len(list(record.finished())), record.best
    told = f"{plural(len(record.entries), 'candidate')} planned, {number(measured)} measured in {duration(record.worked_seconds)}"
    if best is None:
        return f"{plural(len(record.entries), 'candidate')} planned, none measured yet."
    metric = record.accuracy_name if record.metric == "accuracy" else METRIC_NAMES[record.metric]
    by = f"{metric} on {plural(best.pictures, 'validation picture')}"
    by += f" ({record.metric_why})" if record.metric != "accuracy" and record.metric_why else ""
    end = f" It ended because {record.ended}." if record.ended else ""
    return f"{told}, and chosen among by {by}. The best is {best.candidate.name}.{end}"


def _why(entry: Entry) -> str:
    if entry.why:
        return entry.why
    return describe_comparison(entry) if entry.comparison is not None else entry.candidate.why
