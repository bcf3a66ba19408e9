"""Carrying out a run as it was decided: training, sealing, evaluating, reporting."""

from __future__ import annotations

import errno
import shlex
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from striate.bundle import CANARY_FILES, SeenPictures
from striate.choosing import evenly
from striate.data import Dataset, PixelStore, open_store
from striate.data.examples import SplitExamples
from striate.deciding.run_plan import RunPlan
from striate.errors import Interrupted, StriateError, TrainingError
from striate.interruption import Signals, interruptible
from striate.models import Network
from striate.printable_text import printable
from striate.runs.final_report import write_training_report
from striate.runs.live_report import LiveReport, live_report
from striate.runs.run import Run, read_history, write_history
from striate.runs.worth_knowing import judge_run, write_findings
from striate.sealing import judge_calibration, make_canaries
from striate.sealing.seal import Measured, Sealed, seal
from striate.training import (
    EpochResult,
    StepReport,
    StoppedError,
    TimePlan,
    checkpoints,
    fit,
    keep_epoch,
    load_checkpoint,
    save_checkpoint,
)
from striate.training.memory import keep_freed_memory
from striate.training.precision import fast_arithmetic
from striate.training.run_folder import BUNDLE, CHECKPOINTS
from striate.training.state import TrainingState
from striate.transfer.partial_training import PartialTraining, begin_state, choose_inputs, fit_new_head
from striate.watching import Watcher, tell
from striate.wording import plural


def carry_out(
    folder: Path,
    run: RunPlan,
    dataset: Dataset,
    network: Network,
    *,
    plan: TimePlan | None,
    watcher: Watcher,
    begun: float,
) -> Run:
    """Trains from the last checkpoint, if there is one, to the end; seals, evaluates and reports."""
    timings = {"preparing": time.monotonic() - begun}
    keep_freed_memory()
    history = read_history(folder)
    with live_report(folder, run, dataset, history) as live, interruptible() as signals, clear_failures(folder):
        store = open_store(dataset, run.preprocessing, progress=watcher.task)
        if store.note:
            watcher.note(store.note)
        training = SplitExamples.of(dataset, store, run.preprocessing, "train")
        validation = SplitExamples.of(dataset, store, run.preprocessing, "val")
        if not len(validation.labels):
            validation = SplitExamples.of(dataset, store, run.preprocessing, "test")
        timings["pictures"] = time.monotonic() - begun - sum(timings.values())
        device = torch.device(run.settings.device)
        saved = checkpoints(folder / CHECKPOINTS)
        partial = PartialTraining.of(network, run.recipe)
        if run.recipe.transfer.kind != "scratch":
            watcher.plan(partial.plan.to_text(watcher.width))

        def stop() -> bool:
            return signals.received is not None

        partial.remember()
        try:
            if run.recipe.fit_head_first and not saved:
                fit_new_head(partial, training, device=device, watcher=watcher, stop=stop)
        except StoppedError:
            raise interrupted_before(folder, signals) from None
        learnt = network.eval()
        if run.settings.total_steps:
            learnt, history = take_steps(
                folder,
                run,
                partial,
                (training, validation),
                history,
                plan=plan,
                watcher=watcher,
                live=live,
                signals=signals,
            )
        partial.prove(network)
        partial.prove(learnt)
        timings["training"] = time.monotonic() - begun - sum(timings.values())
        watcher.task("sealing", 0, 1)
        live.say("Every epoch is done; the classifier is being sealed and measured.")
        sealed = seal_run(folder, run, dataset, store, learnt)
        watcher.task("sealing", 1, 1)
        timings["sealing"] = time.monotonic() - begun - sum(timings.values())
        few = judge_calibration(sealed.bundle.contract.calibration, len(dataset.indices("val")))
        judged = (*judge_run(run, dataset, history, sealed.measured.scores), *few)
        known = write_findings(folder, run, judged)
        write_training_report(folder, run, dataset, store, sealed, learnt, history, timings, known)
        tell(judged, watcher)
    return Run(folder)


def take_steps(
    folder: Path,
    run: RunPlan,
    partial: PartialTraining,
    splits: tuple[SplitExamples, SplitExamples],
    history: list[dict[str, Any]],
    *,
    plan: TimePlan | None,
    watcher: Watcher,
    live: LiveReport,
    signals: Signals,
) -> tuple[Network, list[dict[str, Any]]]:
    """Gradient descent from the last checkpoint, if there is one, to the end; answers the averaged network and the epochs' figures."""
    device = torch.device(run.settings.device)
    saved = checkpoints(folder / CHECKPOINTS)

    def stop() -> bool:
        return signals.received is not None

    training, validation = splits
    try:
        state = begin_state(partial, total_steps=run.settings.total_steps)
        if saved:
            load_checkpoint(state, saved[-1])
            partial.remember()
        elif run.recipe.fit_head_first:
            save_checkpoint(state, folder / CHECKPOINTS)
        learned, measured, state.after = choose_inputs(
            partial, training, validation, device=device, watcher=watcher, stop=stop
        )
    except StoppedError:
        raise interrupted_before(folder, signals) from None
    history = [row for row in history if row["epoch"] <= state.epoch]
    check_room(state, folder)

    def keep() -> None:
        keep_epoch(state, folder / CHECKPOINTS, epochs=run.recipe.schedule.epochs, keep=run.recipe.keep_epochs)

    if not state.step:
        keep()
    fork = torch.random.fork_rng(devices=[device] if device.type == "cuda" else [])
    with fork, fast_arithmetic(device), events(folder, run) as record:

        def watch(report: StepReport) -> None:
            watcher.step(report)
            live.step(report)

        results = fit(
            state,
            run.recipe,
            learned,
            measured,
            device=device,
            plan=plan,
            watch=watch,
            stop=stop,
            note=watcher.note,
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
            raise Interrupted(
                f"interrupted in epoch {state.epoch + 1}, batch {state.batch}; all is saved: "
                f"go on by: striate train --resume {shlex.quote(str(folder))}",
                signals.received or 2,
            ) from None
        except TrainingError as error:
            good = checkpoints(folder / CHECKPOINTS)
            where = f"the last good checkpoint is {good[-1]}" if good else "there is no checkpoint yet"
            raise TrainingError(f"{error}; {where}; try a lower --set optimizer.learning_rate") from error
    return state.averaged, history


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
    return Interrupted(
        f"interrupted before the first step; go on by: striate train --resume {shlex.quote(str(folder))}",
        signals.received or 2,
    )


def seal_run(folder: Path, run: RunPlan, dataset: Dataset, store: PixelStore, network: Network) -> Sealed:
    """Seals the averaged network of a run, measured on its `val` and `test` splits."""
    splits = []
    for name in ("val", "test"):
        examples = SplitExamples.of(dataset, store, run.preprocessing, name)
        if len(examples.labels):
            fingerprint = dataset.select(examples.samples).fingerprint
            splits.append(Measured(name, examples.labels, examples.pixels, fingerprint))
    shown = SplitExamples.of(dataset, store, run.preprocessing, splits[0].name if splits else "train").samples
    spread = shown[evenly(len(shown), len(CANARY_FILES))]
    trained = dataset.indices("train")
    return seal(
        network,
        folder / BUNDLE,
        model=run.recipe.model,
        classes=dataset.classes,
        preprocessing=run.preprocessing,
        splits=splits,
        canary_pictures=make_canaries([dataset.pictures.read(int(row)) for row in spread], run.preprocessing),
        seen=SeenPictures.of(dataset.checked_facts.digests[trained]),
        data={
            "name": printable(dataset.name),
            "fingerprint": dataset.fingerprint,
            "training_pictures": len(trained),
        },
    )


@contextmanager
def clear_failures(folder: Path) -> Iterator[None]:
    """Turns a full disk and the like into one sentence that says what is kept."""
    try:
        yield
    except OSError as error:
        if isinstance(error, StriateError):
            raise
        kept = checkpoints(folder / CHECKPOINTS)
        ended = len(read_history(folder))
        if kept:
            where = f"the last checkpoint, {kept[-1].name}, is kept"
        elif ended:
            where = f"no checkpoint could be kept, so that what was learnt in {plural(ended, 'epoch')} is lost"
        else:
            where = "no epoch had ended, and no checkpoint is kept"
        raise TrainingError(
            f"{error.strerror or error}: {error.filename2 or error.filename or folder}; {where}; once that is mended, "
            f"go on by: striate train --resume {shlex.quote(str(folder))}"
        ) from error


@contextmanager
def events(folder: Path, run: RunPlan) -> Iterator[Any]:
    """A function that records an epoch's result for TensorBoard, if the run asked for it."""
    if not run.settings.tensorboard:
        yield lambda result: None
        return
    from torch.utils.tensorboard import SummaryWriter  # that it is installed was seen to before the pictures were read

    writer = SummaryWriter(str(folder / "tensorboard"))

    def record(result: EpochResult) -> None:
        figures: Mapping[str, float] = {
            "train/loss": result.train_loss,
            "train/accuracy": result.train_accuracy,
            "val/loss": result.val_loss,
            "val/accuracy": result.val_accuracy,
            "learning_rate": result.learning_rate,
        }
        for name, value in figures.items():
            writer.add_scalar(name, value, result.epoch)

    try:
        yield record
    finally:
        writer.close()
