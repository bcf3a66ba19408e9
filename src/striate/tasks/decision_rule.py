"""When a classifier abstains and what it answers, beyond the most probable class: a rule of single labels, as a contract seals it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from striate.errors import UsageError
from striate.evaluation.familiarity import LEAST_DEVIATION, UsualScores
from striate.wording import percent

MOST_PICTURES = 10**12
MOST_CLASSES_WITH_COSTS = 200
"""A table of costs has the square of it."""
LARGEST_COST = 1e9
LARGEST_DISTANCE = 2.0
"""Of features: 1 less a cosine."""
LARGEST_SCORE = 1e30
MOST_NEIGHBOURS = 100
LONGEST_TARGET = 40


@dataclass(frozen=True)
class LeastSure:
    """How sure it must be of a label to say it."""

    target: str
    """What was promised of new pictures: `"error=0.01"`, the share of wrong answers, or `"coverage=0.9"`, that of pictures answered."""
    least_probability: float
    pictures: int
    """Validation pictures that it was chosen on; of these `answered` got an answer, and `wrong` of those a wrong one."""
    answered: int
    wrong: int

    def promise(self, many: str) -> str:
        """The target in words; what is given is called `many`."""
        what, _, share = self.target.partition("=")
        try:
            said = f"{100 * float(share):g}%"
        except ValueError:  # sealed by another version
            return f"{self.target} of new {many}"
        if what == "error":
            return f"that at most {said} of the answers to new {many} are wrong"
        return f"that at least {said} of new {many} get an answer"

    def check(self, classes: Sequence[str]) -> None:
        """Raises UsageError unless it is what is ever sealed."""
        _check("least_probability", self.least_probability, 0, 1)
        _check("pictures", self.pictures, 1, MOST_PICTURES)
        _check("answered", self.answered, 0, self.pictures)
        _check("wrong", self.wrong, 0, self.answered)
        if not (self.target.isprintable() and len(self.target) <= LONGEST_TARGET):
            raise UsageError(f"expected a target such as error=0.01, got {self.target[:LONGEST_TARGET]!r}")


@dataclass(frozen=True)
class Unfamiliar:
    """How unlike a picture may be to those that were learnt from: `striate.evaluation.familiarity`."""

    share: float
    """Of pictures like those it learnt from, at most this share is taken for unlike."""
    largest: float
    """Standard deviations from what is usual; a picture beyond is unlike."""
    usual: UsualScores
    pictures: int
    """Validation pictures that it was chosen on."""

    def check(self, classes: Sequence[str]) -> None:
        """Raises UsageError unless it is what is ever sealed."""
        _check("share", self.share, 0, 1)
        _check("largest", self.largest, -LARGEST_SCORE, LARGEST_SCORE)
        _check("neighbours", self.usual.neighbours, 1, MOST_NEIGHBOURS)
        _check("distance_mean", self.usual.distance_mean, -1e-6, LARGEST_DISTANCE)
        _check("energy_mean", self.usual.energy_mean, -LARGEST_SCORE, LARGEST_SCORE)
        for name in ("distance_deviation", "energy_deviation"):
            _check(name, getattr(self.usual, name), LEAST_DEVIATION, LARGEST_SCORE)
        _check("pictures", self.pictures, 1, MOST_PICTURES)


@dataclass(frozen=True)
class LabelSets:
    """Which classes are in the set of a picture: those at least so probable, `striate.evaluation.conformal`."""

    coverage: float
    """How often the true class is in it."""
    by_class: bool
    """Whether that was made so for each class by itself."""
    least_probability: Mapping[str, float]
    pictures: int
    """Validation pictures that it was chosen on."""

    def check(self, classes: Sequence[str]) -> None:
        """Raises UsageError unless it is what is ever sealed."""
        _check("coverage", self.coverage, 0, 1)
        _check("pictures", self.pictures, 1, MOST_PICTURES)
        check_names("least_probability", self.least_probability, classes)
        for value in self.least_probability.values():
            _check("least_probability", value, 0, 1)


@dataclass(frozen=True)
class Costs:
    """What each answer costs where each class is true; the answer is the one of least expected cost."""

    table: Mapping[str, Mapping[str, float]]
    """By the true class, then by the answer."""
    abstaining: float | None = None
    """What it costs to give no answer; None: it always answers."""

    def check(self, classes: Sequence[str]) -> None:
        """Raises UsageError unless it is what is ever sealed."""
        if len(classes) > MOST_CLASSES_WITH_COSTS:
            raise UsageError(f"costs are for {MOST_CLASSES_WITH_COSTS} classes at most; there are {len(classes):,}")
        check_names("the rows of the costs", self.table, classes)
        for name, row in self.table.items():
            check_names(f"the costs where {name!r} is true", row, classes)
            for value in row.values():
                _check(f"a cost where {name!r} is true", value, 0, LARGEST_COST)
        if self.abstaining is not None:
            _check("the cost of abstaining", self.abstaining, 0, LARGEST_COST)


@dataclass(frozen=True)
class DecisionRule:
    """All that was sealed; each part may be missing."""

    least_sure: LeastSure | None = None
    unfamiliar: Unfamiliar | None = None
    sets: LabelSets | None = None
    costs: Costs | None = None

    @property
    def abstains(self) -> bool:
        """Whether it can come to no answer."""
        priced = self.costs is not None and self.costs.abstaining is not None
        return self.least_sure is not None or self.unfamiliar is not None or priced

    def check(self, classes: Sequence[str]) -> None:
        """Refuses what no sealing makes.

        Raises:
            UsageError: If a value is outside its range, or a part names other classes.
        """
        parts = [part for part in (self.least_sure, self.unfamiliar, self.sets, self.costs) if part is not None]
        if not parts:
            raise UsageError("a decision rule without any part")
        for part in parts:
            part.check(classes)

    def facts(self, *, many: str = "pictures") -> list[tuple[str, str]]:
        """What is promised, and what it came to on the validation data, for people; what is given is called `many`."""
        said = []
        if (sure := self.least_sure) is not None:
            share = percent(sure.answered / sure.pictures, space="")
            said.append(
                (
                    "abstains",
                    f"below a probability of {sure.least_probability:.4f}, to promise {sure.promise(many)}; of "
                    f"{sure.pictures:,} validation {many} it answers {sure.answered:,} ({share}), {sure.wrong:,} of them wrong",
                )
            )
        if self.unfamiliar is not None:
            share = percent(self.unfamiliar.share, space="")
            said.append(
                (
                    "unfamiliar",
                    f"beyond {self.unfamiliar.largest:.2f} standard deviations from what is usual, to promise that at most {share} of "
                    f"familiar {many} are taken for unfamiliar ones",
                )
            )
        if self.sets is not None:
            least, share = list(self.sets.least_probability.values()), percent(self.sets.coverage, space="")
            span = (
                f"{min(least):.4f}" if min(least) == max(least) else f"{min(least):.4f} to {max(least):.4f}, by class,"
            )
            new = f"the new {many} of each class" if self.sets.by_class else f"new {many}"
            said.append(
                (
                    "sets",
                    f"the classes of a probability of {span} or more: the true one is among them in {share} of {new}",
                )
            )
        if self.costs is not None:
            price = self.costs.abstaining
            none = "it always answers" if price is None else f"abstaining costs {price:g}"
            said.append(("costs", f"the class of least expected cost; {none}"))
        return said

    def to_dict(self) -> dict[str, Any]:
        """The parts that there are, as JSON types."""
        return {name: part for name, part in asdict(self).items() if part is not None}


def check_names(what: str, named: Mapping[str, Any], classes: Sequence[str]) -> None:
    """Raises UsageError unless a table is of the classes, each once."""
    if missing := [name for name in classes if name not in named]:
        raise UsageError(f"{what} lack the class {missing[0]!r}")
    if odd := sorted(named.keys() - set(classes)):
        raise UsageError(f"{what} name {odd[0][:80]!r}, which is no class of the classifier")


def _check(what: str, value: float, low: float, high: float) -> None:
    if not (math.isfinite(value) and low <= value <= high):
        raise UsageError(f"{what} is {value:.6g}; expected {low:g} to {high:g}")
