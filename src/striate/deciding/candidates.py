"""What may be tried for a data set: rows of data, of which a tournament takes those that suit it.

A row that is added here is tried where it suits, in the order of what it is expected to bring for its cost; what it costs follows from
the network's multiply-adds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from striate.data.facts import DataFacts
from striate.deciding.candidate import FROM_SCRATCH, FULL, HEAD, STAGES
from striate.training.defaults import suits_lenet

PHOTOGRAPH = 96
"""Pictures whose shorter side is at least this many pixels show more than thumbnails do."""

FEW = 500
"""With fewer training pictures than this, what learns from scratch has little to learn from."""

MANY = 5_000
"""From so many on, a wide network from scratch has enough to learn from."""

TINY = 32
"""Pixels up to which a picture's shorter side is little more than what a linear classifier sees."""

AGAIN = 0.3
"""Which share of the mistakes is expected to go where what was tried first is tried with classes made even."""

BESIDE_WEIGHTS = 0.5
"""How much of its gain a network from scratch keeps beside trained weights, which most photographs suit better."""

MADE_EVEN: Mapping[str, tuple[str, str]] = {
    "loss": (", classes weighed alike", "every class counts the same, so mistakes in rare ones weigh more"),
    "sampler": (", rare classes shown more often", "every class counts the same, so rare ones are shown more often"),
}
"""What `--balance` has -> what is added to a candidate's name, and why it is tried."""

EARLIER: Mapping[str, str] = {
    "mobilenet_v2": "features.13",
    "efficientnet_b0": "features.5",
    "resnet18": "layer3",
    "resnet50_v1_5": "layer3",
}
"""A stage before the last ones, which are too special for pictures unlike those that the weights were trained on."""

SEVERAL: Mapping[str, str] = {
    "mobilenet_v2": "features.10+features.16+features",
    "efficientnet_b0": "features.5+features.7+features",
    "resnet18": "layer3+layer4+features",
    "resnet50_v1_5": "layer3+layer4+features",
}
"""Stages whose maps tell more together than the last vector alone."""


@dataclass(frozen=True)
class Situation:
    """What is known when candidates are chosen."""

    facts: DataFacts
    validation: int
    """Pictures."""
    weights: Mapping[str, str]
    """Rows of the catalogue that trained weights are there for, the one to begin with first -> what `--weights` says for them."""
    side: int = 0
    """Of the input, where one was asked for; 0: as suits."""
    uneven: bool = False
    """Whether every class is to count the same though some have few pictures, and nobody said how that is made up for."""

    @property
    def first_row(self) -> str:
        """The row with the weights to begin with; empty where there are none."""
        return next(iter(self.weights), "")


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A row: a way to make a classifier, for data that it suits."""

    name: str
    """In people's words, with `{model}`, `{side}`, `{earlier}` and `{several}`."""
    kind: str
    why: str
    model: str = ""
    """A row of the catalogue; empty: the one that trained weights are there for."""
    transfer: str = ""
    """As `--transfer` has it, with `{earlier}` and `{several}`, the stages of `EARLIER` and `SEVERAL`."""
    side: Callable[[DataFacts], int] | None = None
    """Of the input in pixels; None: as suits the pictures and the network."""
    looks: float = 0.0
    """At training pictures, in all epochs; 0: as the recipe has it."""
    fewest_epochs: int = 1
    """With fewer than these it is not worth trying."""
    most_epochs: int = 200
    settings: tuple[str, ...] = ()
    balances: tuple[str, ...] = ("loss",)
    """How it is tried where classes are uneven and each counts the same, as `--balance` has it; elsewhere it is tried once."""
    balance: str = ""
    """How it is tried; empty: as was asked for."""
    gain: float
    """Which share of the mistakes it is expected to take away, 0..1: a guess, by which candidates are put in order."""
    beside_weights: float = 1.0
    """How much of that is left where trained weights are there, 0..1."""
    first: bool = False
    """Whether it may be the first classifier: done soon, and never far from right."""
    suits: Callable[[Situation], bool]


def made_even(row: Proposal, situation: Situation, *, first: bool) -> Iterator[Proposal]:
    """The ways of making up for uneven classes in which a row is tried besides, or the row itself where nothing is to be made up for.

    Args:
        row: One that suits.
        situation: What is known.
        first: Whether it is tried already as it is.
    """
    if not situation.uneven:
        yield from () if first else (row,)
        return
    for how in row.balances:
        if how != "none":
            added, why = MADE_EVEN[how]
            yield replace(row, name=row.name + added, why=why, balance=how, gain=AGAIN if first else row.gain)
        elif not first:
            yield replace(row, balance=how)


def at_most(side: int) -> Callable[[DataFacts], int]:
    """The side of pictures that are not enlarged: a multiple of 8, at least 32.

    Example:
        >>> from striate.data.facts import DataFacts
        >>> [at_most(64)(DataFacts(100, 2, short_side, True)) for short_side in (28, 50, 300)]
        [32, 48, 64]
    """
    return lambda facts: max(32, min(side, facts.short_side // 8 * 8))


def _suits_lenet(situation: Situation) -> bool:
    return suits_lenet(situation.facts)


def _suits_linear(situation: Situation) -> bool:
    return situation.facts.short_side <= TINY and situation.facts.training_pictures <= MANY


def _has_weights(situation: Situation) -> bool:
    return bool(situation.weights) and not situation.facts.drawn


def _photographs(situation: Situation) -> bool:
    return situation.facts.short_side >= PHOTOGRAPH


ROWS: tuple[Proposal, ...] = (
    Proposal(
        name="{model}",
        kind=FROM_SCRATCH,
        why="small grey pictures of ten classes at most are what LeNet-5 was made for",
        model="lenet5",
        balances=("loss", "sampler"),
        gain=1.0,
        first=True,
        suits=_suits_lenet,
    ),
    Proposal(
        name="head on {model}",
        kind=HEAD,
        why="trained weights are there, and a head on what they say of the pictures is fitted at once",
        transfer="head",
        gain=1.0,
        first=True,
        suits=lambda situation: bool(situation.weights),
    ),
    Proposal(
        name="{model} from scratch at {side} px, a first look",
        kind=FROM_SCRATCH,
        why="a small network on small pictures is done soonest",
        model="resnet9_x0_25",
        side=at_most(48),
        looks=18_000,
        fewest_epochs=5,
        most_epochs=20,
        balances=(),
        gain=1.0,
        first=True,
        suits=lambda situation: not situation.weights and not _suits_lenet(situation),
    ),
    Proposal(
        name="{model}",
        kind=FROM_SCRATCH,
        why="a weighted sum of pixels is fitted in seconds",
        model="linear",
        balances=("none", "loss"),
        gain=0.1,
        suits=_suits_linear,
    ),
    Proposal(
        name="head on {earlier} of {model}",
        kind=HEAD,
        why="earlier stages often suit other pictures better, and what comes after them is cut away",
        transfer="head:{earlier}",
        gain=0.25,
        suits=lambda situation: situation.first_row in EARLIER,
    ),
    Proposal(
        name="head on {several} of {model}",
        kind=HEAD,
        why="several stages together tell more than the last one",
        transfer="head:{several}",
        gain=0.35,
        suits=lambda situation: situation.first_row in SEVERAL,
    ),
    Proposal(
        name="last stages of {model}",
        kind=STAGES,
        why="pictures unlike those of the weights want the last stages to learn too",
        transfer="stages:5",
        fewest_epochs=3,
        gain=0.5,
        suits=_has_weights,
    ),
    Proposal(
        name="all of {model}",
        kind=FULL,
        why="with pictures enough everything may learn on, from pictures that grow as it goes",
        transfer="full",
        fewest_epochs=4,
        settings=("resizing.first=0.6",),
        gain=0.45,
        suits=_has_weights,
    ),
    Proposal(
        name="{model} from scratch at {side} px",
        kind=FROM_SCRATCH,
        why="a narrow network takes most steps in the time",
        model="resnet9_x0_25",
        side=at_most(64),
        looks=60_000,
        fewest_epochs=10,
        most_epochs=100,
        balances=("loss", "sampler"),
        gain=0.4,
        beside_weights=BESIDE_WEIGHTS,
        suits=lambda situation: True,
    ),
    Proposal(
        name="{model} from scratch at {side} px",
        kind=FROM_SCRATCH,
        why="fine detail shows on larger pictures only",
        model="resnet9_x0_25",
        side=at_most(96),
        looks=40_000,
        fewest_epochs=10,
        most_epochs=100,
        gain=0.28,
        beside_weights=BESIDE_WEIGHTS,
        suits=lambda situation: _photographs(situation) and not situation.weights,
    ),
    Proposal(
        name="{model} from scratch at {side} px",
        kind=FROM_SCRATCH,
        why="twice as wide, it learns more from the same pictures",
        model="resnet9_x0_5",
        side=at_most(64),
        looks=60_000,
        fewest_epochs=8,
        most_epochs=100,
        gain=0.3,
        beside_weights=BESIDE_WEIGHTS,
        suits=lambda situation: not _suits_lenet(situation) and situation.facts.training_pictures >= FEW,
    ),
    Proposal(
        name="{model} from scratch at {side} px",
        kind=FROM_SCRATCH,
        why="of many small pictures the network of speed records learns most",
        model="airbench94",
        side=at_most(64),
        looks=100_000,
        fewest_epochs=10,
        gain=0.3,
        beside_weights=BESIDE_WEIGHTS,
        suits=lambda situation: situation.facts.small and situation.facts.training_pictures >= MANY,
    ),
)
"""All there are; in a tournament the first that suits comes first, the others by what they promise for their cost."""
