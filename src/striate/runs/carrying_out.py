"""Carrying out a run as it was decided: training, sealing, evaluating, reporting."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from striate.bundle import SeenPictures
from striate.choosing import evenly
from striate.data import Dataset, PixelStore, open_store
from striate.data.examples import AnyExamples, examples_of
from striate.deciding.run_plan import RunPlan
from striate.encodings import named_encoding
from striate.errors import StriateError, TrainingError
from striate.interruption import interruptible
from striate.models import Network
from striate.printable_text import printable
from striate.runs.final_report import write_training_report
from striate.runs.leaked_pictures import judge_leaks
from striate.runs.learning import learn
from striate.runs.live_report import live_report
from striate.runs.run import Run
from striate.runs.worth_knowing import judge_run, judge_sealing, keep_findings
from striate.sealing.measuring import MeasuredSplit
from striate.sealing.ruling import RuleRequest
from striate.sealing.seal import Sealed, seal
from striate.tasks.rule_wish import wish
from striate.training import TimePlan, checkpoints
from striate.training.memory import keep_freed_memory, trim_memory
from striate.training.run_folder import BUNDLE, CHECKPOINTS, read_history
from striate.transfer.frozen_outputs import forget_compiled
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
        watcher.given(named_encoding(dataset.kind).plural)
        store, training, validation = open_examples(dataset, run, watcher)
        timings[dataset.plural] = time.monotonic() - begun - sum(timings.values())
        learnt, history = learn(
            folder,
            run,
            network,
            (training, validation),
            history,
            plan=plan,
            watcher=watcher,
            live=live,
            signals=signals,
        )
        timings["training"] = time.monotonic() - begun - sum(timings.values())
        watcher.task("sealing", 0, 1)
        live.say("Every epoch is done; the classifier is being sealed and measured.")
        sealed = seal_run(folder / BUNDLE, run, dataset, store, learnt)
        watcher.task("sealing", 1, 1)
        timings["sealing"] = time.monotonic() - begun - sum(timings.values())
        few = judge_sealing(sealed, len(dataset.indices("val")))
        judged = (
            *judge_run(run, dataset, history, sealed.measured.scores),
            *judge_leaks(dataset, sealed.measured),
            *few,
        )
        known = keep_findings(folder, run, judged)
        write_training_report(folder, run, dataset, store, sealed, learnt, history, timings, known)
        tell(judged, watcher)
    return Run(folder)


def open_examples(dataset: Dataset, run: RunPlan, watcher: Watcher) -> tuple[PixelStore, AnyExamples, AnyExamples]:
    """The pictures as the network takes them: all of them, those to learn from, and those to measure on between epochs."""
    store = open_store(dataset, run.preprocessing, progress=watcher.task)
    if store.note:
        watcher.note(store.note)
    training, validation, test = (
        examples_of(dataset, store, run.preprocessing, name) for name in ("train", "val", "test")
    )
    return store, training, validation if len(validation.labels) else test


def seal_run(
    bundle: Path,
    run: RunPlan,
    dataset: Dataset,
    store: PixelStore,
    network: Network,
    *,
    measured_on: Sequence[str] = ("val", "test"),
) -> Sealed:
    """Seals the averaged network of a run.

    Args:
        bundle: Where the bundle goes; nothing may be there.
        run: How it was trained.
        dataset: With splits.
        store: Its pictures, as the network takes them.
        network: With averaged weights.
        measured_on: The splits that it is measured on, of which those without pictures are left out.
    """
    # Neither a step nor a pass comes now, and OpenVINO wants some memory.
    forget_compiled()
    trim_memory()
    splits = []
    for name in measured_on:
        examples = examples_of(dataset, store, run.preprocessing, name)
        if len(examples.labels):
            part = dataset.select(examples.samples)
            digests = part.checked_facts.digests
            splits.append(MeasuredSplit(name, examples.labels, examples.pixels, part.fingerprint, digests))
    shown = examples_of(dataset, store, run.preprocessing, splits[0].name if splits else "train").samples
    spread = shown[evenly(len(shown), len(run.preprocessing.canary_files))]
    trained = dataset.indices("train")
    return seal(
        network,
        bundle,
        model=run.recipe.model,
        classes=dataset.classes,
        preprocessing=run.preprocessing,
        splits=splits,
        canary_pictures=run.preprocessing.canaries([dataset.pictures.read(int(row)) for row in spread]),
        seen=SeenPictures.of(dataset.checked_facts.digests[trained]),
        data={
            "name": printable(dataset.name),
            "fingerprint": dataset.fingerprint,
            "training_pictures": len(trained),
        },
        task=dataset.task,
        rule=rule_request(run, dataset, store),
    )


def rule_request(run: RunPlan, dataset: Dataset, store: PixelStore) -> RuleRequest | None:
    """The decision rule that was asked for, with the training pictures that it may keep features of."""
    if not run.settings.abstain:
        return None
    examples = examples_of(dataset, store, run.preprocessing, "train")
    return RuleRequest(wish(run.settings.abstain), MeasuredSplit("train", examples.labels, examples.pixels, ""))


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
