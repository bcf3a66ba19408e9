"""What of a request can be refused before a picture or a weight is read."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from pathlib import Path

from striate.data import Dataset
from striate.data.loading import kind_of
from striate.deciding.time_fit import LEAST_RESERVE
from striate.deciding.training_request import TrainingRequest
from striate.deciding.transfer_choice import TransferWish, check_stages, check_way
from striate.encodings import named_encoding
from striate.errors import UsageError
from striate.evaluation.selection_metrics import check_metric_name
from striate.initialization import drafting
from striate.models import Network, create_model, list_models, model_row
from striate.training import Recipe
from striate.training.curvature import FROM_SCRATCH, check_curvature
from striate.training.step import check_batch
from striate.weights import StartingWeights, load_weights
from striate.weights.input_rule import AskedInput, check_asked, check_least_size, check_only_size
from striate.weights.starting_weights import check_weights


def refuse_early(request: TrainingRequest, wish: TransferWish, *, model: str | None, limit: float | None) -> None:
    """Refuses what cannot be done with any data.

    Args:
        request: What was said.
        wish: What of it is of the transfer.
        model: The network, if it is known already.
        limit: Seconds within which all must be over.

    Raises:
        UsageError: If something that was asked for makes no sense.
        WeightsError: If there is no such file.
    """
    check_asked(AskedInput(request.size, request.mean, request.std))
    if request.metric is not None:
        check_metric_name(request.metric)
    if request.tensorboard and find_spec("tensorboard") is None:
        raise UsageError("TensorBoard is not installed; install it with: pip install 'striate[track]'")
    if limit is not None and limit <= LEAST_RESERVE and wish.kind in ("scratch", "stages", "full"):
        raise UsageError(
            f"the time limit leaves no time to train after {LEAST_RESERVE:.0f} s for sealing and evaluating; give more time"
        )
    if model is not None:
        network = draft(model)
        check_way(wish, network, model)
        check_stages(wish.trainable_stages, network, model)
        check_only_size(network, model, request.size)
        check_least_size(network, request.size)
    if request.weights is not None and wish.kind != "scratch":
        check_weights(request.weights, model or "")


def refuse_other_kind(data: str | Path | Dataset, model: str | None, kind: str) -> None:
    """Refuses data, and a network, of another kind of input than is trained here; few files are looked at.

    Args:
        data: As `striate.train` takes it.
        model: The network, if one was named.
        kind: What is trained on: a name of `striate.encodings`.

    Raises:
        UsageError: One of them is of another.
    """
    given = data.kind if isinstance(data, Dataset) else kind_of(data)
    place = data.location if isinstance(data, Dataset) else data
    here = f"{str(place)!r} holds {named_encoding(given).plural}"
    if given != kind:
        raise UsageError(f"{here}, and what is asked for is possible only of {named_encoding(kind).plural}")
    if model is not None and model_row(model).kind != kind:
        others = ", ".join(list_models(kind, sequential=False)[:5])
        takes = named_encoding(model_row(model).kind).plural
        raise UsageError(f"{model} takes {takes}, and {here}; networks for them: {others}")


def refuse_other_task(request: TrainingRequest, model: str | None, *, sequential: bool) -> None:
    """Refuses strings, and networks that read them, where classes are learnt, and the other way round; few files are looked at.

    Args:
        request: What was said.
        model: The network, if one was named.
        sequential: Whether strings are read.

    Raises:
        UsageError: One of them is of the other.
    """
    place = request.data.location if isinstance(request.data, Dataset) else request.data
    if request.of_strings and not sequential:
        raise UsageError(
            f"{str(place)!r} tells a string of each picture, and what is asked for is possible only of classes of pictures"
        )
    if model is None or model_row(model).sequential == sequential:
        return
    if sequential:
        readers = ", ".join(list_models(model_row(model).kind, sequential=True))
        raise UsageError(
            f"{model} answers once a picture, and {str(place)!r} tells a string of each; what reads strings: {readers}"
        )
    raise UsageError(
        f"{model} reads a string of signs in each picture, and what is asked for is one answer a picture; what pictures say stands "
        "in a table with the columns path and text"
    )


def check_fit(starting: StartingWeights, model: str) -> None:
    """Refuses weights of another network.

    Raises:
        WeightsError: They do not fit.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says that a network without values takes none
        load_weights(draft(model), starting.file.tensors, row=model)


def check_resizing(recipe: Recipe, network: Network) -> None:
    """Refuses pictures that grow where a network takes one size only.

    Raises:
        UsageError: It does.
    """
    if recipe.resizing.active and network.fixed_size:
        height, width = network.input_size
        raise UsageError(
            f"{recipe.model} takes pictures of {height} x {width} pixels only, so they cannot grow while it learns: "
            f"resizing.first must be 1, got {recipe.resizing.first:g}"
        )


def check_descent(recipe: Recipe, network: Network, *, pretrained: bool) -> None:
    """Refuses steps that a network cannot take.

    Raises:
        UsageError: Of one picture with batch norm, or by an optimizer that its layers or its trained weights do not suit.
    """
    check_batch(recipe, network)
    if recipe.optimizer.name == "diagonal_levenberg_marquardt":
        if pretrained:
            raise UsageError(FROM_SCRATCH)
        check_curvature(network)


def check_advisable(model: str) -> None:
    """Refuses a network of which there is nothing to advise.

    Raises:
        UsageError: It has fewer than three stages.
    """
    stages = draft(model).stages
    if len(stages) < 3:
        raise UsageError(
            f"advice compares three stages of a network or more, and {model} has {len(stages)}; take another"
        )


def draft(model: str) -> Network:
    """The network without values, which takes no time."""
    row = model_row(model)
    with drafting():
        return create_model(row.name)
