"""From what a user wants to be promised to a decision rule: its thresholds, chosen on validation pictures, and only if they can keep it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.errors import DataError
from striate.evaluation.abstention import fewest_pictures, threshold_for_coverage, threshold_for_error
from striate.evaluation.conformal import conformal_thresholds, fewest_for_coverage
from striate.evaluation.familiarity import NEIGHBOURS, unfamiliarity, unit_rows, usual_scores
from striate.tasks.decision_rule import DecisionRule, LabelSets, LeastSure, Unfamiliar
from striate.tasks.doubting import Doubting
from striate.tasks.rule_wish import RuleWish, check_wish
from striate.tasks.single_label import SINGLE_LABEL
from striate.tasks.task import Targets, Task
from striate.wording import plural

Array = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Answers:
    """What the sealed engine answers to the pictures that a rule is fitted on, none of which it was trained on."""

    probabilities: npt.NDArray[np.float64]
    """(n, classes), with the temperature."""
    logits: Array
    """(n, width)."""
    features: Array
    """(n, d)."""
    labels: Targets


@dataclass(frozen=True, eq=False)
class FittedRule:
    """A rule, and the features of training pictures that it keeps, (m, d) rows of length 1; None where it keeps none."""

    rule: DecisionRule
    bank: npt.NDArray[np.float32] | None


def fit_rule(
    wish: RuleWish,
    answers: Answers,
    classes: Sequence[str],
    training_features: Array | None,
    *,
    task: Task = SINGLE_LABEL,
    one: str = "picture",
) -> FittedRule:
    """The rule that keeps the promises that were asked for on new pictures like the validation pictures.

    Args:
        wish: What was asked for; something.
        answers: On the validation pictures.
        classes: In the order of the logits.
        training_features: (m, d) of training pictures, which a wish for `unfamiliar` needs, all of which are kept.
        task: What is asked, with its thresholds; of several labels an answer is right where all of them are.
        one: What one of what is given is called.

    Raises:
        UsageError: If the costs name other classes, or the task has no such rule.
        DataError: If the validation pictures are too few, or no threshold keeps a promise; the sentence says which, and what would do.
    """
    check_wish(wish, task)
    if wish.costs is not None:
        wish.costs.check(classes)
    unfamiliar, bank = None, None
    if wish.unfamiliar is not None and training_features is not None:
        # In 16 bits, as it is kept.
        bank = unit_rows(training_features).astype(np.float16).astype(np.float32)
        unfamiliar = fit_unfamiliar(wish.unfamiliar, answers, bank, one, task)
    decided = Doubting(DecisionRule(unfamiliar=unfamiliar, costs=wish.costs), task, classes, bank).decide(
        answers.probabilities, answers.logits, answers.features
    )
    sure, right = task.confidence(answers.probabilities, decided.answers), task.same(decided.answers, answers.labels)
    rule = DecisionRule(
        least_sure=fit_least_sure(wish, sure, right, decided.unlike, one),
        unfamiliar=unfamiliar,
        sets=fit_sets(wish, answers, classes, one),
        costs=wish.costs,
    )
    rule.check(classes)
    return FittedRule(rule, bank)


def fit_unfamiliar(share: float, answers: Answers, bank: npt.NDArray[np.float32], one: str, task: Task) -> Unfamiliar:
    """How unlike a picture may be, so that at most a share of those that are like the validation pictures is taken for unlike.

    Raises:
        DataError: If they are too few to promise it, or so are the training pictures.
    """
    count = len(answers.labels)
    if len(bank) < NEIGHBOURS:
        raise DataError(
            f"unfamiliar={share:g} needs {NEIGHBOURS} training {one}s at least to compare with; there are {len(bank)}"
        )
    energies = task.energies(answers.logits)
    usual = usual_scores(energies, answers.features, bank)
    scores = unfamiliarity(energies, answers.features, bank, usual)
    found = threshold_for_coverage(-scores, np.ones(count, bool), 1 - share)
    if found is None:
        raise too_few(f"unfamiliar={share:g}", count, fewest_pictures(share), one)
    return Unfamiliar(share, -found.threshold, usual, count)


def fit_least_sure(
    wish: RuleWish, sure: npt.NDArray[np.float64], right: npt.NDArray[np.bool_], unlike: npt.NDArray[np.bool_], one: str
) -> LeastSure | None:
    """How sure it must be of an answer; pictures that are taken for unlike anything learnt get none anyway.

    Raises:
        DataError: If no threshold keeps the promise.
    """
    count = len(sure)
    if wish.error is not None:
        said, kept = f"error={wish.error:g}", ~unlike
        found = threshold_for_error(sure[kept], right[kept], wish.error) if kept.any() else None
        if found is None:
            if kept.sum() < fewest_pictures(wish.error):
                raise too_few(said, count, fewest_pictures(wish.error), one)
            raise DataError(
                f"no threshold promises {said}: of the {count:,} validation {one}s, also the surest answers are wrong too often, "
                f"or too few are sure; ask for a larger error, or give more validation {one}s"
            )
    elif wish.coverage is not None:
        said = f"coverage={wish.coverage:g}"
        # Probabilities are above 0: those of unlike pictures come last.
        found = threshold_for_coverage(np.where(unlike, -1.0, sure), right, wish.coverage)
        if found is None:
            raise too_few(said, count, fewest_pictures(1 - wish.coverage), one)
        if found.threshold < 0:
            raise DataError(
                f"no threshold promises {said}: {plural(int(unlike.sum()), f'validation {one}')} of {count:,} are taken for "
                "unlike anything learnt; ask for a smaller coverage, or a smaller share of unfamiliar ones"
            )
    else:
        return None
    return LeastSure(said, found.threshold, count, found.answered, found.wrong)


def fit_sets(wish: RuleWish, answers: Answers, classes: Sequence[str], one: str) -> LabelSets | None:
    """How probable a class must be to be in the set of a picture.

    Raises:
        DataError: If the pictures, or those of a class, are too few to promise the coverage.
    """
    if wish.conformal is None:
        return None
    found = conformal_thresholds(answers.probabilities, answers.labels, wish.conformal, by_class=wish.by_class)
    if found is None:
        least = fewest_for_coverage(wish.conformal)
        if wish.by_class:
            counts = np.bincount(answers.labels, minlength=len(classes))
            rare = int(counts.argmin())
            raise DataError(
                f"conformal={wish.conformal:g} by class needs {least} validation {one}s of each class; {classes[rare]!r} has "
                f"{counts[rare]}: leave out --by-class, ask for less, or give more"
            )
        raise too_few(f"conformal={wish.conformal:g}", len(answers.labels), least, one)
    thresholds = dict(zip(classes, found.tolist(), strict=True))
    return LabelSets(wish.conformal, wish.by_class, thresholds, len(answers.labels))


def too_few(promise: str, count: int, needed: int, one: str) -> DataError:
    """What is said where a promise cannot be kept for want of pictures."""
    return DataError(
        f"{plural(count, f'validation {one}')} are too few to promise {promise}: it takes {needed:,} at least, even if every answer "
        f"is right; ask for less, or give more validation {one}s"
    )
