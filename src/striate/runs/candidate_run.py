"""A candidate of a tournament, tried in a folder of its own: learnt, sealed, and measured on the validation pictures alone."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.numpy import load, save

from striate.data import Dataset, PixelStore
from striate.data.examples import SplitExamples, of_pictures
from striate.deciding.decide import decide
from striate.deciding.run_plan import RunPlan
from striate.deciding.training_request import TrainingRequest
from striate.durable_writing import write_durably
from striate.errors import StriateError
from striate.inspection.inspection import inspect_network
from striate.interruption import Signals
from striate.models import Network
from striate.runs.carrying_out import open_examples, seal_run
from striate.runs.learning import learn
from striate.runs.live_report import live_report
from striate.runs.restoring import restore_network
from striate.sealing.seal import Sealed
from striate.training import StoppedError, TimePlan, checkpoints, load_checkpoint
from striate.training.run_folder import BUNDLE, CHECKPOINTS, RECIPE, make_folder, read_history, sweep_run, write_history
from striate.transfer.partial_training import (
    PartialTraining,
    begin_state,
    cross_validate_head,
    keep_for_other_heads,
)
from striate.watching import Watcher

ANSWERS = "validation.safetensors"
"""What a candidate answers to the validation pictures, in its folder: written last, so that it is there when all is."""

UNFINISHED = "unfinished"
"""A folder in a candidate's own: what it had learnt when a signal came, sealed."""

VALIDATION = "val"

FEW_VALIDATION = 200
"""With fewer validation pictures, heads are cross-validated on all pictures but those of the test, to be compared by more."""


@dataclass(frozen=True, eq=False)
class CandidateResult:
    """What a candidate came to."""

    plan: RunPlan
    probabilities: npt.NDArray[np.float32]
    """(n, classes) of the validation pictures, by the sealed engine."""
    labels: npt.NDArray[np.int64]
    """(n,)."""
    multiply_adds: int
    """Of one answer."""
    parameters: int
    out_of_fold: tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]] | None = None
    """Of a head, where validation pictures are few: (m, classes) answers of heads like it to training and validation pictures that they
    were not fitted to, and (m,) the labels; the same pictures for all heads."""


class CandidateWatcher(Watcher):
    """Passes on how a candidate learns; what was decided for it and what is told of it stands in its recipe.

    Args:
        watcher: Who hears of the tournament.
    """

    def __init__(self, watcher: Watcher) -> None:
        self.width = watcher.width
        self.task = watcher.task  # type: ignore[method-assign]
        self.step = watcher.step  # type: ignore[method-assign]
        self.epoch = watcher.epoch  # type: ignore[method-assign]


def try_candidate(
    top: Path,
    folder: Path,
    request: TrainingRequest,
    dataset: Dataset,
    *,
    watcher: Watcher,
    signals: Signals,
    later_heads: Sequence[Sequence[str]] = (),
) -> CandidateResult:
    """Learns and seals a candidate, from where it stopped if it was begun before.

    Args:
        top: The folder of the tournament's run, whose page shows how it goes.
        folder: The candidate's own.
        request: What trains it, where it was not begun before.
        dataset: Checked, with splits.
        watcher: Hears how it goes.
        signals: What may end it early.
        later_heads: The stages of heads on the same network that come later: where this one is a head too, its pass over the pictures
            serves them.

    Raises:
        Interrupted: If a signal came.
        StriateError: If it cannot be trained; another candidate may.
    """
    make_folder(folder, exist_ok=True)
    sweep_run(folder)
    if (folder / ANSWERS).is_file():
        return read_result(folder)
    begun, watcher = time.monotonic(), CandidateWatcher(watcher)
    if (folder / RECIPE).is_file():
        plan, time_plan = RunPlan.from_toml(folder / RECIPE), None
        network = restore_network(folder, plan, watcher=watcher)
    else:
        decided = decide(request, watcher=watcher, begun=begun)
        plan, network, time_plan = decided.plan, decided.network, decided.time_plan
        write_durably(folder / RECIPE, plan.to_toml().encode())
    _learn_and_seal(
        top, folder, plan, dataset, network, time_plan, watcher=watcher, signals=signals, later_heads=later_heads
    )
    return read_result(folder)


def _learn_and_seal(
    top: Path,
    folder: Path,
    plan: RunPlan,
    dataset: Dataset,
    network: Network,
    time_plan: TimePlan | None,
    *,
    watcher: Watcher,
    signals: Signals,
    later_heads: Sequence[Sequence[str]],
) -> None:
    history = read_history(folder)
    with live_report(top, plan, dataset, history) as live:
        store, *examples = open_examples(dataset, plan, watcher)
        learnt, _ = learn(
            folder,
            plan,
            network,
            (examples[0], examples[1]),
            history,
            plan=time_plan,
            watcher=watcher,
            live=live,
            signals=signals,
        )
        watcher.task("sealing", 0, 1)
        sealed = _seal(folder, plan, dataset, store, learnt)
        watcher.task("sealing", 1, 1)
        pictures = [of_pictures(part) for part in examples]
        unseen = _cross_validate(plan, network, (pictures[0], pictures[1]), watcher=watcher, signals=signals)
        if plan.recipe.transfer.kind == "head":
            passed = pictures[:2] if unseen else pictures[:1]
            partial = PartialTraining.of(network, plan.recipe)
            keep_for_other_heads(partial, passed, later_heads, device=torch.device(plan.settings.device))
    _write_answers(folder, plan, sealed, learnt, unseen)


def _seal(folder: Path, plan: RunPlan, dataset: Dataset, store: PixelStore, learnt: Network) -> Sealed:
    shutil.rmtree(folder / BUNDLE, ignore_errors=True)  # it was sealed and not yet measured
    return seal_run(folder / BUNDLE, plan, dataset, store, learnt, measured_on=(VALIDATION,))


def _write_answers(
    folder: Path, plan: RunPlan, sealed: Sealed, learnt: Network, unseen: Mapping[str, npt.NDArray[Any]]
) -> None:
    inspection = inspect_network(learnt, (plan.preprocessing.channels, *plan.picture_preprocessing.size))
    answers = {
        "probabilities": sealed.measured.probabilities[VALIDATION].astype(np.float32),
        "labels": sealed.measured.labels[VALIDATION],
        **unseen,
    }
    known = {
        "multiply_adds": inspection.macs,
        "parameters": sum(parameter.numel() for parameter in learnt.parameters()),
    }
    write_durably(folder / ANSWERS, save(answers, {name: str(value) for name, value in known.items()}))


def _cross_validate(
    plan: RunPlan,
    network: Network,
    splits: tuple[SplitExamples, SplitExamples],
    *,
    watcher: Watcher,
    signals: Signals,
) -> dict[str, npt.NDArray[Any]]:
    """What heads like this one answer to pictures that they were not fitted to; nothing where validation pictures are enough."""
    if plan.recipe.transfer.kind != "head" or len(splits[1].labels) >= FEW_VALIDATION:
        return {}
    partial, device = PartialTraining.of(network, plan.recipe), torch.device(plan.settings.device)
    try:
        labels, chances = cross_validate_head(partial, splits, device=device, watcher=watcher, stop=signals.stopped)
    except StoppedError:
        raise signals.interrupted("interrupted while a head was cross-validated") from None
    return {"out_of_fold": chances, "out_of_fold_labels": labels} if len(labels) else {}


def seal_unfinished(folder: Path, dataset: Dataset, *, watcher: Watcher) -> tuple[CandidateResult, int] | None:
    """Seals what an interrupted candidate has learnt so far, beside its checkpoint, which stays as it is.

    Args:
        folder: The candidate's own.
        dataset: With splits.
        watcher: Hears how it goes.

    Returns:
        What it came to, and the epoch that it was in, from 1; None where it has not taken a step.
    """
    saved = checkpoints(folder / CHECKPOINTS)
    if not saved or not (folder / RECIPE).is_file():
        return None
    plan = RunPlan.from_toml(folder / RECIPE)
    state = begin_state(
        PartialTraining.of(restore_network(folder, plan, watcher=watcher), plan.recipe),
        total_steps=plan.settings.total_steps,
    )
    load_checkpoint(state, saved[-1])
    if not state.step:
        return None
    own = folder / UNFINISHED
    shutil.rmtree(own, ignore_errors=True)
    make_folder(own, exist_ok=True)
    write_durably(own / RECIPE, (folder / RECIPE).read_bytes())
    write_history(own, read_history(folder))
    store, *_ = open_examples(dataset, plan, watcher)
    watcher.task("sealing", 0, 1)
    _write_answers(own, plan, _seal(own, plan, dataset, store, state.averaged), state.averaged, {})
    watcher.task("sealing", 1, 1)
    return read_result(own), state.epoch + 1


def read_result(folder: Path) -> CandidateResult:
    """What a candidate came to that has ended.

    Raises:
        StriateError: If it cannot be read.
    """
    path = folder / ANSWERS
    try:
        content = path.read_bytes()
        arrays = load(content)
        known = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]
        return CandidateResult(
            RunPlan.from_toml(folder / RECIPE),
            arrays["probabilities"],
            arrays["labels"],
            int(known["multiply_adds"]),
            int(known["parameters"]),
            (arrays["out_of_fold"], arrays["out_of_fold_labels"]) if "out_of_fold" in arrays else None,
        )
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise StriateError(f"{path} cannot be read: {error}; delete {folder} to try this candidate anew") from error


def forget_candidate(folder: Path, *, all_of_it: bool) -> None:
    """Removes what a candidate that has ended needs no more: its checkpoints, and its bundle and answers where it has lost for good.

    Args:
        folder: Its own.
        all_of_it: Whether it will not be compared any more.
    """
    shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)
    shutil.rmtree(folder / UNFINISHED, ignore_errors=True)
    if all_of_it:
        (folder / ANSWERS).unlink(missing_ok=True)
        shutil.rmtree(folder / BUNDLE, ignore_errors=True)
