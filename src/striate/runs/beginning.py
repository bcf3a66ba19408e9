"""How a tournament begins, and how one goes on that was stopped."""

from __future__ import annotations

import dataclasses
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import torch

from striate.data import Dataset, write_split_csv
from striate.data.exclusion import write_excluded
from striate.data.preparation import reload_data
from striate.deciding.candidates import Situation
from striate.deciding.deciding import Deciding
from striate.deciding.metric_choice import ASKED_FOR, choose_metric, wants_balance
from striate.deciding.tournament_plan import TournamentPlan, plan_tournament, planned_time
from striate.deciding.training_request import TrainingRequest
from striate.deciding.weights_at_hand import offer_weights, weights_at_hand
from striate.decision import Decision
from striate.errors import StriateError, TrainingError
from striate.evaluation.selection_metrics import check_metric_of
from striate.interruption import interruptible
from striate.row_writing import path_from_text
from striate.runs.run import Run
from striate.runs.tournament import Tournament, time_to_learn
from striate.runs.tournament_record import ENDED, SKIPPED, Entry, TournamentRecord, write_tournament
from striate.runs.tournament_request import asked_of_all, check_weights, request_for
from striate.tasks import DEFAULT_TASK
from striate.training import parse_duration
from striate.training.device import choose_device, with_threads
from striate.training.machine_rate import MachineRate, machine_rate
from striate.training.memory import keep_freed_memory
from striate.training.run_folder import EXCLUDED, SPLITS, create_run_folder, held
from striate.watching import Watcher


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A tournament that can begin."""

    dataset: Dataset
    """Checked, with splits."""
    plan: TournamentPlan
    record: TournamentRecord
    """Before the first candidate."""
    metric: Decision
    """What candidates are compared by."""
    of_data: tuple[str, ...] = ()
    """What is said of the data, which whoever decides a single run says too."""
    of_weights: tuple[str, ...] = ()
    """What is said of trained weights."""

    @property
    def first(self) -> TrainingRequest:
        """What trains the first candidate alone."""
        candidate, limit = self.plan.candidates[0], self.record.limit_seconds
        if limit is not None and len(self.plan.candidates) == 1:
            # As many epochs as its recipe wants, of which it takes the steps that fit: what it was planned with kept time for others.
            candidate = dataclasses.replace(candidate, epochs=0)
        return request_for(
            candidate, self.record.asked, self.dataset, precision=self.record.precision, time_limit=limit
        )

    @property
    def can_compare(self) -> bool:
        """Whether there is more than one candidate, and pictures to compare them by."""
        return not self.why_alone

    @property
    def notes(self) -> tuple[str, ...]:
        """What is said before anything is tried, of trained weights and of what was asked for in vain."""
        if self.can_compare or self.metric.why != ASKED_FOR:
            return self.of_weights
        return (*self.of_weights, f"--metric {self.metric.value} changes nothing: {self.why_alone}")

    @property
    def why_alone(self) -> str:
        """Why the first candidate alone is trained, a sentence; empty where several can be compared."""
        if not len(self.dataset.indices("val")):
            return "there are no validation pictures to compare classifiers by"
        return "" if len(self.plan.candidates) > 1 else "one way alone suits these pictures and the time"


def prepare_tournament(request: TrainingRequest, *, watcher: Watcher, begun: float) -> Prepared:
    """Reads the data, and plans what is tried.

    Args:
        request: What was said; it names no training exactly.
        watcher: Hears how it goes.
        begun: `time.monotonic()` at which the time limit began.

    Raises:
        UsageError: If something that was asked for makes no sense.
        DataError: If the data cannot be used.
        WeightsError: If there is no such file.
    """
    deciding = Deciding(request, quiet := _Quiet(watcher), begun=begun)
    deciding.check_request()
    if request.metric is not None:
        check_metric_of(request.metric, several=deciding.data.task.several)
    deciding.read_data()
    dataset, facts = deciding.dataset, deciding.facts
    weights = weights_at_hand(request, facts)
    metric = choose_metric(dataset, request.metric)
    rate = machine_rate(choose_device(request.device))
    uneven = request.balance is None and wants_balance(dataset, metric.value)
    situation = Situation(facts, len(dataset.indices("val")), weights, side=request.size or 0, uneven=uneven)
    limit = parse_duration(request.time_limit) if request.time_limit is not None else None
    seconds = planned_time(situation) if limit is None else time_to_learn(limit) - (time.monotonic() - begun)
    plan = plan_tournament(situation, rate=rate, seconds=seconds)
    asked = asked_of_all(request, facts, dataset)
    record = dataclasses.replace(
        _record(plan, rate, request, dataset, asked, limit), metric=metric.value, metric_why=metric.why
    )
    return Prepared(dataset, plan, record, metric, tuple(quiet.notes), tuple(offer_weights(request, weights, facts)))


class _Quiet(Watcher):
    """Passes on how far work is, and keeps the notes for later."""

    def __init__(self, watcher: Watcher) -> None:
        self.task = watcher.task  # type: ignore[method-assign]
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        """Kept."""
        self.notes.append(text)


def _record(
    plan: TournamentPlan,
    rate: MachineRate,
    request: TrainingRequest,
    dataset: Dataset,
    asked: dict[str, object],
    limit: float | None,
) -> TournamentRecord:
    tried = [Entry(candidate=candidate) for candidate in plan.candidates]
    skipped = [Entry(candidate=row.candidate, state=SKIPPED, why=row.why) for row in plan.left_out]
    return TournamentRecord(
        begun=datetime.now().astimezone().isoformat(timespec="seconds"),
        planned_seconds=plan.seconds,
        limit_seconds=limit,
        multiply_adds_per_second=rate.photographs.best,
        threads=torch.get_num_threads(),
        precision=request.precision or "",
        asked=asked,
        several=dataset.task.several,
        classes=dataset.classes,
        entries=(*tried, *skipped),
    )


def begin_tournament(prepared: Prepared, output: str | Path | None, *, watcher: Watcher, begun: float) -> Run:
    """Makes the run's folder, writes the plan down, and tries one candidate after the other.

    Raises:
        UsageError: If the folder cannot be made.
        TrainingError: If no candidate could be trained.
        Interrupted: If a signal came.
    """
    for note in prepared.of_data:
        watcher.note(note)
    watcher.decision(prepared.metric)
    folder = create_run_folder(output, data_name=prepared.dataset.name, model="")
    # The record last: a folder without one is that of a run that never began, and another may take it.
    write_excluded(prepared.dataset, folder / EXCLUDED)
    write_split_csv(prepared.dataset, folder / SPLITS)
    write_tournament(folder, prepared.record)
    with held(folder):
        return _hold(folder, prepared.record, prepared.dataset, watcher=watcher, begun=begun)


def go_on(folder: Path, record: TournamentRecord, *, watcher: Watcher, begun: float) -> Run:
    """Goes on with a tournament where it was stopped.

    Raises:
        DataError: If the pictures are not those of the run any more.
        TrainingError: If no candidate could be trained.
        Interrupted: If a signal came.
    """
    if any(entry.state not in ENDED for entry in record.entries):
        check_weights(record.asked)
    root, data = record.asked["root"], path_from_text(record.asked["data"])
    dataset = reload_data(
        data,
        root=None if root is None else path_from_text(root),
        table=folder / SPLITS,
        excluded=folder / EXCLUDED,
        classes=record.classes,
        task=record.asked.get("task", DEFAULT_TASK),
        watcher=watcher,
    )
    with with_threads(record.threads):
        return _hold(folder, record, dataset, watcher=watcher, begun=begun)


def _hold(folder: Path, record: TournamentRecord, dataset: Dataset, *, watcher: Watcher, begun: float) -> Run:
    keep_freed_memory()
    with interruptible() as signals, _clear_failures(folder):
        watcher.tournament(record, folder)
        return Tournament(folder, record, dataset, watcher=watcher, signals=signals, begun=begun).run()


@contextmanager
def _clear_failures(folder: Path) -> Iterator[None]:
    """Turns a full disk and the like into one sentence that says what is kept."""
    try:
        yield
    except OSError as error:
        if isinstance(error, StriateError):
            raise
        raise TrainingError(
            f"{error.strerror or error}: {error.filename2 or error.filename or folder}; what was sealed and the last checkpoint are "
            f"kept; once that is mended, go on by: striate train --resume {shlex.quote(str(folder))}"
        ) from error
