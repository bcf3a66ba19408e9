"""What is worth knowing of a finished run: what was noted when it was decided, how far it came, and what its scores say."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from striate.data import Dataset
from striate.deciding.run_plan import RunPlan
from striate.deciding.time_fit import FEWEST_EPOCHS, FEWEST_EPOCHS_FROM_WEIGHTS
from striate.encodings import DEFAULT_KIND, named_encoding
from striate.evaluation import Finding
from striate.sealing import judge_calibration
from striate.sealing.seal import Sealed
from striate.tasks.task import TaskScores
from striate.training.batches import batch_sizes, count_looks
from striate.training.run_folder import write_findings


def judge_run(
    run: RunPlan,
    dataset: Dataset,
    history: Sequence[Mapping[str, Any]],
    scores: Mapping[str, TaskScores],
    *,
    go_on: str = "",
) -> tuple[Finding, ...]:
    """What is worth knowing of how a run ended, besides what was noted when it was decided.

    Args:
        run: What was decided.
        dataset: The data, with splits.
        history: The rows of `metrics.jsonl`.
        scores: What was measured, by split.
        go_on: How it goes on, if it was stopped early; empty where it came to its end.
    """
    training = len(dataset.indices("train"))
    steps = int(history[-1]["step"]) if history else 0
    looks = count_looks(steps, training, run.recipe.batch_size)
    kind = named_encoding(dataset.kind)
    cut = _find_cut(run, steps, looks, training, kind.plural)
    if go_on:
        ended = f"{len(history):,} of {run.recipe.schedule.epochs:,} epochs had ended"
        cut = (Finding(f"what is sealed was stopped early, when {ended}; {go_on}"),)
    split = next((name for name in ("test", "val") if name in scores), None)
    if split is None:
        said = f"nothing tells how good the classifier is: no {kind.one} was kept to measure it on; add a folder named val or test"
        return (*cut, Finding(said, "warning"))
    shown = f"{looks:,} looks at {training:,} training {dataset.plural}"
    done = f"{steps:,} steps were taken, {shown}: " if steps and not cut else ""
    fewest = FEWEST_EPOCHS_FROM_WEIGHTS if run.settings.weights else FEWEST_EPOCHS
    found = dataset.task.judge(
        scores[split],
        split,
        remedy=f"{done}{_remedy(run, dataset, steps)}",
        balance=run.recipe.balance,
        learnt_briefly=0 < looks < fewest * training,
        many=kind.plural,
    )
    return (*cut, *found)


def _remedy(run: RunPlan, dataset: Dataset, steps: int) -> str:
    """What to do about a classifier that has learnt next to nothing: a clause."""
    longer = "train longer (--epochs, --time-limit)" if steps else "let more than the head learn (--transfer full)"
    if dataset.kind != DEFAULT_KIND:
        return (
            f"{longer}, begin with vectors of words (--vectors), give more {dataset.plural}, or look for wrong labels"
        )
    weights = "" if run.settings.weights or dataset.task.sequential else "start from trained weights (--weights), "
    return f"{longer}, {weights}or look for wrong labels (striate check {shlex.quote(run.settings.data)})"


def judge_sealing(sealed: Sealed, validation_pictures: int) -> tuple[Finding, ...]:
    """What the bundle lacks, since the validation pictures are too few: a temperature, the decision rule that was asked for."""
    contract = sealed.bundle.contract
    few = judge_calibration(contract.calibration, validation_pictures, one=named_encoding(contract.kind).one)
    if not sealed.rule_fault:
        return few
    said = f"the classifier never abstains, though that was asked for: {sealed.rule_fault}; `striate calibrate` can set it later"
    return (*few, Finding(said, "warning"))


def _find_cut(run: RunPlan, steps: int, looks: int, training: int, many: str) -> tuple[Finding, ...]:
    """How far a run came that its time limit ended; nothing of one that came to its end."""
    per_epoch = len(batch_sizes(training, run.recipe.batch_size))
    planned = run.recipe.schedule.epochs * per_epoch
    if not run.settings.total_steps or steps >= planned:
        return ()
    epochs = steps / per_epoch
    said = (
        f"the time limit left {steps:,} of {planned:,} steps: {looks:,} looks at {training:,} training {many}, "
        f"{epochs:.2g} of {run.recipe.schedule.epochs:,} epochs"
    )
    fewest = FEWEST_EPOCHS_FROM_WEIGHTS if run.settings.weights else FEWEST_EPOCHS
    if epochs >= min(fewest, run.recipe.schedule.epochs):
        return (Finding(said),)
    others = "a smaller --size or --model" + ("" if run.settings.weights else ", or trained weights (--weights)")
    return (Finding(f"{said}, which is too few to learn well; give a longer --time-limit, {others}", "warning"),)


def keep_findings(folder: Path, run: RunPlan, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Writes all that is worth knowing of a run, what puts it in doubt first, and answers it."""
    known = [*findings, *(Finding(note) for note in run.notes)]
    known.sort(key=lambda finding: finding.severity != "warning")
    write_findings(folder, known)
    return tuple(known)
