"""What a file of weights does not say, measured on a sample: which of two rows it was trained for, and how large pictures suit it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from striate.deciding.judge import Judge
from striate.models import Network, create_model, model_row
from striate.pixels import Preprocessing
from striate.training import Decision, Recipe
from striate.weights import StartingWeights
from striate.weights.input_rule import resized_in_proportion
from striate.weights.starting_weights import start_from
from striate.wording import percent

CLEARLY = 0.01
"""How much more evidence a picture, in nats, a row's features must give. TensorFlow's MobileNetV2 with its own padding gives
0.03 more than without it, on three data sets."""


MUCH = 0.05
"""The same for larger pictures, which take longer: Imagenette's 160 pixels gain 0.16 at 224, blurred flowers of 128 pixels 0.02 at 192."""


def choose_twin(
    network: Network,
    twins: Sequence[str],
    starting: StartingWeights,
    preprocessing: Preprocessing,
    recipe: Recipe,
    *,
    judge: Judge,
    prepare: Callable[[str, Network], Preprocessing] | None = None,
) -> tuple[Network, Decision | None]:
    """The network, or a twin with the same weights if its features separate the classes clearly better; and why.

    Args:
        network: With the weights.
        twins: Other rows that take them.
        starting: The weights.
        preprocessing: How pictures become its input.
        recipe: The recipe so far; its model is the network's row.
        judge: Says how well features separate the classes.
        prepare: How pictures become the input of a twin of this name; `None`: as the network's.
    """
    best, asked_for = network, judge.score(network, preprocessing, recipe)
    chosen, score = recipe.model, asked_for
    for name in twins:
        twin = create_model(
            name,
            num_classes=network.num_classes,
            in_channels=network.in_channels,
            init=recipe.initialization,
            seed=recipe.seed,
        )
        start_from(twin, starting, model_row(name))
        rule = preprocessing if prepare is None else prepare(name, twin)
        other = judge.score(twin, rule, recipe)
        if other.logme > max(asked_for.logme + CLEARLY, score.logme) and other.accuracy >= asked_for.accuracy:
            best, chosen, score = twin, name, other
    if chosen == recipe.model:
        return network, None
    why = (
        f"these weights fit {chosen} too, which computes otherwise with them (padding, strides), and its features separate "
        f"the classes better: LogME {score.logme:.3f} against {asked_for.logme:.3f}, a head {percent(score.accuracy)} against "
        f"{percent(asked_for.accuracy)}; training keeps {recipe.model} where it is named with --transfer head or another way of learning"
    )
    return best, Decision("model", chosen, why)


def choose_size(
    network: Network,
    preprocessing: Preprocessing,
    larger: int,
    recipe: Recipe,
    *,
    judge: Judge,
) -> tuple[Preprocessing, Decision | None]:
    """The preprocessing, or one that enlarges pictures if features separate the classes much better then; and why.

    Trained weights know things at the size that they saw them in: a head on MobileNetV2's features of Imagenette at 160
    pixels is right in 94.8 %, in 97.5 % at 224. Pictures that hold no more than they show only take longer.

    Args:
        network: With the weights.
        preprocessing: The size that the pictures have.
        larger: Side in pixels that they may be brought to.
        recipe: The recipe so far.
        judge: Says how well features separate the classes.
    """
    side = preprocessing.size[0]
    if larger <= side:
        return preprocessing, None
    enlarged = resized_in_proportion(preprocessing, larger)
    kept, other = (judge.score(network, rule, recipe) for rule in (preprocessing, enlarged))
    if other.logme <= kept.logme + MUCH:
        return preprocessing, None
    why = (
        f"features of enlarged pictures separate the classes better: LogME {other.logme:.3f} against {kept.logme:.3f} at "
        f"{side}, a head {percent(other.accuracy)} against {percent(kept.accuracy)}"
    )
    return enlarged, Decision("input size", f"{larger} x {larger}", why)
