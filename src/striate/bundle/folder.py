"""A bundle on the disk: written whole or not at all, and opened only if every file is as it was sealed."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shlex
import shutil
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from striate.bundle.canaries import CanarySheet, read_canaries
from striate.bundle.contract import SCHEMA, Contract, digest_of
from striate.bundle.plain_json import read_json_object
from striate.bundle.sealed_rule import read_bank
from striate.bundle.seen import SeenPictures
from striate.durable_writing import folder_beside
from striate.errors import BundleError, StriateWarning, UsageError, closest
from striate.folder_exchange import Identity, identity_of
from striate.row_writing import json_text
from striate.table_reading import shown
from striate.tasks.doubting import Doubting

CONTRACT = "contract.json"
WEIGHTS = "model.safetensors"
ENGINE = "engine.xml"
ENGINE_WEIGHTS = "engine.bin"
INT8 = "int8.xml"
INT8_WEIGHTS = "int8.bin"
SEEN = "seen.bin"
FAMILIAR = "familiar.safetensors"
RULE_PICTURES = "rule.bin"
CANARIES = "canaries"
CANARY_SHEET = f"{CANARIES}/canaries.json"
LONGEST_NAME = 100
"""Characters of a file's path inside the bundle."""
MOST_SAID = 700
"""Characters of what is wrong with a bundle; values and names that are wrong may be long."""
TRIES = 20
"""So often a bundle is opened anew, because each time another was put in its place meanwhile."""

Made = TypeVar("Made")


@dataclass(frozen=True)
class Bundle:
    """An opened bundle: its files are those that were sealed."""

    folder: Path
    contract: Contract
    canaries: CanarySheet
    digest: str
    """Of the whole contract, and so of every file."""
    identity: Identity | None = None
    """What tells the folder from another that is put in its place later; None: it is not looked at."""

    def check_in_place(self) -> None:
        """Raises BundleError if another bundle has the place by now: what was read since it was opened may be the other's."""
        if self.identity is not None and identity_of(self.folder / CONTRACT) != self.identity:
            raise BundleError(f"{self.folder} holds another bundle than when it was opened; open it anew")

    @property
    def notice(self) -> str:
        """What whoever uses the bundle should know of how it was sealed, or `""`."""
        if self.contract.schema == SCHEMA:
            return ""
        return (
            f"{self.folder} was sealed by an earlier version: its canaries do not try every way of resizing, and nothing binds them to the "
            "tolerances; train or import it anew to have both"
        )

    @property
    def weights_path(self) -> Path:
        """The network's weights."""
        return self.folder / WEIGHTS

    @property
    def engine_path(self) -> Path:
        """The OpenVINO graph; its weights lie beside it."""
        return self.folder / ENGINE

    @property
    def int8_path(self) -> Path | None:
        """The OpenVINO graph in int8, if the bundle has one; its weights lie beside it."""
        return self.folder / INT8 if {INT8, INT8_WEIGHTS} <= self.contract.files.keys() else None

    def canary_path(self, file: str) -> Path:
        """Where a canary's file is."""
        return self.folder / CANARIES / file

    def doubting(self) -> Doubting | None:
        """The decision rule, ready to be asked; None where nothing is sealed.

        Raises:
            BundleError: If the features that it keeps are damaged, or missing.
        """
        rule, bank = self.contract.rule, None
        if rule is not None and rule.unfamiliar is not None:
            if FAMILIAR not in self.contract.files:
                raise BundleError(
                    f"{self.folder}: the decision rule needs {FAMILIAR}, of which the contract has no digest"
                )
            bank = read_bank(self.folder / FAMILIAR, neighbours=rule.unfamiliar.usual.neighbours)
        return None if rule is None else Doubting(rule, self.contract.asked, self.contract.classes, bank)

    def seen_pictures(self) -> SeenPictures:
        """The pictures it was trained on."""
        return SeenPictures.from_bytes((self.folder / SEEN).read_bytes())

    def rule_pictures(self) -> SeenPictures:
        """The pictures that its decision rule was chosen on; none where there is no rule, or one of an earlier version."""
        if RULE_PICTURES not in self.contract.files:
            return SeenPictures.of(np.empty((0, 32), np.uint8))
        return SeenPictures.from_bytes((self.folder / RULE_PICTURES).read_bytes(), name=RULE_PICTURES)


@dataclass(frozen=True)
class BundleContent:
    """The files of a bundle to be written, but for the contract and the digests."""

    files: Mapping[str, Path | bytes]
    """Path inside the bundle -> content, or a file to copy."""


def made_with(files: Mapping[str, str], contract_parts: Mapping[str, Any]) -> dict[str, str]:
    """Digests of all that the canaries' logits depend on and are held to; sealed with them, and compared when the bundle is opened.

    Args:
        files: SHA-256 of the bundle's files by path.
        contract_parts: The contract's fields as JSON types.
    """
    parts = ["architecture", "classes", "preprocessing", "calibration"]
    weights = [WEIGHTS, ENGINE, ENGINE_WEIGHTS]
    if contract_parts["schema"] == 1:
        return {name: files[name] for name in weights} | {part: digest_of(contract_parts[part]) for part in parts}
    parts += ["schema", "task", "precisions"]
    parts += [name for name in ("kind", "rule", "thresholds") if name in contract_parts]
    weights += [name for name in (INT8, INT8_WEIGHTS, FAMILIAR) if name in files]
    pictures = {name: files[name] for name in sorted(files) if name.startswith(f"{CANARIES}/") and name != CANARY_SHEET}
    return (
        {name: files[name] for name in weights}
        | {part: digest_of(contract_parts[part]) for part in parts}
        | {"set of canary pictures": digest_of(pictures)}
    )


def write_bundle(folder: Path, content: BundleContent, contract: Contract, canaries: CanarySheet) -> Bundle:
    """Writes a bundle under a temporary name, opens it, and renames it into place.

    Args:
        folder: Where the bundle shall be; nothing may be there.
        content: The weights, engine, canary pictures and the rest.
        contract: The contract; its `files` are filled in here.
        canaries: The canaries' logits; `made_with` is filled in here.

    Raises:
        UsageError: If the folder exists.
        OSError: If the disk is full or the place cannot be written; then nothing is left behind.
    """
    if os.path.lexists(folder):
        raise UsageError(f"{folder} exists already; name another place")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder_beside(folder) as own:
        temporary = own / folder.name
        (temporary / CANARIES).mkdir(parents=True)
        for name, source in content.files.items():
            if isinstance(source, bytes):
                (temporary / name).write_bytes(source)
            else:
                shutil.copyfile(source, temporary / name)
        digests = {name: file_digest(temporary / name) for name in content.files}
        bound = CanarySheet(canaries.canaries, made_with(digests, contract.to_dict()))
        sheet = json_text(bound.to_dict(), indent=1).encode()
        (temporary / CANARY_SHEET).write_bytes(sheet)
        digests[CANARY_SHEET] = hashlib.sha256(sheet).hexdigest()
        table = contract.to_dict()
        table["files"] = digests
        del table["digest"]
        table["digest"] = digest_of(table)
        (temporary / CONTRACT).write_bytes(json_text(table, indent=1).encode())
        opened = open_bundle(temporary)
        temporary.rename(folder)
    return dataclasses.replace(opened, folder=folder)


def open_bundle(path: str | os.PathLike[str]) -> Bundle:
    """Opens a bundle folder, or the bundle of a run folder, after checking every file's digest.

    Nothing in it is unpickled or executed. Whether the network still gives its sealed logits is checked by who runs it.
    While training puts a better bundle in the place of the one before, the one or the other is opened, never a mixture.

    One of an earlier schema opens with a `StriateWarning`.

    Raises:
        UsageError: If there is no bundle.
        BundleError: If a file is missing, damaged or was changed, or holds what no sealing writes.
    """
    return read_bundle(path, lambda bundle: bundle)


def read_bundle(path: str | os.PathLike[str], read: Callable[[Bundle], Made]) -> Made:
    """What `read` makes of the bundle at a path; all of it anew, where that fails because another bundle was put in its place meanwhile.

    Args:
        path: A bundle folder, or a run folder.
        read: Reads further files of the bundle; what is wrong with them it raises as `BundleError` or `OSError`.

    Raises:
        UsageError: If there is no bundle.
        BundleError: If it cannot be read.
    """
    tries = 0
    while True:
        tries += 1
        folder = find_bundle(Path(path))
        before = identity_of(folder / CONTRACT)
        try:
            return read(_open(folder, before))
        except (BundleError, OSError):
            if tries == TRIES or identity_of(folder / CONTRACT) == before:
                raise


def _open(folder: Path, identity: Identity | None) -> Bundle:
    try:
        table = read_json_object(folder / CONTRACT, CONTRACT)
        contract = Contract.from_dict(table)
        check_files(folder, contract.files)
        canaries = read_canaries(folder / CANARY_SHEET)
        check_canaries(canaries, contract)
        check_binding(canaries.made_with, made_with(contract.files, table))
    except BundleError as error:
        raise BundleError(f"{folder}: {str(error)[:MOST_SAID]}") from error
    bundle = Bundle(folder, contract, canaries, table["digest"], identity)
    if bundle.notice:
        # Always from the same line, so that a process says it once, however often it opens the bundle.
        warnings.warn(bundle.notice, StriateWarning, stacklevel=1)
    return bundle


def find_bundle(path: Path) -> Path:
    """The bundle folder that a path means: itself, or the `bundle` folder of a run.

    Raises:
        UsageError: If there is none; the message says whether the path is a run that has not ended.
    """
    for folder in (path, path / "bundle"):
        if (folder / CONTRACT).is_file():
            return folder
    if any((path / name).is_file() for name in ("recipe.toml", "tournament.json")):
        raise UsageError(
            f"{path} is a run that has not ended; finish it with: striate train --resume {shlex.quote(str(path))}"
        )
    if not path.exists():
        close = closest(str(path), bundles_beside(path))
        meant = f"; did you mean {', '.join(close)}?" if close else ""
        raise UsageError(f"there is no run or bundle at {path}{meant}")
    raise UsageError(f"{path} is neither a run nor a bundle: it has no contract.json")


def bundles_beside(path: Path) -> list[str]:
    """The folders beside a path that hold a run's bundle or are one, written as the path is; none where they cannot be listed."""
    try:
        beside = sorted(path.parent.iterdir())
        return [
            str(place) for place in beside if (place / CONTRACT).is_file() or (place / "bundle" / CONTRACT).is_file()
        ]
    except OSError:
        return []


def check_files(folder: Path, files: Mapping[str, str]) -> None:
    """Raises BundleError unless every file is there and has its digest."""
    needed = {WEIGHTS, ENGINE, ENGINE_WEIGHTS, SEEN, CANARY_SHEET}
    if missing := sorted(needed - files.keys()):
        raise BundleError(f"contract.json has no digest for {', '.join(missing)}")
    for name, digest in files.items():
        path = folder / name
        if not name.isprintable() or len(name) > LONGEST_NAME:
            raise BundleError(f"contract.json names {shown(name)}, which is not the name of a bundle's file")
        if not path.resolve().is_relative_to(folder.resolve()):
            raise BundleError(f"contract.json names {shown(name)}, which lies outside the bundle")
        if not path.is_file():
            raise BundleError(f"{name} is missing")
        if file_digest(path) != digest:
            raise BundleError(f"{name} was changed after it was sealed: its SHA-256 is not the contract's")


def check_canaries(sheet: CanarySheet, contract: Contract) -> None:
    """Raises BundleError unless every canary is there, with its picture and a logit for each class."""
    sheet.check_whole(contract.canary_files)
    sheet.logits(contract.outputs)
    for canary in sheet.canaries:
        if contract.schema == SCHEMA and not canary.pixels:
            raise BundleError(f"the canary {canary.file} has no sealed pixels")
        if f"{CANARIES}/{canary.file}" not in contract.files:
            raise BundleError(f"contract.json has no digest for {CANARIES}/{canary.file}")


def check_binding(sealed: Mapping[str, str], found: Mapping[str, str]) -> None:
    """Raises BundleError if the canaries were computed with anything else than what the bundle holds."""
    for name, digest in found.items():
        if sealed.get(name) != digest:
            raise BundleError(f"the canaries' logits were computed with another {name} than the bundle now holds")


def file_digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
