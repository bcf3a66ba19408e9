"""Weights files read safely: safetensors, and PyTorch's own format without ever running code from it."""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from striate.errors import UsageError, WeightsError
from striate.utf8_paths import utf8_path
from striate.weights.archives import EXPECTED, check_archive, check_header, is_archive
from striate.weights.stand_ins import standing_in
from striate.weights.tensor_tables import WRAPPERS, TensorTable, Which, tables_within, without_wrappers

# What a file that is no weights file often is: how it begins, and what to say.
STRANGERS = (
    (b"version https://git-lfs", "is a Git LFS pointer, not the weights; fetch them with `git lfs pull`"),
    (b"<!DOCTYPE", "is a web page, not weights; download it anew"),
    (b"<html", "is a web page, not weights; download it anew"),
    (b"\x89HDF", "is a Keras HDF5 file, which Striate does not read; convert it to .safetensors"),
)


@dataclass(frozen=True)
class WeightsFile:
    """What a weights file holds."""

    path: Path
    tensors: dict[str, Tensor]  # on the processor, by name; may be mapped from the file: copy them, do not change them
    metadata: dict[str, str]  # what a safetensors file says of itself
    sha256: str  # of the whole file, hexadecimal
    choice: str | None = None  # a sentence, where the file holds plain weights and averaged ones: which these are


def read_weights(path: str | Path, *, which: Which | None = None) -> WeightsFile:
    """The tensors of a .safetensors file, or of a .pth, .pt, .th, .bin or .ckpt file that PyTorch wrote.

    The format is told by the content, not by the name. Tensors may lie under a key such as `state_dict` or `model`.
    `module.` in front of their names (from DataParallel) and `_orig_mod.` anywhere (from `torch.compile`) are taken
    off. Settings beside the tensors, such as an `argparse.Namespace` or NumPy's numbers, are passed over; code is never
    run. What a file declares is checked before anything of it is unpacked.

    Args:
        path: The file.
        which: Of a file that holds both: `"plain"`, the weights as the optimizer left them, or `"ema"`, their average
            over training; `None`: what the file has under the name that weights usually have.

    Raises:
        UsageError: `which` is neither.
        WeightsError: The file does not exist, is a folder, cannot be read, is empty, cut short, of another kind, wants
            code to be run, declares more than it has, or holds no tensors, or none of those that were asked for.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     torch.save({"state_dict": {"module.fc.bias": torch.zeros(2)}}, Path(folder, "weights.pth"))
        ...     print(read_weights(Path(folder, "weights.pth")).tensors)
        {'fc.bias': tensor([0., 0.])}
    """
    if which not in (None, "plain", "ema"):
        raise UsageError(f"which is {which!r}; expected 'plain' or 'ema'")
    path = Path(path)
    beginning = _beginning(path)
    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        metadata: dict[str, str] = {}
        if beginning[8:9] == b"{":
            tables, metadata = _read_safetensors(path, beginning)
        else:
            tables = _read_pytorch(path, beginning)
    except OSError as error:
        raise WeightsError(f"weights file {path} cannot be read: {error.strerror or error}") from error
    chosen = _chosen(path, tables, which)
    return WeightsFile(path, _without_wrappers(path, chosen.tensors), metadata, sha256, _choice(path, chosen, tables))


def _chosen(path: Path, tables: Sequence[TensorTable], which: Which | None) -> TensorTable:
    """The first table, or the first of the kind that was asked for."""
    for table in tables:
        if which in (None, table.which):
            return table
    kinds = {"plain": "plain weights", "ema": "averaged (EMA) weights"}
    there = ", ".join(table.place or "its names" for table in tables)
    raise WeightsError(
        f"weights file {path} holds no {kinds[which or 'plain']}: what it has is {kinds[tables[0].which]} ({there})"
    )


def _choice(path: Path, chosen: TensorTable, tables: Sequence[TensorTable]) -> str | None:
    """Which of plain and averaged weights were taken, where there are both."""
    other = next((table for table in tables if table.averaged != chosen.averaged), None)
    if other is None:
        return None
    kinds = {"plain": "the plain weights", "ema": "the averaged (EMA) weights"}
    return (
        f"{path.name} holds plain weights and averaged (EMA) ones: taken are {kinds[chosen.which]}"
        f"{_under(chosen)}; the others{_under(other)} are {kinds[other.which]}: striate import --which {other.which}, "
        f"or which={other.which!r}, takes those"
    )


def _under(table: TensorTable) -> str:
    return f" under {table.place}" if table.place else ""


def _beginning(path: Path) -> bytes:
    """The first bytes, once the path is known to be a file that has some."""
    if path.is_dir():
        inside = [name for name in ("bundle/model.safetensors", "model.safetensors") if (path / name).is_file()]
        hint = f"; did you mean {path / inside[0]}?" if inside else ""
        raise WeightsError(f"weights file {path} is a folder; expected a .safetensors or .pth file{hint}")
    if not path.exists():
        raise WeightsError(f"weights file {path} does not exist; expected a .safetensors or .pth file")
    try:
        with path.open("rb") as file:
            beginning = file.read(64)
    except OSError as error:
        raise WeightsError(f"weights file {path} cannot be read: {error.strerror or error}") from error
    if not beginning:
        raise WeightsError(f"weights file {path} is empty; download or copy it anew")
    return beginning


def _read_safetensors(path: Path, beginning: bytes) -> tuple[list[TensorTable], dict[str, str]]:
    check_header(path, beginning)
    try:
        with utf8_path(path) as readable, safe_open(readable, framework="pt", device="cpu") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            metadata = dict(file.metadata() or {})
    except SafetensorError as error:
        raise WeightsError(
            f"weights file {path} is damaged or cut short; download or copy it anew (safetensors: {error})"
        ) from error
    if not tensors:
        raise WeightsError(f"weights file {path} holds no tensors")
    return tables_within(tensors), metadata


def _read_pytorch(path: Path, beginning: bytes) -> list[TensorTable]:
    zipped = is_archive(path)
    if not zipped and not beginning.startswith((b"\x80", b"PK")):
        said = next((words for start, words in STRANGERS if beginning.startswith(start)), None)
        raise WeightsError(f"weights file {path} " + (said or f"is not a weights file; {EXPECTED}"))
    damaged = f"weights file {path} is damaged, cut short or not written by torch.save; download or copy it anew"
    if not zipped and beginning.startswith(b"PK"):  # a zip archive has its table at the end
        raise WeightsError(damaged)
    # Files of before PyTorch 1.6 are no zip archives and cannot be mapped; and torch.load goes by this one name.
    mapped = zipped and path.suffix != ".safetensors"
    try:
        if zipped:
            check_archive(path)
        with path.open("rb") as file, utf8_path(path) as readable, warnings.catch_warnings(), standing_in():
            warnings.simplefilter("ignore")  # of unusual pickle protocols: what cannot be read is an error below
            content = torch.load(readable if mapped else file, map_location="cpu", weights_only=True, mmap=mapped)
    except (OSError, WeightsError):
        raise
    except Exception as error:  # BadZipFile, EOFError, RuntimeError, UnpicklingError, KeyError, IndexError...
        if wanted := re.search(r"GLOBAL ([\w.]+)", str(error)):
            raise WeightsError(_wants_code(path, wanted[1])) from error
        raise WeightsError(damaged) from error
    tables = tables_within(content)
    if not tables:
        raise WeightsError(f"weights file {path} holds no tensors by name; {_found(content)}")
    _check_tensors(path, tables)
    return tables


SETTINGS = ("omegaconf", "hydra", "yacs", "ml_collections", "easydict", "addict", "mmengine", "mmcv", "typing", "enum")
"""Libraries whose objects stand beside tensors, and are none of the network's own."""


def _wants_code(path: Path, name: str) -> str:
    """Why a file that names something to be called is refused, and what to do where it was made."""
    refused = f"weights file {path} wants to run code ({name}), and Striate never runs code from a weights file; "
    if name.partition(".")[0] in SETTINGS:
        return refused + (
            "that is of settings beside the tensors: in a program that has their library, if you trust the file, keep the "
            'tensors alone: torch.save(torch.load(path, weights_only=False)["state_dict"], "weights.pth")'
        )
    return refused + "where the network was made, save its tensors alone: torch.save(model.state_dict(), path)"


def _check_tensors(path: Path, tables: Sequence[TensorTable]) -> None:
    """Refuses tensors without values of their own, which can claim any size."""
    for table in tables:
        for name, tensor in table.tensors.items():
            if tensor.is_meta or tensor.layout != torch.strided:
                kind = "without values" if tensor.is_meta else f"as {tensor.layout}"
                raise WeightsError(f"weights file {path} holds {name} {kind}; save it as an ordinary tensor")
            if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
                raise WeightsError(
                    f"weights file {path} declares {name} as {tuple(tensor.shape)}, and has fewer values than that; "
                    "save it as an ordinary tensor, with .contiguous()"
                )


def _found(content: object) -> str:
    if isinstance(content, Mapping):
        names = ", ".join(repr(name) for name in list(content)[:5])
        return f"it holds {names or 'nothing'}, and tensors are looked for there and under {', '.join(WRAPPERS)}"
    return f"it holds a {type(content).__name__}, expected what state_dict() answers"


def _without_wrappers(path: Path, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors under the names that the network itself gives them."""
    plain: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        short = without_wrappers(name)
        if short in plain:
            raise WeightsError(f"weights file {path} holds {short} twice: with a prefix and without, or with two")
        plain[short] = tensor
    return plain
