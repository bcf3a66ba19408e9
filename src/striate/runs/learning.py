"""A run's learning: the head that is fitted, the steps of gradient descent, and what is kept on the disk between them."""

from __future__ import annotations

import errno
import shlex
import shutil
from pathlib import Path
from typing import Any

import torch

from striate.data.examples import AnyExamples, of_pictures
from striate.deciding.run_plan import RunPlan
from striate.errors import Interrupted, TrainingError
from striate.interruption import Signals
from striate.models import Network
from striate.runs.live_report import LiveReport
from striate.runs.tensorboard import tensorboard_events
from striate.training import (
    KeptMaps,
    StepReport,
    StoppedError,
    TimePlan,
    checkpoints,
    fit,
    keep_epoch,
    load_checkpoint,
    save_checkpoint,
)
from striate.training.first_pictures import fit_to_pictures
from striate.training.precision import fast_arithmetic
from striate.training.run_folder import CHECKPOINTS, write_history
from striate.training.state import TrainingState
from striate.transfer.partial_training import PartialTraining, begin_state, choose_inputs, fit_new_head
from striate.watching import Watcher


def learn(
    folder: Path,
    run: RunPlan,
    network: Network,
    splits: tuple[AnyExamples, AnyExamples],
    history: list[dict[str, Any]],
    *,
    plan: TimePlan | None,
    watcher: Watcher,
    live: LiveReport,
    signals: Signals,
) -> tuple[Network, list[dict[str, Any]]]:
    """Fits the head, if the run begins with that, and trains from the last checkpoint, if there is one, to the end.

    Args:
        folder: The run folder.
        run: What was decided.
        network: What learns; after a resume, what the checkpoint is loaded into.
        splits: The training and the validation pictures.
        history: The rows of `metrics.jsonl`.
        plan: The time that there is, if that is limited.
        watcher: Hears how it goes.
        live: The page that shows how it goes.
        signals: What may end it early.

    Returns:
        The network with averaged weights, in evaluation mode, and the rows of all epochs.

    Raises:
        Interrupted: If a signal came; there is a checkpoint then, if a step was taken.
        TrainingError: If the loss is not finite, the disk has no room for a checkpoint, or something frozen changed.
    """
    device = torch.device(run.settings.device)
    partial = PartialTraining.of(network, run.recipe)
    if run.recipe.transfer.kind != "scratch":
        watcher.plan(partial.plan.to_text(watcher.width))
    partial.remember()
    try:
        if run.recipe.fit_head_first and not checkpoints(folder / CHECKPOINTS):
            fit_new_head(partial, of_pictures(splits[0]), device=device, watcher=watcher, stop=signals.stopped)
        learnt = network.eval()
        if run.settings.total_steps:
            state, inputs = begin_or_resume(folder, run, partial, splits, watcher=watcher, signals=signals)
    except StoppedError:
        raise interrupted_before(folder, signals) from None
    if run.settings.total_steps:
        history = [row for row in history if row["epoch"] <= state.epoch]
        take_steps(folder, run, state, inputs, history, plan=plan, watcher=watcher, live=live, signals=signals)
        learnt = state.averaged
    partial.prove(network)
    partial.prove(learnt)
    return learnt, history


def begin_or_resume(
    folder: Path,
    run: RunPlan,
    partial: PartialTraining,
    splits: tuple[AnyExamples, AnyExamples],
    *,
    watcher: Watcher,
    signals: Signals,
) -> tuple[TrainingState, tuple[AnyExamples | KeptMaps, AnyExamples | KeptMaps]]:
    """The state of the last checkpoint, or before the first step; and what the part that learns takes, of both splits."""
    saved = checkpoints(folder / CHECKPOINTS)
    if not saved:
        fit_to_pictures(partial.network, splits[0], run.recipe, torch.device(run.settings.device))
    state = begin_state(partial, total_steps=run.settings.total_steps)
    if saved:
        load_checkpoint(state, saved[-1])
        partial.remember()
    elif run.recipe.fit_head_first:
        save_checkpoint(state, folder / CHECKPOINTS)
    learned, measured, state.after = choose_inputs(
        partial, *splits, device=torch.device(run.settings.device), watcher=watcher, stop=signals.stopped
    )
    return state, (learned, measured)


def take_steps(
    folder: Path,
    run: RunPlan,
    state: TrainingState,
    inputs: tuple[AnyExamples | KeptMaps, AnyExamples | KeptMaps],
    history: list[dict[str, Any]],
    *,
    plan: TimePlan | None,
    watcher: Watcher,
    live: LiveReport,
    signals: Signals,
) -> None:
    """Gradient descent to the end; after every epoch the history, which grows by a row, and a checkpoint are written."""
    check_room(state, folder)

    def keep() -> None:
        keep_epoch(state, folder / CHECKPOINTS, epochs=run.recipe.schedule.epochs, keep=run.recipe.keep_epochs)

    def watch(report: StepReport) -> None:
        watcher.step(report)
        live.step(report)

    if not state.step:
        keep()
    device = torch.device(run.settings.device)
    fork = torch.random.fork_rng(devices=[device] if device.type == "cuda" else [])
    with fork, fast_arithmetic(device), tensorboard_events(folder, asked=run.settings.tensorboard) as record:
        results = fit(
            state, run.recipe, *inputs, device=device, plan=plan, watch=watch, stop=signals.stopped, note=watcher.note
        )
        try:
            for result in results:
                # The row first: one that is ahead of its checkpoint is dropped by a resume, one that is missing stays so.
                history.append(result.to_dict())
                write_history(folder, history)
                keep()
                save_in_any_room(state, folder / CHECKPOINTS)
                live.epoch(history)
                record(result)
                watcher.epoch(result)
        except StoppedError:
            save_checkpoint(state, folder / CHECKPOINTS)
            raise signals.interrupted(
                f"interrupted in epoch {state.epoch + 1}, batch {state.batch}; all is saved: "
                f"go on by: striate train --resume {shlex.quote(str(folder))}"
            ) from None
        except TrainingError as error:
            good = checkpoints(folder / CHECKPOINTS)
            where = f"the last good checkpoint is {good[-1]}" if good else "there is no checkpoint yet"
            raise TrainingError(f"{error}; {where}; try a lower --set optimizer.learning_rate") from error


def check_room(state: TrainingState, folder: Path) -> None:
    """Raises TrainingError before the first step where the disk has no room for a checkpoint: no epoch is learnt in vain.

    Raises:
        TrainingError: There is less room than one takes.
    """
    size = sum(tensor.nbytes for _, tensor in state.tensors())
    if not state.step:  # the optimizer has none yet; it will keep one or two for each of what learns
        kept = 1 if isinstance(state.optimizer, torch.optim.SGD) else 2
        size += kept * sum(parameter.nbytes for parameter in state.network.parameters() if parameter.requires_grad)
    free = shutil.disk_usage(folder).free
    if free < size:
        raise TrainingError(
            f"the disk of {folder} has {free / 1e6:,.1f} MB free, and a checkpoint takes up to {size / 1e6:,.1f} MB; make room, "
            f"then go on by: striate train --resume {shlex.quote(str(folder))}"
        )


def save_in_any_room(state: TrainingState, folder: Path) -> None:
    """Saves a checkpoint; where the disk is full, in the room of the older ones but for the newest.

    Raises:
        OSError: There is no room then either; the newest checkpoint is as it was.
    """
    try:
        save_checkpoint(state, folder)
    except OSError as error:
        older = checkpoints(folder)[:-1]
        if error.errno != errno.ENOSPC or not older:
            raise
        for path in older:
            path.unlink(missing_ok=True)
        save_checkpoint(state, folder)


def interrupted_before(folder: Path, signals: Signals) -> Interrupted:
    """What ends a run that has not taken a step."""
    return signals.interrupted(
        f"interrupted before the first step; go on by: striate train --resume {shlex.quote(str(folder))}"
    )
