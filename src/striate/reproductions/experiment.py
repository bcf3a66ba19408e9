"""Experiments as data: a claim, the arms that are compared, how much is learnt, and what decides."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from striate.errors import StriateError, UnknownNameError, UsageError
from striate.table_reading import read_dataclass

CLAIMS = 80
"""The texts' claims are numbered from 1 to this."""

Form = Literal["quick", "whole"]

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One of the things that are compared."""

    says: str = ""
    """What it is, in words; empty where its name says enough."""
    model: str = ""
    """A row of the catalogue."""
    config: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the row's config that get other values."""
    layers: tuple[str, ...] = ()
    """A network by its layers, in place of a row: see `layer_stack.py`."""
    auxiliary: bool = True
    """Whether the row's auxiliary heads learn too, if there are any."""
    init: str = "paper"
    """How weights are drawn: as `striate create_model` takes it."""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    """What of the recipe is other than in the other arms."""
    data: str = ""
    """Other data than the experiment's."""
    pictures: int = 0
    """Other than the scale's number of training pictures."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What the method asks besides; of `learn`: fields of `Pictures` that are other than the experiment's."""


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """How pictures become the networks' input."""

    side: int = 0
    """They are resized to so many pixels each way; 0: as they are."""
    field: int = 0
    """And stand in a black field of so many pixels each way; 0: in none."""
    grey: bool = False
    mean: tuple[float, ...] = ()
    """What is subtracted from each channel, of the 0..1 range; none: the mean of the training pictures. Three make three channels of
    grey pictures too."""
    std: tuple[float, ...] = ()
    """What each channel is divided by; none: the training pictures' deviation."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How much is done."""

    seeds: int
    minutes: float
    """Of processor time that all of it takes, as measured once."""
    epochs: int = 1
    pictures: int = 0
    """Training pictures, as many of each class, drawn by the seed; 0: all."""
    test_pictures: int = 0
    """The same of test pictures, the same for all seeds; 0: all."""
    gpu: bool = False
    """Whether it is made for a GPU: `minutes` are then of one."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What decides: an estimate, and the range in which a part of the claim holds.

    The estimate is `measure` of the arm `of`; or, with `to`, its difference from that of the arm `to`; or their ratio.
    """

    says: str
    """That part of the claim, as a sentence that is true or false."""
    measure: str
    of: str
    to: str = ""
    ratio: bool = False
    below: float | None = None
    above: float | None = None
    between: tuple[float, ...] = ()
    aside: bool = False
    """Whether it is told and does not count for the verdict on the claim."""

    @property
    def range(self) -> tuple[float, float]:
        """Where it holds; the ends of `below` and `above` are outside."""
        if self.between:
            return self.between[0], self.between[1]
        return (-float("inf"), self.below) if self.below is not None else (self.above or 0.0, float("inf"))


@dataclass(frozen=True, kw_only=True)
class Published:
    """A figure of the paper or text, to stand beside ours."""

    arm: str
    measure: str
    value: float
    where: str
    """The paper's section or table, and what is other than here."""


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A claim and how it is put to the test."""

    name: str
    claim: str
    """In one sentence of our own."""
    claims: tuple[int, ...]
    """Its numbers among the texts' claims."""
    source: str
    """The paper's section or table, or `lesson`."""
    method: str
    """A name of `METHODS`."""
    about: str = ""
    """What is done, and under which condition a verdict holds."""
    data: str = ""
    """A name of `SOURCES`; empty where none is needed."""
    pictures: Pictures = field(default_factory=Pictures)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    """How all arms learn: what is other than in `BASE` of `learning.py`."""
    tests: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Changed test pictures: by the condition's name the tables of an augmentation policy."""
    arms: Mapping[str, Arm]
    quick: Scale
    whole: Scale
    rules: tuple[Rule, ...]
    published: tuple[Published, ...] = ()
    shown: tuple[str, ...]
    """The measures of the table and of the picture, the most important first."""
    across: tuple[str, ...] = ()
    """Of these, those that the most important one is drawn over, an arm a point; none: the picture has a line an arm."""

    def scale(self, form: Form) -> Scale:
        """How much is done in a form."""
        return self.quick if form == "quick" else self.whole

    def cell_digest(self, arm: str, form: Form) -> str:
        """What a result of an arm is known by: it changes with all that decides what is measured, and with nothing else."""
        scale = dataclasses.asdict(dataclasses.replace(self.scale(form), seeds=0, minutes=0.0))
        own = dataclasses.asdict(dataclasses.replace(self.arms[arm], says=""))
        content = [self.method, self.data, self.recipe, self.tests, own, dataclasses.asdict(self.pictures), scale]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


def list_experiments() -> list[str]:
    """The names of all experiments that come with the package, in order.

    Example:
        >>> "googlenet-against-alexnet" in list_experiments()
        True
    """
    files = resources.files("striate.reproductions").joinpath("experiments").iterdir()
    return sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))


def named_experiment(name: str) -> Experiment:
    """The experiment of a name, or of a TOML file of one's own.

    Args:
        name: One of `list_experiments()`, or the path of a `.toml` file.

    Raises:
        UnknownNameError: There is no such experiment; the message offers the closest names.
        UsageError: The file cannot be read, or is no experiment.
    """
    if name.endswith(".toml"):
        try:
            return read_experiment(Path(name).stem, Path(name).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is no UTF-8 text"
            raise UsageError(f"cannot read the experiment {name}: {why}") from error
    known = list_experiments()
    if name not in known:
        raise UnknownNameError("experiment", name, known, hint="(striate reproduce --list shows them all)")
    place = resources.files("striate.reproductions").joinpath("experiments", f"{name}.toml")
    return read_experiment(name, place.read_text(encoding="utf-8"))


def read_experiment(name: str, text: str) -> Experiment:
    """An experiment from the text of its TOML file; what can be known of it without data is checked.

    Raises:
        UsageError: The text is no TOML, a key is unknown or missing, a value makes no sense, or a rule names no arm.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"the experiment {name!r} is not TOML: {error}") from error
    try:
        experiment = read_dataclass(Experiment, {**table, "name": name}, what="experiment")
        _check(experiment)
    except StriateError as error:
        raise UsageError(f"the experiment {name!r} cannot be used: {error}") from error
    return experiment


def _check(experiment: Experiment) -> None:
    _require(_NAME.fullmatch(experiment.name) is not None, "its name", "words of a-z and 0-9 with -", experiment.name)
    _require(bool(experiment.arms), "arms", "one or more", dict(experiment.arms))
    _require(
        all(_NAME.fullmatch(arm.replace("_", "-")) for arm in experiment.arms),
        "the arms' names",
        "words of a-z, 0-9, _ and -",
        list(experiment.arms),
    )
    _require(
        all(1 <= number <= CLAIMS for number in experiment.claims),
        "claims",
        f"numbers in 1..{CLAIMS}",
        list(experiment.claims),
    )
    _require(bool(experiment.rules), "rules", "one or more", [])
    for form, scale in (("quick", experiment.quick), ("whole", experiment.whole)):
        for key in ("seeds", "epochs"):
            _require(getattr(scale, key) >= 1, f"{form}.{key}", "1 or more", getattr(scale, key))
        for key in ("pictures", "test_pictures"):
            _require(getattr(scale, key) >= 0, f"{form}.{key}", "0 or more", getattr(scale, key))
        _require(0 < scale.minutes < float("inf"), f"{form}.minutes", "above 0", scale.minutes)
    for name in experiment.across:
        if name not in experiment.shown[1:]:
            raise UnknownNameError("measure in across", name, experiment.shown[1:])
    for place, rule in enumerate(experiment.rules):
        _check_rule(experiment, rule, f"rules[{place}]")
    for place, row in enumerate(experiment.published):
        if row.arm not in experiment.arms:
            raise UnknownNameError(f"arm in published[{place}]", row.arm, experiment.arms)


def _check_rule(experiment: Experiment, rule: Rule, name: str) -> None:
    for arm in (rule.of, rule.to):
        if arm and arm not in experiment.arms:
            raise UnknownNameError(f"arm in {name}", arm, experiment.arms)
    given = [key for key in ("below", "above") if getattr(rule, key) is not None] + ["between"] * bool(rule.between)
    _require(len(given) == 1, name, "one of below, above and between", given)
    ends = rule.between
    _require(
        not ends or (len(ends) == 2 and ends[0] <= ends[1]),
        f"{name}.between",
        "two numbers, the less first",
        list(ends),
    )
    _require(not rule.ratio or bool(rule.to), name, "an arm `to` that the ratio is to", rule.to)


def _require(holds: bool, name: str, expected: str, value: object) -> None:
    if not holds:
        raise UsageError(f"{name} must be {expected}, got {value!r}")
