"""`striate.train`: labelled pictures in, a run folder with a sealed classifier out."""

from __future__ import annotations

import shlex
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from striate.data import Dataset, load_data, write_split_csv
from striate.data.exclusion import exclude_pictures, write_excluded
from striate.data.loading import kind_of
from striate.data.preparation import reload_data
from striate.deciding.clip_deciding import ClipDeciding
from striate.deciding.decide import decide
from striate.deciding.decided import Decided
from striate.deciding.kind_deciding import KindDeciding
from striate.deciding.run_plan import RunPlan
from striate.deciding.string_deciding import StringDeciding
from striate.deciding.text_deciding import TextDeciding
from striate.deciding.training_request import TrainingRequest
from striate.durable_writing import write_durably
from striate.errors import UsageError
from striate.report import says_ended
from striate.runs.beginning import begin_tournament, go_on, prepare_tournament
from striate.runs.carrying_out import carry_out
from striate.runs.restoring import restore_network
from striate.runs.run import Run
from striate.runs.tournament_record import read_tournament
from striate.runs.tournament_request import check_metric, is_exact
from striate.training.device import with_threads
from striate.training.run_folder import (
    BUNDLE,
    EXCLUDED,
    RECIPE,
    REPORT,
    SPLITS,
    check_output,
    create_run_folder,
    held,
    never_began,
    sweep_run,
)
from striate.watching import Watcher, tell

OF_KIND: Mapping[str, type[KindDeciding]] = {deciding.kind: deciding for deciding in (TextDeciding, ClipDeciding)}
"""How it is decided of what is no picture, by its kind: one network is trained on it, and no tournament held."""


def train(
    data: str | Path | Dataset,
    *,
    model: str | None = None,
    output: str | Path | None = None,
    weights: str | Path | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    transfer: str | None = None,
    init: str | None = None,
    augment: str | Path | None = None,
    balance: str | None = None,
    epochs: int | None = None,
    batch_size: int | str | None = None,
    size: int | None = None,
    seed: int = 0,
    precision: str | None = None,
    device: str = "auto",
    time_limit: str | float | None = None,
    metric: str | None = None,
    abstain: str | None = None,
    task: str | None = None,
    classifier: str | None = None,
    recipe: str | Path | None = None,
    settings: Sequence[str] = (),
    root: str | Path | None = None,
    tensorboard: bool = False,
    vectors: str | Path | None = None,
    quick: bool = False,
    exclude: str | Path | None = None,
    watcher: Watcher | None = None,
) -> Run:
    """Trains a classifier on labelled pictures and seals it; what is not said is chosen from the data, and written down.

    Where nobody says how, a first classifier is made at once and sealed, and better ones take its place until nothing promises more; see
    `docs/anytime.md`. `model`, `transfer` other than `"auto"`, `init`, `epochs`, `batch_size`, `recipe` and `settings` say how: then
    that one network is trained exactly so. What is said of the pictures, the weights and the machine holds for whatever is tried.

    Args:
        data: A folder of class folders, a CSV file, a folder of IDX files, or a built-in name; see `striate.load_data`. What holds
            texts or clips, or tells strings of pictures (`docs/strings.md`), is what one network is trained on; what is said of
            classes of pictures alone is refused there.
        model: A name of `striate.list_models()`; by default chosen from the pictures, for sentences `"textcnn_rand"`, for
            clips `"convlstm"`, for strings `"crnn"`.
        output: The run folder, which must not exist; by default `runs/<data>-<model>`, numbered if that is taken.
        weights: What to start from: `"imagenet"` for the network's published weights, which are downloaded once, or a
            `.safetensors` or `.pth` file.
        mean: What the weights subtract, of the 0..1 range: one number, or one per channel.
        std: What the weights divide by.
        transfer: What learns, where there are weights: `"head"`, `"head:STAGE"` or `"head:STAGE+STAGE"` for a head on earlier stages
            (the network is cut behind them), `"stages:N"` for the last N stages too, `"full"`,
            `"scratch"`, or `"auto"`, which looks at the data, the features and the time. By default `"auto"`, or `"full"`
            where `epochs` are given.
        init: How new weights are drawn: `"paper"`, or a scheme such as `"he_normal"`.
        augment: `"none"`, `"light"`, `"standard"`, `"strong"`, one operation's name, or a TOML file.
        balance: For uneven classes: `"none"`, `"loss"` or `"sampler"`.
        epochs: Passes over the training pictures.
        batch_size: Pictures a step; `"auto"` measures what fits into memory and is fastest.
        size: Side of the network's input in pixels.
        seed: Decides everything random.
        precision: `"fp32"` or `"bf16"`; by default the faster one here.
        device: `"auto"`, `"cpu"`, `"cuda"` or `"cuda:1"`.
        time_limit: Seconds, or text such as `"10m"`, within which all is over, sealed.
        metric: What classifiers are compared by where several are tried: `"accuracy"`, `"balanced_accuracy"`, `"f1_macro"` or
            `"log_loss"`; by default balanced accuracy where classes are uneven, else accuracy (`docs/choosing.md`). Of several labels
            `"mean_average_precision"` (the default), `"accuracy"` or `"log_loss"`.
        abstain: What the sealed classifier shall promise, chosen on validation pictures: `"error=0.01"`, `"coverage=0.9"` and
            `"unfamiliar=0.01"`, as `striate.calibrate` takes them, which can do it later too; a warning where they are too few for it.
        task: What is asked of the pictures: `"single_label"`, or `"multi_label"`, by which a picture has the labels of all class folders
            or lines that it is in (`docs/several-labels.md`); or by the name of the task for strings, that a table's `label` holds
            them; by default what the data tells.
        classifier: `"sigmoid"` tells two classes apart by one number, `"softmax"` by one for each; by default `"softmax"`.
        recipe: A TOML file that overrides the chosen recipe; may be another run's `recipe.toml`, or `lenet5_1998`, as that
            network was trained in its paper.
        settings: Assignments such as `"optimizer.learning_rate=0.1"`, which override everything.
        root: Where the local copy of a built-in set is.
        tensorboard: Whether to write TensorBoard events too.
        vectors: Of words, which a network for sentences begins with: a file as word2vec or GloVe writes it.
        quick: Whether the first classifier is enough.
        exclude: A CSV of pictures to leave out, as `striate check DATA --fix-list FILE.csv` writes it: its column `path`, where the
            column `action` says `exclude`, or every line where there is no such column. The run keeps the list.
        watcher: Hears how it goes.

    Raises:
        UsageError: If something that was asked for makes no sense.
        DataError: If the data cannot be used.
        WeightsError: If the weights cannot be read or do not fit.
        TrainingError: If the loss is not finite.
        Interrupted: If a signal ended the training, after a checkpoint was written; its `kept` is the run's folder where a classifier is
            sealed there already.
    """
    begun, watcher = time.monotonic(), watcher or Watcher()
    if output is not None:
        check_output(Path(output))
    request = TrainingRequest(
        data=_without(data, exclude, root=root, task=task), task=task, classifier=classifier, root=root,
        model=model, weights=weights, vectors=vectors, transfer=transfer, init=init, size=size, mean=mean, std=std,
        augment=augment, balance=balance, epochs=epochs, batch_size=batch_size, precision=precision, seed=seed,
        recipe=recipe, settings=settings, metric=metric, abstain=abstain,
        device=device, time_limit=time_limit, tensorboard=tensorboard,
    )  # fmt: skip
    return _train(request, output, quick=quick, watcher=watcher, begun=begun)


def _train(request: TrainingRequest, output: str | Path | None, *, quick: bool, watcher: Watcher, begun: float) -> Run:
    """One network, where no pictures are given or it was said which, or the best of several ways."""
    data = request.data
    kind = data.kind if isinstance(data, Dataset) else kind_of(data)
    if kind == StringDeciding.kind and request.of_strings:
        return _train_exactly(request, output, watcher=watcher, begun=begun, decide=StringDeciding.decide)
    if kind in OF_KIND:
        return _train_exactly(request, output, watcher=watcher, begun=begun, decide=OF_KIND[kind].decide)
    check_metric(request, quick=quick)
    way = _train_exactly if is_exact(request) else partial(_train_best, quick=quick)
    return way(request, output, watcher=watcher, begun=begun)


def _without(
    data: str | Path | Dataset, exclude: str | Path | None, *, root: str | Path | None, task: str | None
) -> str | Path | Dataset:
    """The data without the pictures of a list, if there is one."""
    if exclude is None:
        return data
    return exclude_pictures(data if isinstance(data, Dataset) else load_data(data, root=root, task=task), exclude)


def _train_best(
    request: TrainingRequest, output: str | Path | None, *, quick: bool, watcher: Watcher, begun: float
) -> Run:
    """The best of several ways, or the first of them."""
    prepared = prepare_tournament(request, watcher=watcher, begun=begun)
    for note in prepared.notes:
        watcher.note(note)
    if prepared.can_compare and not quick:
        return begin_tournament(prepared, output, watcher=watcher, begun=begun)
    return _train_exactly(prepared.first, output, watcher=watcher, begun=begun)


def _train_exactly(
    request: TrainingRequest,
    output: str | Path | None,
    *,
    watcher: Watcher,
    begun: float,
    decide: Callable[..., Decided] = decide,
) -> Run:
    """One network, trained as it was asked for."""
    decided = decide(request, watcher=watcher, begun=begun)
    dataset, plan = decided.dataset, decided.plan
    folder = create_run_folder(output, data_name=dataset.name, model=plan.recipe.model)
    # The recipe last: a folder without one is that of a run that never began, and another may take it.
    write_excluded(dataset, folder / EXCLUDED)
    write_split_csv(dataset, folder / SPLITS)
    write_durably(folder / RECIPE, plan.to_toml().encode())
    with held(folder):
        return carry_out(folder, plan, dataset, decided.network, plan=decided.time_plan, watcher=watcher, begun=begun)


def resume(folder: str | Path, *, watcher: Watcher | None = None) -> Run:
    """Goes on with a run exactly where its last checkpoint is; what was decided is read, not decided again.

    It computes with as many threads as the run was begun with: with them, the same versions of torch and OpenVINO and the same kind of
    processor, it comes to the same bytes. A run that has ended is answered as it is.

    Args:
        folder: The run folder.
        watcher: Hears how it goes.

    Raises:
        UsageError: If the folder is not a run, or another process trains in it.
        DataError: If the pictures are not those of the run any more.
        TrainingError: If no checkpoint can be read.
        Interrupted: If a signal ended the training, after a checkpoint was written.
    """
    begun = time.monotonic()
    folder = Path(folder)
    if not folder.is_dir():
        raise UsageError(f"there is no run {folder}; `striate runs` lists the runs in a folder")
    with held(folder):
        return _go_on(folder, watcher=watcher or Watcher(), begun=begun)


def _go_on(folder: Path, *, watcher: Watcher, begun: float) -> Run:
    if (record := read_tournament(folder)) is not None:
        sweep_run(folder)
        if not record.resumable and says_ended(folder / REPORT):
            return _ended(folder, watcher)
        return go_on(folder, record, watcher=watcher, begun=begun)
    if not (folder / RECIPE).is_file():
        if never_began(folder):
            raise UsageError(
                f"the run {folder} was stopped before it began, and nothing of it is kept; start it anew by: "
                f"striate train DATA --output {shlex.quote(str(folder))}"
            )
        raise UsageError(f"{folder} is not a run: it has no {RECIPE}")
    sweep_run(folder)
    plan = RunPlan.from_toml(folder / RECIPE)
    if (folder / BUNDLE).exists():
        if says_ended(folder / REPORT):
            return _ended(folder, watcher)
        shutil.rmtree(
            folder / BUNDLE
        )  # it ended between the bundle and the report; sealing again gives the same bundle
    settings = plan.settings
    dataset = reload_data(
        settings.data,
        root=settings.root or None,
        table=folder / SPLITS,
        excluded=folder / EXCLUDED,
        classes=plan.classes,
        task=plan.recipe.task,
        watcher=watcher,
    )
    network = restore_network(folder, plan, watcher=watcher)
    if not settings.threads:
        watcher.note(
            "the run does not say with how many threads it was begun: with another number, its last bits differ"
        )
    with with_threads(settings.threads):
        return carry_out(folder, plan, dataset, network, plan=None, watcher=watcher, begun=begun)


def _ended(folder: Path, watcher: Watcher) -> Run:
    """A run that has ended, as it is."""
    watcher.note(f"{folder} has ended already; nothing was left to do")
    run = Run(folder)
    tell([finding for finding in run.findings if finding.severity == "warning"], watcher)
    return run
