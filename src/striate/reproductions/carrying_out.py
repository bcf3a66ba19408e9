"""An experiment carried out: cell by cell, each kept as soon as it is measured."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import torch

from striate.durable_writing import write_durably
from striate.interruption import Signals, interruptible
from striate.reproductions.experiment import Experiment, Form
from striate.reproductions.kept_cells import Cell, describe_machine, read_cell, write_cell
from striate.reproductions.measures import named_measure
from striate.reproductions.methods import Method
from striate.reproductions.reproduction import PICTURE, RESULT, Reproduction
from striate.reproductions.work import Session, Work
from striate.row_writing import json_line
from striate.training import StoppedError
from striate.training.device import choose_device
from striate.training.precision import fast_arithmetic
from striate.watching import Watcher
from striate.wording import duration, plural


def carry_out(
    experiment: Experiment,
    method: Method,
    form: Form,
    *,
    seeds: int,
    folder: Path,
    data: Path | None,
    device: str,
    watcher: Watcher,
) -> Reproduction:
    """Measures every arm with every seed, all arms of a seed before the next one; cells that the folder has are kept.

    Args:
        experiment: What is put to the test.
        method: Its method.
        form: `"quick"` or `"whole"`.
        seeds: How many, from 0.
        folder: Where cells, picture and result go; it may be there.
        data: The folder of local copies of data.
        device: As `striate.train` takes it.
        watcher: Hears how it goes.

    Raises:
        Interrupted: A signal came; what was measured is kept.
        DataError: Data is missing.
    """
    place = choose_device(device)
    cells = [(arm, seed) for seed in range(seeds) for arm in experiment.arms]
    kept = {cell: found for cell in cells if (found := read_cell(folder, *cell, experiment.cell_digest(cell[0], form)))}
    _tell_plan(experiment, form, len(cells), len(kept), seeds, place, watcher)
    with interruptible() as signals, fast_arithmetic(place), torch.random.fork_rng(devices=_cards(place)):
        session = Session(data, place, watcher, signals.stopped)
        for cell in _measured(experiment, method, form, cells, kept, session, signals, folder):
            kept[cell.arm, cell.seed] = cell
    result = Reproduction(folder, experiment, form, tuple(kept[cell] for cell in cells))
    write_durably(folder / PICTURE, result.draw())
    write_durably(folder / RESULT, json_line(result.to_dict()))
    return result


def _measured(
    experiment: Experiment,
    method: Method,
    form: Form,
    cells: list[tuple[str, int]],
    kept: dict[tuple[str, int], Cell],
    session: Session,
    signals: Signals,
    folder: Path,
) -> Iterator[Cell]:
    """The cells that are not kept, in order, each kept before it is answered."""
    machine = describe_machine(str(session.device))
    for number, (arm, seed) in enumerate(cells, start=1):
        if (arm, seed) in kept:
            continue
        begun = time.process_time()
        try:
            if signals.stopped():
                raise StoppedError
            measured = method.measure(Work(experiment, arm, seed, experiment.scale(form), session))
        except StoppedError:
            done = sum(cell in kept for cell in cells)
            raise signals.interrupted(
                f"interrupted; {done} of {plural(len(cells), 'result')} are kept in {folder}: the same command goes on with the others"
            ) from None
        cell = Cell(arm, seed, measured, time.process_time() - begun, machine)
        write_cell(folder, cell, experiment.cell_digest(arm, form))
        main = experiment.shown[0]
        shown = f"{named_measure(main).title} {named_measure(main).text(measured.values[main])}"
        session.watcher.finding(f"{arm}, seed {seed}", shown, f"{number} of {len(cells)}, {duration(cell.seconds)}")
        yield cell


def _tell_plan(
    experiment: Experiment, form: Form, cells: int, kept: int, seeds: int, device: torch.device, watcher: Watcher
) -> None:
    scale = experiment.scale(form)
    share = (cells - kept) / cells * seeds / scale.seeds
    watcher.note(
        f"{experiment.name}, {form}: {plural(len(experiment.arms), 'arm')} with {plural(seeds, 'seed')}, about "
        f"{duration(60 * scale.minutes * share)} of {'a GPU' if scale.gpu else 'processor time'}"
        + (f"; {kept} of {plural(cells, 'result')} are kept" if kept else "")
    )
    if scale.gpu and device.type != "cuda":
        watcher.warning(
            "this form is made for a GPU, and there is none here: it will take many times as long; --quick is for a processor"
        )


def _cards(device: torch.device) -> list[torch.device]:
    return [device] if device.type == "cuda" else []
