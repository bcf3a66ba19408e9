"""A candidate of a tournament beside the best so far: what the pictures that both were compared by say of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from striate.deciding.selection import Contender, choose
from striate.evaluation import selection_score, wilson_interval
from striate.runs.candidate_run import FEW_VALIDATION, CandidateResult, read_result
from striate.runs.tournament_record import Comparison, Entry, TournamentRecord
from striate.tasks import Task


def compare(result: CandidateResult, record: TournamentRecord, folder: Path) -> tuple[bool, Comparison] | None:
    """Whether a candidate takes the place of the best so far, and what is said of it; None where there is none yet.

    Args:
        result: What came of the candidate.
        record: How the tournament stands.
        folder: The run's.
    """
    best = record.best
    if best is None:
        return None
    rival = read_result(folder / best.folder)
    ours, theirs, labels, among = _comparable(result, rival)
    choice = choose(
        Contender(ours, result.multiply_adds),
        Contender(theirs, rival.multiply_adds),
        labels,
        metric=record.metric,
        seed=int(record.asked["seed"]),
    )
    found = choice.comparison
    return choice.takes, Comparison(
        rival=best.candidate.name,
        wins=found.wins,
        losses=found.losses,
        p_value=found.p_value,
        verdict=choice.why + among,
    )


def measured(result: CandidateResult, metric: str, task: Task) -> dict[str, object]:
    """What an entry of the record says of a candidate on the validation pictures, and of its network."""
    correct = int(task.same(task.decide(result.probabilities), result.labels).sum())
    pictures = len(result.labels)
    return {
        "accuracy": correct / pictures,
        "correct": correct,
        "pictures": pictures,
        "interval": wilson_interval(correct, pictures),
        "score": selection_score(metric, result.probabilities, result.labels),
        "input_size": result.plan.picture_preprocessing.size[0],
        "multiply_adds": result.multiply_adds,
        "parameters": result.parameters,
    }


def count_mistakes(best: Entry, folder: Path, task: Task) -> tuple[int, int]:
    """How many pictures the best so far has wrong, and of how many: those it was cross-validated on where validation has few.

    Args:
        best: Its entry.
        folder: The run's.
        task: What is asked of the pictures.
    """
    if best.pictures < FEW_VALIDATION and (found := read_result(folder / best.folder).out_of_fold) is not None:
        chances, labels = found
        return int((~task.same(task.decide(chances), labels)).sum()), len(labels)
    return best.pictures - best.correct, best.pictures


def _comparable(
    one: CandidateResult, other: CandidateResult
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.int64], str]:
    """The answers of two to the same pictures, their labels, and what is said of these where they are not those of validation alone."""
    if one.out_of_fold is None or other.out_of_fold is None:
        return one.probabilities, other.probabilities, one.labels, ""
    labels = one.out_of_fold[1]
    return one.out_of_fold[0], other.out_of_fold[0], labels, f", cross-validated on {len(labels):,} pictures"
