"""The contract: what a bundle is, what it expects and what it promises, as one JSON file."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from striate.errors import BundleError, UsageError
from striate.pixels import Preprocessing

SCHEMA = 1
ENOUGH_AGREEMENT = 0.995
"""The least share of equal labels with which a faster number format is taken unasked."""
TASK = "single_label"


def canonical_json(value: Any) -> bytes:
    """JSON text that is the same for equal values: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest_of(value: Any) -> str:
    """The SHA-256 of a value's canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


@dataclass(frozen=True)
class Architecture:
    """The network, as a row of the catalogue with its free choices."""

    model: str
    num_classes: int
    in_channels: int


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
    preprocessing: Preprocessing
    precisions: Mapping[str, PrecisionTerms]
    metrics: Mapping[str, Any]
    """Per split: the scores of the sealed engine, and `fingerprint`, the digest of the data they were measured on."""
    data: Mapping[str, Any]
    """The training data: `name`, `fingerprint`, `training_pictures`."""
    versions: Mapping[str, str]
    files: Mapping[str, str]
    """SHA-256 of every other file of the bundle, by its path inside."""
    calibration: Mapping[str, float] = dataclasses.field(default_factory=lambda: {"temperature": 1.0})
    task: str = TASK
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        if self.schema != SCHEMA:
            raise BundleError(
                f"the bundle has schema {self.schema!r}, this version of Striate reads schema {SCHEMA}; "
                "use the version that the contract names under 'versions'"
            )
        if self.task != TASK:
            raise BundleError(f"the bundle's task is {self.task!r}, expected {TASK!r}")
        if len(self.classes) != self.architecture.num_classes or len(set(self.classes)) != len(self.classes):
            raise BundleError(
                f"the contract names {len(self.classes)} classes ({len(set(self.classes))} different ones) "
                f"for a network with {self.architecture.num_classes} outputs"
            )
        if self.preprocessing.channels != self.architecture.in_channels:
            raise BundleError(
                f"the contract's preprocessing makes {self.preprocessing.channels} channels, "
                f"its network takes {self.architecture.in_channels}"
            )

    def to_dict(self) -> dict[str, Any]:
        """The contract as JSON types, with the digest of all of it under `digest`."""
        table = {
            "schema": self.schema,
            "architecture": dataclasses.asdict(self.architecture),
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
        return table | {"digest": digest_of(table)}

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> Contract:
        """Reads what `to_dict` gives.

        Raises:
            BundleError: If the digest is not that of the rest, or a field is missing, unknown or makes no sense.
        """
        fields = dict(table)
        digest = fields.pop("digest", None)
        if digest != digest_of(fields):
            raise BundleError("contract.json was changed after it was sealed: its digest is not that of its content")
        expected = {field.name for field in dataclasses.fields(cls)}
        if fields.keys() != expected:
            odd = ", ".join(sorted(fields.keys() ^ expected))
            raise BundleError(f"contract.json does not have the fields it should (missing or unknown: {odd})")
        try:
            return cls(
                architecture=Architecture(**fields["architecture"]),
                classes=tuple(str(name) for name in fields["classes"]),
                preprocessing=Preprocessing.from_dict(fields["preprocessing"]),
                precisions={name: PrecisionTerms(**terms) for name, terms in fields["precisions"].items()},
                metrics=fields["metrics"],
                data=fields["data"],
                versions=fields["versions"],
                files={str(name): str(value) for name, value in fields["files"].items()},
                calibration=fields["calibration"],
                task=fields["task"],
                schema=fields["schema"],
            )
        except (UsageError, TypeError, ValueError, AttributeError, KeyError) as error:
            raise BundleError(f"contract.json makes no sense: {error}") from error
