"""`striate.deepen`: the degradation experiment, plain networks against residual ones at two depths."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from striate.data import Dataset
from striate.depth.depth_plan import plan_depth
from striate.depth.depth_result import DepthResult
from striate.depth.experiment import Experiment
from striate.durable_writing import write_durably
from striate.training import parse_duration
from striate.training.memory import keep_freed_memory
from striate.training.run_folder import RECIPE, check_output, create_run_folder
from striate.watching import Watcher


def deepen(
    data: str | Path | Dataset,
    *,
    pair: tuple[str, str] | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    size: int | None = None,
    pictures: int | None = None,
    seed: int = 0,
    precision: str | None = None,
    device: str = "auto",
    time_limit: str | float | None = None,
    settings: Sequence[str] = (),
    root: str | Path | None = None,
    output: str | Path | None = None,
    watcher: Watcher | None = None,
) -> DepthResult:
    """Trains plain and residual networks at two depths with one recipe, and says what depth did to each kind.

    Initial weights come from the same seed; order, augmentation and learning rate are the same for all four, and they take
    turns epoch by epoch, so that whenever it ends they have learnt equally long. The folder holds a picture, `metrics.jsonl`
    (a row a network and epoch), `gradients.jsonl` (the gradient's norm in each layer, before the first step and after each
    epoch) and `recipe.toml`.

    Args:
        data: What `striate.train` takes.
        pair: The shallow and the deep plain network; the residual ones are their twins with shortcuts that have no
            parameters. By default plain20 and plain56 for small pictures, plain18 and plain34 for others.
        epochs: Passes over the training pictures; by default 10, or with a time limit what fits it.
        batch_size: Pictures a step.
        size: Side of the networks' input in pixels; by default that of the pictures, to a multiple of 16.
        pictures: Learn from so many pictures at most, drawn by the seed.
        seed: Decides everything random.
        precision: `"fp32"` or `"bf16"`; by default the faster one here.
        device: `"auto"`, `"cpu"`, `"cuda"` or `"cuda:1"`.
        time_limit: Seconds, or text such as `"10m"`, after which no epoch is begun.
        settings: Assignments such as `"optimizer.learning_rate=0.05"`.
        root: Where the local copy of a built-in set is.
        output: The folder, which must not exist; by default `runs/<data>-deepen`, numbered if that is taken.
        watcher: Hears how it goes.

    Raises:
        UsageError: If something that was asked for makes no sense.
        DataError: If the data cannot be used.
        TrainingError: If a loss is not finite.
        Interrupted: If a signal ended it; the curves so far are kept.

    Source: He et al., "Deep Residual Learning for Image Recognition" (2015), sections 4.1 and 4.2.
    """
    begun = time.monotonic()
    watcher = watcher or Watcher()
    deadline = begun + parse_duration(time_limit) if time_limit is not None else None
    if output is not None:
        check_output(Path(output))
    plan = plan_depth(
        data,
        pair=pair,
        epochs=epochs,
        batch_size=batch_size,
        size=size,
        pictures=pictures,
        seed=seed,
        precision=precision,
        device=device,
        deadline=deadline,
        settings=settings,
        root=root,
        watcher=watcher,
    )
    folder = create_run_folder(output, data_name=plan.dataset.name, model="deepen")
    write_durably(folder / RECIPE, plan.to_toml().encode())
    keep_freed_memory()
    return Experiment(folder, plan, watcher, deadline).carry_out()
