"""What a training run does, as data: frozen dataclasses that map one to one onto a TOML file."""

from __future__ import annotations

import dataclasses
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import tomli_w

from striate.augmentation import AugmentationPolicy
from striate.errors import UnknownNameError, UsageError
from striate.table_reading import read_dataclass
from striate.tasks import DEFAULT_TASK, named_task

OPTIMIZERS = ("sgd", "adamw", "adadelta", "muon", "diagonal_levenberg_marquardt")
OF_CLASSES = ("cross_entropy", "lenet_mle", "lenet_map")
LOSSES = (*OF_CLASSES, "ctc")
PRECISIONS = ("fp32", "bf16")
TRANSFERS = ("scratch", "head", "stages", "full")
NAMED_RECIPES = ("lenet5_1998",)
"""Recipes that come with the package and are asked for by their names: a paper's own."""
BALANCES = ("none", "loss", "sampler")


def _require(holds: bool, name: str, expected: str, value: object) -> None:
    if not holds:
        raise UsageError(f"{name} must be {expected}, got {value!r}")


@dataclass(frozen=True, kw_only=True)
class OptimizerConfig:
    """How the weights follow the gradient."""

    name: str = "sgd"
    """`"sgd"` (with Nesterov momentum), `"adamw"`, `"adadelta"`; `"muon"`, for convolutions that batch norm follows; or
    `"diagonal_levenberg_marquardt"`, by which LeNet-5 was trained in 1998: a rate of its own for each weight, from the loss's
    curvature there, measured before every epoch."""
    learning_rate: float = 0.05
    """The peak of the schedule."""
    momentum: float = 0.9
    """SGD's momentum, AdamW's beta 1, Adadelta's rho, and Muon's momentum of kernels, which is less than SGD's: 0.6.
    Levenberg-Marquardt has none."""
    weight_decay: float = 5e-4
    """Not applied to normalisation layers and biases."""
    gradient_clip: float = 0.0
    """Largest norm of the whole gradient; 0 is no limit."""
    head_multiplier: float = 1.0
    """The head learns this many times faster than the rest; for a new head on trained weights."""
    bias_multiplier: float = 1.0
    """Biases, and the scales and shifts of normalisation, learn this many times faster than kernels and matrices."""
    damping: float = 0.02
    """What Levenberg-Marquardt adds to the curvature that the rate is divided by; the paper's mu."""

    def __post_init__(self) -> None:
        if self.name not in OPTIMIZERS:
            raise UnknownNameError("optimizer", self.name, OPTIMIZERS)
        _require(0 < self.learning_rate < math.inf, "optimizer.learning_rate", "above 0", self.learning_rate)
        _require(0 <= self.momentum < 1, "optimizer.momentum", "in 0..1", self.momentum)
        _require(0 <= self.weight_decay < math.inf, "optimizer.weight_decay", "0 or more", self.weight_decay)
        _require(0 <= self.gradient_clip < math.inf, "optimizer.gradient_clip", "0 or more", self.gradient_clip)
        _require(0 < self.head_multiplier < math.inf, "optimizer.head_multiplier", "above 0", self.head_multiplier)
        _require(0 < self.bias_multiplier < math.inf, "optimizer.bias_multiplier", "above 0", self.bias_multiplier)
        _require(0 < self.damping < math.inf, "optimizer.damping", "above 0", self.damping)


@dataclass(frozen=True, kw_only=True)
class ScheduleConfig:
    """How long to train and how the learning rate rises and falls: linear warm-up, then a half cosine or stairs."""

    epochs: int = 30
    """Passes over the training pictures."""
    warmup_epochs: float = 1.0
    """The learning rate rises linearly over these epochs, but never over more than a third of the run."""
    final_fraction: float = 0.0
    """What is left of the peak learning rate at the end of the half cosine."""
    stairs: tuple[tuple[float, ...], ...] = ()
    """Where there are any, the rate falls by them and not by the half cosine: pairs of epochs, and the share of the peak that these
    have; the last holds to the end."""

    def __post_init__(self) -> None:
        _require(self.epochs >= 1, "schedule.epochs", "1 or more", self.epochs)
        _require(0 <= self.warmup_epochs < math.inf, "schedule.warmup_epochs", "0 or more", self.warmup_epochs)
        _require(0 <= self.final_fraction <= 1, "schedule.final_fraction", "in 0..1", self.final_fraction)
        for stair in self.stairs:
            holds = len(stair) == 2 and 0 < stair[0] < math.inf and 0 <= stair[1] <= 1
            _require(holds, "each of schedule.stairs", "a pair of epochs, above 0, and a share in 0..1", list(stair))


@dataclass(frozen=True, kw_only=True)
class LossConfig:
    """What is minimised."""

    name: str = "cross_entropy"
    """`"cross_entropy"`, of the softmax or of each sigmoid, as the task has it; LeNet-5's own: `"lenet_mle"` (Eq. 8) and
    `"lenet_map"` (Eq. 9); or of strings `"ctc"`, connectionist temporal classification."""
    label_smoothing: float = 0.1
    """Share of the target that is spread over all classes; for cross-entropy."""
    lenet_j: float = 1.0
    """The j of Eq. 9, to which the paper gives no value."""

    def __post_init__(self) -> None:
        if self.name not in LOSSES:
            raise UnknownNameError("loss", self.name, LOSSES)
        _require(0 <= self.label_smoothing < 1, "loss.label_smoothing", "in 0..1", self.label_smoothing)
        _require(0 < self.lenet_j < math.inf, "loss.lenet_j", "above 0", self.lenet_j)


@dataclass(frozen=True, kw_only=True)
class AveragingConfig:
    """The moving average of the weights, which is what is evaluated and sealed."""

    span: float = 0.05
    """How far the average reaches back, as a share of the run's steps; 0 keeps the last weights alone."""

    def __post_init__(self) -> None:
        _require(0 <= self.span <= 1, "averaging.span", "in 0..1", self.span)


@dataclass(frozen=True, kw_only=True)
class ResizingConfig:
    """Progressive resizing: smaller pictures in the first epochs, whose steps cost less; the default has all of full size."""

    first: float = 1.0
    """The side of pictures at the start of the run, as a share of the full side; 1: always the full size."""
    full_from: float = 0.75
    """Share of the run from which on pictures have their full size; the side rises linearly until then."""

    def __post_init__(self) -> None:
        _require(0.25 <= self.first <= 1, "resizing.first", "in 0.25..1", self.first)
        _require(0 < self.full_from <= 1, "resizing.full_from", "above 0 and at most 1", self.full_from)

    @property
    def active(self) -> bool:
        """Whether any picture is made smaller."""
        return self.first < 1


@dataclass(frozen=True, kw_only=True)
class TransferConfig:
    """What of a network learns, and what it starts from."""

    kind: str = "scratch"
    """`"scratch"`: all, from random weights; from trained weights: `"head"`: the new head alone, fitted to the features;
    `"stages"`: the head, and then the last stages too; `"full"`: the head, and then all."""
    trainable_stages: int = 0
    """How many of the last stages learn, where the kind is `"stages"`."""
    stage_rate: float = 1.0
    """Each stage learns this many times as fast as the next one towards the head."""
    head_stages: tuple[str, ...] = ()
    """Where the kind is `"head"`: the stages whose pooled maps the head takes, and `"features"` for the vector before the
    network's own head; the network is cut behind the last of them. None: that vector, of the whole network."""
    draws: int = 1
    """How many times each picture is passed through what is frozen: once as it is, then with draws of the augmentation."""

    def __post_init__(self) -> None:
        if self.kind not in TRANSFERS:
            raise UnknownNameError("transfer", self.kind, TRANSFERS)
        expected = "1 or more where transfer.kind is 'stages', else 0"
        holds = self.trainable_stages >= 1 if self.kind == "stages" else self.trainable_stages == 0
        _require(holds, "transfer.trainable_stages", expected, self.trainable_stages)
        holds = not self.head_stages or self.kind == "head"
        _require(holds, "transfer.head_stages", "empty unless transfer.kind is 'head'", list(self.head_stages))
        _require(0 < self.stage_rate <= 1, "transfer.stage_rate", "above 0 and at most 1", self.stage_rate)
        _require(self.draws >= 1, "transfer.draws", "1 or more", self.draws)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All that decides what a run learns, besides the data.

    Example:
        >>> Recipe.from_dict({"seed": 3, "optimizer": {"learning_rate": 0.1}}).optimizer.learning_rate
        0.1
    """

    task: str = DEFAULT_TASK
    """What is asked of each picture: a name of `striate.tasks`."""
    model: str = "lenet5"
    """A name of the catalogue."""
    seed: int = 0
    """Decides everything random: splits, initial weights, order, augmentation, dropout."""
    batch_size: int = 64
    """Pictures a step; 1 only for networks without batch norm, which learns nothing from one picture."""
    accumulate: int = 1
    """Parts that a batch is worked in, one after the other, where memory does not hold it whole; the gradient is the batch's."""
    initialization: str = "paper"
    """How new weights are drawn: `"paper"` for the network's own rule, or a name such as `"he_normal"`."""
    balance: str = "none"
    """For uneven classes: `"loss"` weighs rare classes more, `"sampler"` shows them more often."""
    compile: bool = False
    """Whether torch compiles the network; on a GPU."""
    fit_head_first: bool = False
    """Whether a linear head is fitted to the untouched network's features before training; for a new head on trained weights."""
    freeze_statistics: bool = False
    """Whether batch norm keeps the means and variances it came with, in place of each batch's; for trained weights."""
    precision: str = "fp32"
    """`"fp32"`, or `"bf16"` for automatic mixed precision."""
    keep_epochs: int = 0
    """How many epochs' averaged weights are kept, evenly spaced from the start, which is epoch 0, to the last; to look back at."""
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    averaging: AveragingConfig = field(default_factory=AveragingConfig)
    resizing: ResizingConfig = field(default_factory=ResizingConfig)
    transfer: TransferConfig = field(default_factory=TransferConfig)
    augmentation: AugmentationPolicy = field(default_factory=AugmentationPolicy)

    def __post_init__(self) -> None:
        named_task(self.task)
        _require(self.batch_size >= 1, "batch_size", "1 or more", self.batch_size)
        _require(self.accumulate >= 1, "accumulate", "1 or more", self.accumulate)
        _require(self.keep_epochs >= 0, "keep_epochs", "0 or more", self.keep_epochs)
        if self.balance not in BALANCES:
            raise UnknownNameError("balance", self.balance, BALANCES)
        _require(0 <= self.seed < 2**63, "seed", "in 0..2^63-1", self.seed)
        if self.precision not in PRECISIONS:
            raise UnknownNameError("precision", self.precision, PRECISIONS)

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> Recipe:
        """Reads a table such as a TOML file gives; what it does not mention keeps its default.

        Raises:
            UsageError: If a key is unknown, or a value has the wrong type or is out of its range.
        """
        return read_dataclass(cls, table)

    def to_dict(self) -> dict[str, Any]:
        """The recipe as nested tables of plain values."""
        return dataclasses.asdict(self) | {"augmentation": self.augmentation.to_dict()}

    def to_toml(self) -> str:
        """The recipe as the text of a TOML file."""
        return tomli_w.dumps(self.to_dict())


def merge(*tables: Mapping[str, Any]) -> dict[str, Any]:
    """Lays tables over one another, the later over the earlier, table by table.

    Example:
        >>> merge({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"c": 4}})
        {'a': 1, 'b': {'c': 4, 'd': 3}}
    """
    result: dict[str, Any] = {}
    for table in tables:
        for key, value in table.items():
            known = result.get(key)
            result[key] = merge(known, value) if isinstance(known, dict) and isinstance(value, Mapping) else value
    return result


def read_settings(settings: Sequence[str]) -> dict[str, Any]:
    """Reads `--set optimizer.learning_rate=0.1` assignments into nested tables.

    Raises:
        UsageError: If an assignment has no `=` or no key.

    Example:
        >>> read_settings(["optimizer.learning_rate=0.1", "model=lenet5"])
        {'optimizer': {'learning_rate': 0.1}, 'model': 'lenet5'}
    """
    result: dict[str, Any] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        names = key.strip().split(".")
        if not equals or not all(names):
            raise UsageError(f"--set needs KEY=VALUE such as optimizer.learning_rate=0.1, got {setting!r}")
        try:
            value = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            value = text.strip()  # a bare word is a text, so that nobody has to quote quotes in a shell
        table: dict[str, Any] = {names[-1]: value}
        for name in reversed(names[:-1]):
            table = {name: table}
        result = merge(result, table)
    return result


def read_shipped_recipe(name: str) -> dict[str, Any]:
    """A recipe that comes with the package, as a table."""
    text = resources.files("striate.training").joinpath("recipes", f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def read_recipe_table(path: str | Path) -> dict[str, Any]:
    """Reads a recipe as a table, which may leave most keys out.

    Args:
        path: A TOML file, or one of `NAMED_RECIPES`.

    Raises:
        UsageError: If there is no such file or it is not TOML.

    Example:
        >>> read_recipe_table("lenet5_1998")["optimizer"]["name"]
        'diagonal_levenberg_marquardt'
    """
    if str(path) in NAMED_RECIPES:
        return read_shipped_recipe(str(path))
    path = Path(path)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        known = "" if path.suffix else f"; those that have a name: {', '.join(NAMED_RECIPES)}"
        raise UsageError(f"cannot read the recipe {path}: {error.strerror}{known}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not a TOML file: {error}") from error
