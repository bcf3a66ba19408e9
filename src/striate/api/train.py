"""`striate.train`: labelled pictures in, a run folder with a sealed classifier out."""

from __future__ import annotations

import dataclasses
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from striate.api.examples import SplitExamples
from striate.api.interruption import interruptible
from striate.api.planning import plan_time, probe_images, probe_loss
from striate.api.preparation import (
    ask_recipe,
    choose_device,
    data_facts,
    normalisation,
    prepare_data,
    published_preprocessing,
    reload_data,
    start_from,
)
from striate.api.report import write_training_report
from striate.api.run import (
    BUNDLE,
    CHECKPOINTS,
    RECIPE,
    REPORT,
    SPLITS,
    Run,
    check_output,
    create_run_folder,
    read_history,
    write_history,
)
from striate.api.run_plan import RunPlan, RunSettings
from striate.api.seal import Measured, Sealed, make_canaries, seal
from striate.api.starting_weights import are_published, find_weights
from striate.api.watching import Watcher
from striate.bundle import SeenPictures
from striate.data import Dataset, PixelStore, open_store, write_split_csv
from striate.durable_writing import write_durably
from striate.errors import Interrupted, StriateError, TrainingError, UsageError
from striate.models import Network, create_model, model_row
from striate.training import (
    Decision,
    EpochResult,
    Recipe,
    StoppedError,
    TimePlan,
    TrainingState,
    checkpoints,
    choose_model,
    choose_precision,
    choose_preprocessing,
    choose_recipe,
    fit,
    fit_head,
    load_checkpoint,
    merge,
    parse_duration,
    save_checkpoint,
    scratch_warning,
)
from striate.training.batches import batch_sizes
from striate.training.memory import keep_freed_memory


def train(
    data: str | Path | Dataset,
    *,
    model: str | None = None,
    output: str | Path | None = None,
    weights: str | Path | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    size: int | None = None,
    seed: int = 0,
    precision: str | None = None,
    device: str = "auto",
    time_limit: str | float | None = None,
    recipe: str | Path | None = None,
    settings: Sequence[str] = (),
    root: str | Path | None = None,
    tensorboard: bool = False,
    watcher: Watcher | None = None,
) -> Run:
    """Trains a network on labelled pictures and seals it; what is not said is chosen from the data, and written down.

    Args:
        data: A folder of class folders, a CSV file, a folder of IDX files, or a built-in name; see `striate.load_data`.
        model: A name of `striate.list_models()`; by default chosen from the pictures.
        output: The run folder, which must not exist; by default `runs/<data>-<model>`, numbered if that is taken.
        weights: What to start from: `"imagenet"` for the network's published weights, which are downloaded once, or a
            `.safetensors` or `.pth` file.
        mean: What the weights subtract, of the 0..1 range: one number, or one per channel.
        std: What the weights divide by.
        epochs: Passes over the training pictures.
        batch_size: Pictures a step.
        size: Side of the network's input in pixels.
        seed: Decides everything random.
        precision: `"fp32"` or `"bf16"`; by default the faster one here.
        device: `"auto"`, `"cpu"`, `"cuda"` or `"cuda:1"`.
        time_limit: Seconds, or text such as `"10m"`, within which all is over, sealed.
        recipe: A TOML file that overrides the chosen recipe; may be another run's `recipe.toml`.
        settings: Assignments such as `"optimizer.learning_rate=0.1"`, which override everything.
        root: Where the local copy of a built-in set is.
        tensorboard: Whether to write TensorBoard events too.
        watcher: Hears how it goes.

    Raises:
        UsageError: If something that was asked for makes no sense.
        DataError: If the data cannot be used.
        WeightsError: If the weights cannot be read or do not fit.
        TrainingError: If the loss is not finite.
        Interrupted: If a signal ended the training, after a checkpoint was written.
    """
    begun = time.monotonic()
    watcher = watcher or Watcher()
    limit = parse_duration(str(time_limit)) if time_limit is not None else None
    if output is not None:
        check_output(Path(output))
    torch_device = choose_device(device)
    asked = ask_recipe(
        recipe, settings, model=model, epochs=epochs, batch_size=batch_size, seed=seed, precision=precision
    )
    decisions: list[Decision] = []
    if weights is not None and are_published(weights) and "model" not in asked:
        decisions.append(Decision("model", "mobilenet_v2", "it has published weights and trains on a processor"))
        asked["model"] = decisions[-1].value
    starting = find_weights(weights, asked.get("model", ""), watcher=watcher) if weights is not None else None
    weights_file = starting.file if starting is not None else None
    published = starting.published if starting is not None else None

    dataset = prepare_data(data, seed=asked.get("seed", seed), root=root, watcher=watcher)
    facts = data_facts(dataset)
    if "model" not in asked:
        decisions.append(choose_model(facts))
        asked["model"] = decisions[-1].value
    row = model_row(asked["model"])
    channels = 3 if facts.colour else 1
    if weights_file is not None:
        channels = row.in_channels
    chosen, reasons = choose_recipe(facts, row, pretrained=weights_file is not None)
    decisions += reasons
    full = Recipe.from_dict(merge(chosen, asked))
    network = create_model(row.name, num_classes=len(dataset.classes), in_channels=channels, seed=full.seed)
    if starting is not None:
        head_is_new, decision = start_from(network, starting, row)
        decisions.append(decision)
        if head_is_new and isinstance(network.head, nn.Linear) and "fit_head_first" not in asked:
            full = dataclasses.replace(full, fit_head_first=True)
            decisions.append(Decision("head", "fitted first", "a random head would spoil the trained features"))
    if published is not None:
        preprocessing, reasons = published_preprocessing(published, size=None if network.fixed_size else size)
    else:
        preprocessing, reasons = choose_preprocessing(facts, row, network, size=size)
    decisions += reasons
    preprocessing, reason = normalisation(preprocessing, dataset, row, starting, mean=mean, std=std)
    decisions.append(reason)
    if warning := scratch_warning(facts, row, pretrained=weights_file is not None):
        watcher.note(warning)

    network = network.to(torch_device).to(memory_format=torch.channels_last)
    if "precision" not in asked:
        images = probe_images(network, preprocessing.size, count=min(full.batch_size, facts.training_pictures))
        chosen_precision, why = choose_precision(network, images, probe_loss)
        full = dataclasses.replace(full, precision=chosen_precision)
        decisions.append(Decision("precision", chosen_precision, why))
    total_steps = full.schedule.epochs * len(batch_sizes(facts.training_pictures, full.batch_size))
    plan = None
    if limit is not None:
        timed = plan_time(
            begun + limit, network, full, preprocessing, dataset, size_is_free=size is None and not network.fixed_size
        )
        plan, preprocessing, total_steps = timed.plan, timed.preprocessing, min(total_steps, timed.steps)
        decisions += timed.decisions
    run_settings = RunSettings(
        data=dataset.location,
        root=str(Path(root).absolute()) if root is not None else "",
        data_name=dataset.name,
        device=str(torch_device),
        weights=run_weights(weights),
        weights_sha256=weights_file.sha256 if weights_file is not None else "",
        total_steps=total_steps,
        created=datetime.now().astimezone().isoformat(timespec="seconds"),
        tensorboard=tensorboard,
    )
    run_plan = RunPlan(run_settings, full, preprocessing, dataset.classes, tuple(decisions))
    for decision in decisions:
        watcher.decision(decision)
    folder = create_run_folder(output, data_name=dataset.name, model=row.name)
    write_split_csv(dataset, folder / SPLITS)
    write_durably(folder / RECIPE, run_plan.to_toml().encode())
    return carry_out(folder, run_plan, dataset, network, plan=plan, watcher=watcher, begun=begun)


def resume(folder: str | Path, *, watcher: Watcher | None = None) -> Run:
    """Goes on with a run exactly where its last checkpoint is; what was decided is read, not decided again.

    A run that has ended is answered as it is.

    Args:
        folder: The run folder.
        watcher: Hears how it goes.

    Raises:
        UsageError: If the folder is not a run.
        DataError: If the pictures are not those of the run any more.
        TrainingError: If no checkpoint can be read.
        Interrupted: If a signal ended the training, after a checkpoint was written.
    """
    begun = time.monotonic()
    folder, watcher = Path(folder), watcher or Watcher()
    if not (folder / RECIPE).is_file():
        raise UsageError(f"{folder} is not a run: it has no {RECIPE}")
    plan = RunPlan.from_toml(folder / RECIPE)
    if (folder / BUNDLE).exists():
        if (folder / REPORT).exists():
            watcher.note(f"{folder} has ended already; nothing was left to do")
            return Run(folder)
        shutil.rmtree(
            folder / BUNDLE
        )  # it ended between the bundle and the report; sealing again gives the same bundle
    settings = plan.settings
    dataset = reload_data(folder, plan, watcher)
    network = create_model(
        plan.recipe.model,
        num_classes=len(plan.classes),
        in_channels=plan.preprocessing.channels,
        seed=plan.recipe.seed,
    )
    if settings.weights and not checkpoints(folder / CHECKPOINTS):
        starting = find_weights(settings.weights, plan.recipe.model, watcher=watcher)
        if starting.file.sha256 != settings.weights_sha256:
            raise UsageError(f"{starting.file.path} is not the file that the run was started with; put that one back")
        start_from(network, starting, model_row(plan.recipe.model))
    network = network.to(choose_device(settings.device)).to(memory_format=torch.channels_last)
    return carry_out(folder, plan, dataset, network, plan=None, watcher=watcher, begun=begun)


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
    with interruptible() as signals, clear_failures(folder):
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
        if run.recipe.fit_head_first and not saved:
            try:
                fit_head(
                    network, training, device=device, progress=watcher.task, stop=lambda: signals.received is not None
                )
            except StoppedError:
                raise Interrupted(
                    f"interrupted before the first step; go on by: striate train --resume {folder}",
                    signals.received or 2,
                ) from None
        state = TrainingState.begin(network, run.recipe, total_steps=run.settings.total_steps)
        if saved:
            load_checkpoint(state, saved[-1])
        elif run.recipe.fit_head_first:
            save_checkpoint(state, folder / CHECKPOINTS)
        history = [row for row in read_history(folder) if row["epoch"] <= state.epoch]
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []), events(folder, run) as record:
            results = fit(
                state,
                run.recipe,
                training,
                validation,
                device=device,
                plan=plan,
                watch=watcher.step,
                stop=lambda: signals.received is not None,
            )
            try:
                for result in results:
                    # The row first: one that is ahead of its checkpoint is dropped by a resume, one that is missing stays so.
                    history.append(result.to_dict())
                    write_history(folder, history)
                    save_checkpoint(state, folder / CHECKPOINTS)
                    record(result)
                    watcher.epoch(result)
            except StoppedError:
                save_checkpoint(state, folder / CHECKPOINTS)
                raise Interrupted(
                    f"interrupted in epoch {state.epoch + 1}, batch {state.batch}; all is saved: "
                    f"go on by: striate train --resume {folder}",
                    signals.received or 2,
                ) from None
            except TrainingError as error:
                good = checkpoints(folder / CHECKPOINTS)
                where = f"the last good checkpoint is {good[-1]}" if good else "there is no checkpoint yet"
                raise TrainingError(f"{error}; {where}; try a lower --set optimizer.learning_rate") from error
        timings["training"] = time.monotonic() - begun - sum(timings.values())
        watcher.task("sealing", 0, 1)
        sealed = seal_run(folder, run, dataset, store, state.averaged)
        watcher.task("sealing", 1, 1)
        timings["sealing"] = time.monotonic() - begun - sum(timings.values())
        write_training_report(folder, run, dataset, store, sealed, history, timings)
    return Run(folder)


def run_weights(weights: str | Path | None) -> str:
    """What a run's settings say of the weights that it started from."""
    if weights is None:
        return ""
    return str(weights) if are_published(weights) else str(Path(weights).absolute())


def seal_run(folder: Path, run: RunPlan, dataset: Dataset, store: PixelStore, network: Network) -> Sealed:
    """Seals the averaged network of a run, measured on its `val` and `test` splits."""
    splits = []
    for name in ("val", "test"):
        examples = SplitExamples.of(dataset, store, run.preprocessing, name)
        if len(examples.labels):
            fingerprint = dataset.select(examples.samples).fingerprint
            splits.append(Measured(name, examples.labels, examples.pixels, fingerprint))
    shown = SplitExamples.of(dataset, store, run.preprocessing, splits[0].name if splits else "train").samples
    spread = shown[np.linspace(0, len(shown) - 1, min(4, len(shown))).astype(int)]
    trained = dataset.indices("train")
    return seal(
        network,
        folder / BUNDLE,
        model=run.recipe.model,
        classes=dataset.classes,
        preprocessing=run.preprocessing,
        splits=splits,
        canary_pictures=make_canaries([dataset.pictures.read(int(row)) for row in spread]),
        seen=SeenPictures.of(dataset.checked_facts.digests[trained]),
        data={
            "name": dataset.name,
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
        where = (
            f"the last checkpoint is kept: go on by: striate train --resume {folder}"
            if kept
            else "nothing was trained yet"
        )
        raise TrainingError(f"{error.strerror or error}: {error.filename or folder}; {where}") from error


@contextmanager
def events(folder: Path, run: RunPlan) -> Iterator[Any]:
    """A function that records an epoch's result for TensorBoard, if the run asked for it."""
    if not run.settings.tensorboard:
        yield lambda result: None
        return
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise UsageError("TensorBoard is not installed; install it with: pip install 'striate[track]'") from error
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
