"""The contract: what a bundle is, what it expects and what it promises, as one JSON file."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from striate.bundle.sealed_answers import (
    MOST_PICTURES,
    check_calibration,
    check_classes,
    check_figures,
    check_thresholds,
)
from striate.bundle.sealed_rule import check_rule
from striate.encodings import DEFAULT_KIND, ENCODINGS, Encoding, named_encoding
from striate.errors import BundleError, UsageError
from striate.pixels import Preprocessing
from striate.table_reading import MOST_SHOWN, read_dataclass, shown
from striate.tasks import DEFAULT_TASK, TASKS, Task, named_task
from striate.tasks.decision_rule import DecisionRule
from striate.wording import network_title

SCHEMA = 2
"""What is written. In schema 1, which is still read, canaries were bound neither to the terms of the number formats nor to one another."""
SCHEMAS = (1, SCHEMA)
ENOUGH_AGREEMENT = 0.995
"""The least share of equal labels with which a faster number format is taken unasked."""

LARGEST_TOLERANCE: Mapping[str, float] = {"fp32": 5e-4, "bf16": 0.1, "fp16": 0.02, "int8": 0.5}
"""Of each number format, the largest share of the logits' range that its canaries may be off by.

Engines sum in different orders: in fp32 1e-6 is usual and 1e-5 seen, and a wrong mean or resampling gives 1e-2 or more. bf16 keeps 8 bits
of a number, 1e-2 is usual in deep networks; fp16 keeps 11. What int8 does is measured when it is made.
"""

FASTEST = 1000.0
"""So many times as fast as fp32 is no number format."""

LARGEST_INPUT = 1 << 24
"""Pixels of a prepared picture, or values of whatever is given: 4,096 x 4,096."""

MOST_SAID = 500
"""Characters of what is wrong with a value, which may be a long one."""

LARGEST_COUNT = 10**15
"""Parameters, or multiply-adds for a picture."""


def canonical_json(value: Any) -> bytes:
    """JSON text that is the same for equal values: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest_of(value: Any) -> str:
    """The SHA-256 of a value's canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


@dataclass(frozen=True)
class Cut:
    """A network cut behind one of its stages: where, and what that saves."""

    head_stages: tuple[str, ...]
    """The stages that the head takes the pooled maps of, in order; `features` is the vector before the whole network's head."""
    parameters: int
    macs: int
    """Multiply-adds for one picture of the bundle's size."""
    whole_parameters: int
    """Those of the whole network with as many classes, and its multiply-adds."""
    whole_macs: int

    def __str__(self) -> str:
        """For people, in one sentence.

        Example:
            >>> print(Cut(("features.13",), 542_528, 100, 2_200_000, 400))
            a head on features.13: 542,528 of 2,200,000 parameters and 25 % of the multiply-adds are left
        """
        return f"a head on {' and '.join(self.head_stages)}: {self.what_is_left}"

    @property
    def what_is_left(self) -> str:
        """Of the whole network."""
        share = self.macs / self.whole_macs * 100
        return f"{self.parameters:,} of {self.whole_parameters:,} parameters and {share:.0f} % of the multiply-adds are left"


@dataclass(frozen=True)
class Architecture:
    """The network, as a row of the catalogue with its free choices."""

    model: str
    num_classes: int
    in_channels: int
    cut: Cut | None = None
    """Where the row's network is cut, and how much smaller that makes it; None: it is whole."""

    @property
    def arguments(self) -> dict[str, Any]:
        """What `striate.models.create_model` builds it by."""
        head_stages = () if self.cut is None else self.cut.head_stages
        return {
            "name": self.model,
            "num_classes": self.num_classes,
            "in_channels": self.in_channels,
            "head_stages": head_stages,
        }

    @property
    def title(self) -> str:
        """What to call it."""
        return network_title(self.model, self.arguments["head_stages"])

    def to_dict(self) -> dict[str, Any]:
        """JSON's types; a whole network has no `cut`, as before there were cut ones."""
        table = dataclasses.asdict(self)
        if self.cut is None:
            del table["cut"]
        else:
            table["cut"]["head_stages"] = list(self.cut.head_stages)
        return table


@dataclass(frozen=True)
class PrecisionTerms:
    """What holds for an engine in one number format."""

    tolerance: float
    """Largest difference of a canary's logit from the sealed one, as a share of the range of the sealed logits."""
    agreement: float | None = None
    """Share of validation pictures on which the engine's label was the trained network's; None if it was not measured."""
    pictures: int = 0
    """How many pictures the agreement was measured on."""
    speed: float | None = None
    """How many times as many pictures a second as in fp32, where the agreement was measured; None if it was not."""

    def agrees(self) -> bool:
        """Whether the engine was seen to give the trained network's label on at least 99.5 % of the pictures."""
        return self.agreement is not None and self.agreement >= ENOUGH_AGREEMENT

    def is_better(self) -> bool:
        """Whether it agrees and was seen to be faster than fp32: then it is taken unasked."""
        return self.agrees() and self.speed is not None and self.speed > 1


@dataclass(frozen=True)
class Contract:
    """All that a bundle says about itself.

    Every field is plain data; class names are in order of the logits, and everything else refers to them by name.
    """

    architecture: Architecture
    classes: tuple[str, ...]
    preprocessing: Encoding
    """How what is given becomes the network's input; pictures, unless the contract has a `kind`."""
    precisions: Mapping[str, PrecisionTerms]
    metrics: Mapping[str, Mapping[str, Any]]
    """Per split: the scores of the sealed engine, and `fingerprint`, the digest of the data they were measured on."""
    data: Mapping[str, Any]
    """The training data: `name`, `fingerprint`, `training_pictures`."""
    versions: Mapping[str, str]
    files: Mapping[str, str]
    """SHA-256 of every other file of the bundle, by its path inside."""
    calibration: Mapping[str, int | float] = dataclasses.field(default_factory=lambda: {"temperature": 1.0})
    """`temperature`, which logits are divided by before the softmax, and `pictures`: how many validation pictures it was fitted on,
    0 or missing where it was not."""
    task: str = DEFAULT_TASK
    """What is asked: a name of `striate.tasks`."""
    thresholds: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """From which probability on each class is named, where a picture may have several; left out where the task has none."""
    schema: int = SCHEMA
    rule: DecisionRule | None = None
    """What it abstains on, and what else it answers than the most probable class; None: nothing was asked for."""

    def __post_init__(self) -> None:
        if self.schema not in SCHEMAS:
            raise BundleError(
                f"the bundle has schema {shown(self.schema)}, this version of Striate reads the schemas {SCHEMAS[0]} and {SCHEMAS[1]}; "
                "use the version that the contract names under 'versions'"
            )
        if self.task not in TASKS:
            raise BundleError(f"the bundle's task is {shown(self.task)}, expected {' or '.join(map(repr, TASKS))}")
        check_classes(self.classes, named_task(self.task), self.architecture.num_classes)
        if self.preprocessing.channels != self.architecture.in_channels:
            raise BundleError(
                f"the contract's preprocessing makes {self.preprocessing.channels} channels, "
                f"its network takes {self.architecture.in_channels}"
            )
        if math.prod(largest := self.preprocessing.largest) > LARGEST_INPUT:
            kind = named_encoding(self.kind)
            raise BundleError(
                f"the contract's preprocessing makes {kind.plural} of {' x '.join(map(str, largest))} {kind.parts}; "
                f"expected at most {LARGEST_INPUT:,} {kind.parts}"
            )

    @property
    def asked(self) -> Task:
        """What is asked, decided by the thresholds of the contract."""
        return named_task(self.task).with_thresholds(self.thresholds, self.classes)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The class of each of the network's logits; of a network that reads lines, at each place."""
        return named_task(self.task).outputs(self.classes)

    @property
    def kind(self) -> str:
        """What is given: a name of `striate.encodings`."""
        return self.preprocessing.kind

    @property
    def picture_preprocessing(self) -> Preprocessing:
        """The preprocessing, where pictures are given.

        Raises:
            UsageError: If something else is.
        """
        if not isinstance(self.preprocessing, Preprocessing):
            plural = named_encoding(self.kind).plural
            raise UsageError(f"the bundle is for {plural}; what is asked for here is possible only of pictures")
        return self.preprocessing

    @property
    def temperature(self) -> float:
        """What logits are divided by before the softmax; 1 where it was not fitted."""
        return float(self.calibration["temperature"])

    @property
    def calibration_pictures(self) -> int:
        """How many validation pictures the temperature was fitted on; 0: it was not."""
        return int(self.calibration.get("pictures", 0))

    @property
    def canary_files(self) -> tuple[str, ...]:
        """The bundle's canaries: all of the encoding's; in schema 1 four, or as many as there were pictures to make them of."""
        files = self.preprocessing.canary_files
        if self.schema == SCHEMA:
            return files
        counts = [scores.get("count") for scores in self.metrics.values()] or [self.data.get("training_pictures")]
        return files[: min(4, counts[0]) if isinstance(counts[0], int) and counts[0] > 0 else 4]

    def to_dict(self) -> dict[str, Any]:
        """The contract as JSON types, with the digest of all of it under `digest`."""
        table = {
            "schema": self.schema,
            "architecture": self.architecture.to_dict(),
            "classes": list(self.classes),
            "task": self.task,
            "preprocessing": self.preprocessing.to_dict(),
            "calibration": dict(self.calibration),
            "metrics": dict(self.metrics),
            "data": dict(self.data),
            "precisions": {name: dataclasses.asdict(terms) for name, terms in self.precisions.items()},
            "versions": dict(self.versions),
            "files": dict(self.files),
        }
        table |= {} if self.kind == DEFAULT_KIND else {"kind": self.kind}
        table |= {} if self.rule is None else {"rule": self.rule.to_dict()}
        table |= {"thresholds": dict(self.thresholds)} if self.thresholds else {}
        return table | {"digest": digest_of(table)}

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> Contract:
        """Reads what `to_dict` gives.

        Raises:
            BundleError: If the digest is not that of the rest, or a field is missing, unknown, makes no sense or is outside the range
                of what is ever sealed.
        """
        fields = dict(table)
        digest = fields.pop("digest", None)
        try:
            found = digest_of(fields)
        except (ValueError, TypeError, RecursionError) as error:
            raise BundleError(f"contract.json is not made of JSON's values: {str(error)[:MOST_SAID]}") from error
        if digest != found:
            raise BundleError("contract.json was changed after it was sealed: its digest is not that of its content")
        kind = fields.pop("kind", DEFAULT_KIND)
        if not isinstance(kind, str) or kind not in ENCODINGS:
            raise BundleError(
                f"the bundle is for items of the kind {shown(kind)}, expected {' or '.join(map(repr, ENCODINGS))}"
            )
        free = {"rule", "thresholds"}
        expected = {field.name for field in dataclasses.fields(cls)} - free
        if fields.keys() - free != expected:
            odd = ", ".join(name[:MOST_SHOWN] for name in sorted((fields.keys() - free) ^ expected))
            raise BundleError(f"contract.json does not have the fields it should (missing or unknown: {odd})")
        try:
            preprocessing = _read_preprocessing(kind, fields["preprocessing"])
            contract = read_dataclass(cls, fields | {"preprocessing": preprocessing}, what="contract")
        except UsageError as error:
            raise BundleError(f"contract.json makes no sense: {str(error)[:MOST_SAID]}") from error
        _check_cut(contract.architecture.cut)
        check_calibration(contract.calibration)
        check_rule(contract.rule, contract.classes, contract.task)
        check_thresholds(contract.thresholds, named_task(contract.task), contract.classes)
        if "fp32" not in contract.precisions:
            raise BundleError("the contract states no terms for fp32, which every bundle computes in")
        for name, terms in contract.precisions.items():
            _check_terms(name, terms)
        for split, figures in contract.metrics.items():
            check_figures(split, figures)
        return contract


def _read_preprocessing(kind: str, table: Any) -> Encoding:
    if not isinstance(table, Mapping):
        raise UsageError("preprocessing must be a table")
    try:
        return named_encoding(kind).read(table)
    except (TypeError, OverflowError) as error:  # a list where a name is expected, a number beyond all bounds
        raise UsageError(f"the preprocessing has a value of a wrong kind: {error}") from error


def _check_cut(cut: Cut | None) -> None:
    if cut is None:
        return
    for name, value in dataclasses.asdict(cut).items():
        if name != "head_stages" and not 0 < value <= LARGEST_COUNT:
            raise BundleError(
                f"the contract's architecture has {shown(value)} for cut.{name}; expected 1 to {LARGEST_COUNT:,}"
            )


def _check_terms(precision: str, terms: PrecisionTerms) -> None:
    """Raises BundleError if what holds in a number format is not what any sealing states."""
    if precision not in LARGEST_TOLERANCE:
        raise BundleError(f"the contract has terms for {shown(precision)}; expected {', '.join(LARGEST_TOLERANCE)}")
    largest = LARGEST_TOLERANCE[precision]
    if not 0 < terms.tolerance <= largest:
        raise BundleError(
            f"the contract's tolerance for {precision} is {terms.tolerance:.3g}; expected above 0 and at most {largest:g}"
        )
    if terms.agreement is not None and not 0 <= terms.agreement <= 1:
        raise BundleError(f"the contract's agreement in {precision} is {terms.agreement:.3g}; expected 0 to 1")
    if not 0 <= terms.pictures <= MOST_PICTURES or (terms.pictures == 0) != (terms.agreement is None):
        raise BundleError(
            f"the contract's agreement in {precision} was measured on {shown(terms.pictures)} pictures; "
            "expected at least 1 where it is stated, and 0 where it is not"
        )
    if terms.speed is not None and not 0 < terms.speed <= FASTEST:
        raise BundleError(
            f"the contract says that {precision} is {terms.speed:.3g} times as fast as fp32; "
            f"expected above 0 and at most {FASTEST:,.0f}"
        )
