"""How fast a network trains here: plain PyTorch, the fast step, and the training loop itself, side by side."""

from __future__ import annotations

import copy
import dataclasses
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from striate.data import open_store
from striate.data.examples import SplitExamples
from striate.deciding.deciding import Deciding
from striate.deciding.early_refusals import draft
from striate.deciding.training_request import TrainingRequest
from striate.encodings import DEFAULT_KIND, named_encoding
from striate.errors import UsageError
from striate.hardware import describe_processor
from striate.models import Network, Row, create_model, model_row
from striate.tasks import DEFAULT_TASK
from striate.text_layout import table, wrapped
from striate.timing import SideBySide, time_side_by_side
from striate.training import (
    Recipe,
    StoppedError,
    Targets,
    TrainingState,
    choose_precision,
    fit,
    prepare_inputs,
)
from striate.training.device import choose_device
from striate.training.memory import hand_back_freed_memory, keep_freed_memory
from striate.training.objectives import OBJECTIVES
from striate.training.precision import autocast
from striate.training.probes import probe_images
from striate.training.recipe import LossConfig
from striate.watching import Watcher
from striate.weights.input_rule import check_side
from striate.wording import plural

STEPS_OF_THE_LOOP = 10
"""Steps that the loop, and the fast step beside it, take in a round: the loop starts anew in each, with no batch prepared."""

EPOCHS_OF_THE_LOOP = 1000
"""More than it takes: the loop shall not come to the end of its schedule."""


@dataclass(frozen=True)
class Measured:
    """One way to train."""

    name: str
    """`"plain"`, `"fast"` or `"loop"`."""
    what: str
    """What it is, for people."""
    pictures_per_second: float
    """Of the median round."""
    peer: str = ""
    """What it is compared with; nothing for the first."""
    ratio: tuple[float, float, float] | None = None
    """How many times as fast as the peer: median, smallest and largest over the rounds."""


@dataclass(frozen=True)
class TrainingBenchmark:
    """How fast a network trains in several ways, measured in turns in one process."""

    model: str
    batch_size: int
    size: tuple[int, int]
    """(height, width) of the network's input in pixels."""
    device: str
    """The processor's name and its threads, or the GPU's name."""
    versions: str
    rounds: int
    precision: str
    """Of the fast step and of the loop."""
    why: str
    """Why that precision."""
    ways: tuple[Measured, ...]

    def to_dict(self) -> dict[str, Any]:
        """All as JSON types."""
        return asdict(self)

    def to_text(self, *, width: int | None = None) -> str:
        """What was measured where, and a row a way to train."""
        heads, rows = self._table()
        lines = table(heads, rows, left=heads[2:], width=width)
        return "\n".join([*wrapped("\n".join(self._circumstances()), width), "", *lines])

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        said = map(notebook.text, self._circumstances())
        return notebook.block("Speed of training", *said, notebook.table(*self._table()))

    def _circumstances(self) -> list[str]:
        (height, across), rounds = self.size, plural(self.rounds, "round")
        return [
            f"{self.model}, {self.batch_size} pictures of {height} x {across} a step, {rounds} in turns",
            f"{self.device}; {self.versions}",
            f"{self.precision}: {self.why}",
        ]

    def _table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        rows: list[tuple[str, ...]] = []
        for way in self.ways:
            ratio = ""
            if way.ratio is not None:
                median, low, high = way.ratio
                ratio = f"{median:.2f} ({low:.2f} to {high:.2f}) x {way.peer}"
            rows.append((way.name, f"{way.pictures_per_second:,.1f}", ratio, way.what))
        return ("way", "pictures/s", "ratio (smallest to largest)", "what"), rows


def bench_training(
    model: str = "resnet18",
    *,
    data: str | Path | None = None,
    batch_size: int = 32,
    size: int | None = None,
    rounds: int = 5,
    device: str = "auto",
    watcher: Watcher | None = None,
) -> TrainingBenchmark:
    """Measures forward, backward and step of a network: as plain PyTorch does them, and as `striate.train` does.

    Plain is what training scripts do on a processor unless they are told otherwise: contiguous pictures, fp32, SGD that is not
    fused, freed memory handed back to the system. Fast is channels-last, fused, in bf16 where the device computes it natively and it
    is faster, memory kept. With `data`, the training loop is measured too, as a run has it: pictures from the cache, augmentation,
    gradient clipping, averaging and figures included, beside the fast step on pictures that are ready in memory.

    Args:
        model: A name of `striate.list_models()`.
        data: Pictures to measure the loop on; see `striate.load_data`.
        batch_size: Pictures a step.
        size: Side of the network's input in pixels; by default the network's own.
        rounds: How often each is timed.
        device: `"auto"`, `"cpu"`, `"cuda"` or `"cuda:1"`.
        watcher: Hears how it goes.

    Raises:
        UsageError: If an argument makes no sense.
        DataError: If the data cannot be used.

    Example:
        >>> measured = bench_training("lenet5_dense", batch_size=4, rounds=1, device="cpu")
        >>> [way.name for way in measured.ways]
        ['plain', 'fast']
    """
    watcher = watcher or Watcher()
    for name, value, least in (("batch_size", batch_size, 2), ("rounds", rounds, 1)):
        if value < least:
            raise UsageError(f"{name} must be {least} or more, got {value}")
    check_side(size)
    torch_device = choose_device(device)
    row = model_row(model)
    if row.kind != DEFAULT_KIND:
        raise UsageError(f"{row.name} takes {named_encoding(row.kind).plural}; only networks for pictures are timed")
    examples: SplitExamples | None = None
    recipe, sides = Recipe(model=row.name, batch_size=batch_size), (size, size) if size else row.input_size
    if data is None:
        network = create_model(row.name, num_classes=row.num_classes, in_channels=row.in_channels, seed=0)
    else:
        network, recipe, examples = loop_on(data, row, batch_size, size, watcher)
        sides = examples.preprocessing.size
    network = network.to(torch_device)
    images = probe_images(network, sides, count=batch_size)
    fast = copy.deepcopy(network).to(memory_format=torch.channels_last)
    precision, why = choose_precision(fast, images, OBJECTIVES[recipe.task].probe)
    recipe = dataclasses.replace(recipe, precision=precision)

    work: dict[str, tuple[int, Callable[[], object]]] = {}
    work["plain"] = 1, plain_step(network, images.contiguous())
    if examples is None:
        work["fast"] = 1, fast_step(fast, images, recipe)
    else:
        ready = prepare_inputs(examples, np.arange(batch_size), device=torch_device)
        step = fast_step(fast, ready.images, recipe, ready.targets.labels)
        work["fast"] = STEPS_OF_THE_LOOP, repeated(step, STEPS_OF_THE_LOOP)
        work["loop"] = STEPS_OF_THE_LOOP, loop_steps(copy.deepcopy(fast), examples, recipe, torch_device)
    timing = time_by_step(work, rounds=rounds, device=torch_device, watcher=watcher)
    return TrainingBenchmark(
        model=row.name,
        batch_size=batch_size,
        size=sides,
        device=describe_device(torch_device),
        versions=f"torch {torch.__version__}, Python {platform.python_version()}",
        rounds=rounds,
        precision=precision,
        why=why,
        ways=tuple(measured(name, timing, batch_size, precision) for name in work),
    )


def loop_on(
    data: str | Path, row: Row, batch_size: int, size: int | None, watcher: Watcher
) -> tuple[Network, Recipe, SplitExamples]:
    """What the loop trains, by which recipe, on which pictures: as a run would, but at the network's own size.

    Raises:
        UsageError: There are fewer training pictures than a batch has.
    """
    side = None if draft(row.name).fixed_size else size or row.input_size[0]
    request = TrainingRequest(data=data, model=row.name, batch_size=batch_size, epochs=EPOCHS_OF_THE_LOOP, size=side)
    deciding = Deciding(request, watcher)
    deciding.check_request()
    deciding.read_data()
    if deciding.facts.training_pictures < batch_size:
        raise UsageError(
            f"{deciding.dataset.location} has {deciding.facts.training_pictures} training pictures, fewer than a batch"
        )
    deciding.choose_network()
    deciding.choose_input()
    store = open_store(deciding.dataset, deciding.preprocessing, progress=watcher.task)
    examples = SplitExamples.of(deciding.dataset, store, deciding.preprocessing, "train")
    return deciding.network, deciding.recipe, examples


def plain_step(network: Network, images: Tensor) -> Callable[[], None]:
    """A step as training scripts take it by default."""
    network = network.to(memory_format=torch.contiguous_format).train()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)

    def step() -> None:
        hand_back_freed_memory()
        optimizer.zero_grad()
        OBJECTIVES[DEFAULT_TASK].probe(network(images)).backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return step


def fast_step(network: Network, images: Tensor, recipe: Recipe, labels: Tensor | None = None) -> Callable[[], None]:
    """The least that a step can be: channels-last, fused, in the recipe's precision, and nothing beside it."""
    network.train()
    optimizer = torch.optim.SGD(
        network.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4, nesterov=True, fused=True
    )
    objective = OBJECTIVES[recipe.task]
    plain_loss = objective.loss(LossConfig(label_smoothing=0.0), None)

    def step() -> None:
        keep_freed_memory()
        with autocast(images.device, recipe.precision):
            logits = network(images)
        loss = objective.probe(logits.float()) if labels is None else plain_loss(logits.float(), Targets(labels))
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step


def loop_steps(network: Network, examples: SplitExamples, recipe: Recipe, device: torch.device) -> Callable[[], None]:
    """Some steps of the training loop; it is begun anew each time, and its first batch is waited for."""
    nothing = dataclasses.replace(examples, samples=examples.samples[:0], labels=examples.labels[:0])
    state = TrainingState.begin(network, recipe, total_steps=1_000_000)

    def steps() -> None:
        keep_freed_memory()
        goal = state.step + STEPS_OF_THE_LOOP
        while state.step < goal:
            try:
                next(fit(state, recipe, examples, nothing, device=device, stop=lambda: state.step >= goal))
            except StoppedError:
                return

    return steps


def repeated(step: Callable[[], None], times: int) -> Callable[[], None]:
    """A step, so many times."""

    def steps() -> None:
        for _ in range(times):
            step()

    return steps


def time_by_step(
    work: dict[str, tuple[int, Callable[[], object]]], *, rounds: int, device: torch.device, watcher: Watcher
) -> SideBySide:
    """Seconds a step of each way, in turns.

    Args:
        work: For each way the number of steps that a call takes, and the call.
        rounds: How often each is timed, after once that does not count.
        device: Waited for after each call, if it is a GPU.
        watcher: Told how far it is.
    """
    done = 0

    def counted(call: Callable[[], object]) -> Callable[[], None]:
        def run() -> None:
            nonlocal done
            call()
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            done += 1
            watcher.task("measuring", done, (rounds + 1) * len(work))

        return run

    watcher.task("measuring", 0, (rounds + 1) * len(work))
    timing = time_side_by_side({name: counted(call) for name, (_, call) in work.items()}, rounds=rounds)
    return SideBySide({name: tuple(taken / work[name][0] for taken in timing.seconds[name]) for name in work})


def measured(name: str, timing: SideBySide, batch_size: int, precision: str) -> Measured:
    """A way's figures."""
    speed = batch_size / timing.median(name)
    if name == "plain":
        return Measured(name, "contiguous, fp32, SGD as it comes", speed)
    if name == "fast":
        return Measured(
            name, f"channels-last, {precision}, fused SGD, memory kept", speed, "plain", timing.ratio(name, "plain")
        )
    what = "the training loop with pictures from the cache, augmentation and averaging"
    return Measured(name, what, speed, "fast", timing.ratio(name, "fast"))


def describe_device(device: torch.device) -> str:
    """The processor's name and how many threads torch uses, or the GPU's name."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    return f"{describe_processor()}, {torch.get_num_threads()} threads"
