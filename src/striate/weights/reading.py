"""Weights files read safely: safetensors, and PyTorch's own format without ever running code from it."""

from __future__ import annotations

import hashlib
import re
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from striate.errors import WeightsError

WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "network", "weights", "params", "ema", "state_dict_ema")
"""Names under which training programs keep the tensors, beside an optimizer and the like. The first that has some counts."""

EXPECTED = "expected .safetensors, or a .pth, .pt or .th file written by torch.save"

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


def read_weights(path: str | Path) -> WeightsFile:
    """The tensors of a .safetensors file, or of a .pth, .pt, .th, .bin or .ckpt file that PyTorch wrote.

    The format is told by the content, not by the name. Tensors may lie under a key such as `state_dict` or `model`.
    `module.` in front of their names (from DataParallel) and `_orig_mod.` anywhere (from `torch.compile`) are taken
    off.

    Args:
        path: The file.

    Raises:
        WeightsError: The file does not exist, is a folder, cannot be read, is empty, cut short, of another kind, wants
            code to be run, or holds no tensors.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     torch.save({"state_dict": {"module.fc.bias": torch.zeros(2)}}, Path(folder, "weights.pth"))
        ...     print(read_weights(Path(folder, "weights.pth")).tensors)
        {'fc.bias': tensor([0., 0.])}
    """
    path = Path(path)
    beginning = _beginning(path)
    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        metadata: dict[str, str] = {}
        if beginning[8:9] == b"{":
            tensors, metadata = _read_safetensors(path)
        else:
            tensors = _read_pytorch(path, beginning)
    except OSError as error:
        raise WeightsError(f"weights file {path} cannot be read: {error.strerror or error}") from error
    return WeightsFile(path, _without_prefixes(path, tensors), metadata, sha256)


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


def _read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except SafetensorError as error:
        raise WeightsError(
            f"weights file {path} is damaged or cut short; download or copy it anew (safetensors: {error})"
        ) from error


def _read_pytorch(path: Path, beginning: bytes) -> dict[str, Tensor]:
    zipped = zipfile.is_zipfile(path)
    if not zipped and not beginning.startswith((b"\x80", b"PK")):
        said = next((words for start, words in STRANGERS if beginning.startswith(start)), None)
        raise WeightsError(f"weights file {path} " + (said or f"is not a weights file; {EXPECTED}"))
    # Files of before PyTorch 1.6 are no zip archives and cannot be mapped; and torch.load goes by this one name.
    mapped = zipped and path.suffix != ".safetensors"
    try:
        if zipped:
            _check_archive(path)
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of unusual pickle protocols: what cannot be read is an error below
            content = torch.load(path if mapped else file, map_location="cpu", weights_only=True, mmap=mapped)
    except (OSError, WeightsError):
        raise
    except Exception as error:  # BadZipFile, EOFError, RuntimeError, UnpicklingError, KeyError, IndexError...
        wanted = re.search(r"GLOBAL ([\w.]+)", str(error))
        if wanted:
            raise WeightsError(
                f"weights file {path} wants to run code ({wanted[1]}), and Striate never runs code from a weights "
                "file; where the network was made, save its tensors alone: torch.save(model.state_dict(), path)"
            ) from error
        raise WeightsError(
            f"weights file {path} is damaged, cut short or not written by torch.save; download or copy it anew"
        ) from error
    tensors = _tensors_within(content)
    if not tensors:
        raise WeightsError(f"weights file {path} holds no tensors by name; {_found(content)}")
    return tensors


def _check_archive(path: Path) -> None:
    """Refuse a zip archive that holds something other than tensors."""
    with zipfile.ZipFile(path) as archive:
        names = [name.rpartition("/")[2] for name in archive.namelist()]
    if "constants.pkl" in names:
        raise WeightsError(
            f"weights file {path} is a TorchScript program, not weights; save the network's state_dict() instead"
        )
    if "data.pkl" not in names:
        raise WeightsError(f"weights file {path} is a zip archive without weights; {EXPECTED}")


def _tensors_within(content: object, depth: int = 3) -> dict[str, Tensor]:
    """The tensors of a mapping, or those of a mapping that it keeps under one of the known names."""
    if depth == 0 or not isinstance(content, Mapping):
        return {}
    for wrapper in WRAPPERS:
        tensors = _tensors_within(content.get(wrapper), depth - 1)
        if tensors:
            return tensors
    return {
        name: value.detach() for name, value in content.items() if isinstance(name, str) and isinstance(value, Tensor)
    }


def _found(content: object) -> str:
    if isinstance(content, Mapping):
        names = ", ".join(repr(name) for name in list(content)[:5])
        return f"it holds {names or 'nothing'}, and tensors are looked for there and under {', '.join(WRAPPERS)}"
    return f"it holds a {type(content).__name__}, expected what state_dict() answers"


def _without_prefixes(path: Path, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors under the names that the network itself gives them."""
    plain: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        parts = [part for part in name.split(".") if part != "_orig_mod"]
        while len(parts) > 1 and parts[0] == "module":
            parts = parts[1:]
        short = ".".join(parts)
        if short in plain:
            raise WeightsError(f"weights file {path} holds {short} twice: with a prefix and without, or with two")
        plain[short] = tensor
    if not plain:
        raise WeightsError(f"weights file {path} holds no tensors")
    return plain
