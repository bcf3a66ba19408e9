"""A decision rule for a sealed engine: what it answers to validation pictures, and the features of training pictures that it keeps."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.bundle import Bundle, BundleContent, SeenPictures, write_bundle
from striate.bundle.folder import CANARY_SHEET, FAMILIAR, RULE_PICTURES
from striate.bundle.sealed_rule import bank_rows, bank_to_bytes
from striate.choosing import by_share
from striate.runtime import Engine
from striate.sealing.measuring import MeasuredSplit, engine_answers
from striate.tasks import Task
from striate.tasks.rule_fitting import Answers, FittedRule, fit_rule
from striate.tasks.rule_wish import RuleWish


@dataclass(frozen=True)
class RuleRequest:
    """What was asked for, and the training pictures that a rule may keep features of."""

    wish: RuleWish
    training: MeasuredSplit


def fit_rule_to_engine(
    request: RuleRequest,
    engine: Engine,
    validation: MeasuredSplit,
    classes: tuple[str, ...],
    task: Task,
    calibration: Mapping[str, int | float],
    *,
    one: str = "picture",
) -> FittedRule:
    """The rule that was asked for, by what the engine answers to what is called `one`; errors as `fit_rule`."""
    logits, features = engine_answers(engine, validation)
    answers = Answers(task.probabilities(logits, calibration), logits, features, validation.labels)
    kept = None
    if request.wish.unfamiliar is not None:
        rows = kept_rows(task.strata(request.training.labels), bank_rows(features.shape[1]))
        kept = engine_answers(engine, part_of(request.training, rows))[1]
    return fit_rule(request.wish, answers, classes, kept, task=task, one=one)


def kept_rows(strata: npt.NDArray[Any], most: int) -> npt.NDArray[np.int64]:
    """Which training pictures a rule keeps features of: all, or of each class its share."""
    count = len(strata)
    return np.arange(count) if count <= most else by_share(strata, most, seed=0, least=1)[:most]


def part_of(split: MeasuredSplit, rows: npt.NDArray[np.int64]) -> MeasuredSplit:
    """Some pictures of a split."""
    return MeasuredSplit(split.name, split.labels[rows], lambda places: split.pixels(rows[places]), "")


def write_ruled(
    folder: Path,
    bundle: Bundle,
    fitted: FittedRule,
    calibration: Mapping[str, int | float],
    chosen_on: MeasuredSplit,
) -> Bundle:
    """A copy of the bundle with the rule in the place of any it had, all digests made anew.

    Raises:
        UsageError: If the folder exists.
        OSError: If it cannot be written; then nothing is left behind.
    """
    contract = bundle.contract
    kept = [name for name in contract.files if name not in (CANARY_SHEET, FAMILIAR, RULE_PICTURES)]
    files = {**{name: bundle.folder / name for name in kept}, **rule_files(fitted, chosen_on)}
    changed = dataclasses.replace(contract, rule=fitted.rule, calibration=calibration)
    return write_bundle(folder, BundleContent(files), changed, bundle.canaries)


def rule_files(fitted: FittedRule | None, chosen_on: MeasuredSplit | None) -> dict[str, Path | bytes]:
    """The files of a rule: the features that it keeps, if it keeps any, and which pictures it was chosen on."""
    files: dict[str, Path | bytes] = {}
    if fitted is not None and fitted.bank is not None:
        files[FAMILIAR] = bank_to_bytes(fitted.bank)
    if fitted is not None and chosen_on is not None and chosen_on.digests is not None:
        files[RULE_PICTURES] = SeenPictures.of(chosen_on.digests).to_bytes()
    return files
