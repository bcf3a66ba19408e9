"""Whether a weights file says of itself something that no weights file is: looked at before anything of it is unpacked.

Sizes are what a file declares: a compressed entry of a few hundred kilobytes may claim gigabytes.
"""

from __future__ import annotations

import os
import struct
import zipfile
from pathlib import Path
from typing import BinaryIO

from striate.errors import WeightsError

MOST_ENTRIES = 100_000
"""Of an archive: torch writes one for each tensor, and a few more."""

LARGEST_DIRECTORY = 64 << 20
"""Bytes of an archive's list of its entries."""

LARGEST_PICKLE = 64 << 20
"""Bytes of what is not tensors: names, shapes, and what a program saves beside them."""

LARGEST_HEADER = 16 << 20
"""Bytes of names, shapes and metadata before the tensors of a safetensors file."""

EXPECTED = "expected .safetensors, or a .pth, .pt or .th file written by torch.save"

_END = b"PK\x05\x06"
_END_64 = b"PK\x06\x06"
_LOCATOR_64 = b"PK\x06\x07"
_LONGEST_COMMENT = (1 << 16) - 1


def is_archive(path: Path) -> bool:
    """Whether a file is a zip archive, be it damaged."""
    try:
        return zipfile.is_zipfile(path)
    except zipfile.BadZipFile:  # it says that it is one of several parts
        return True


def check_archive(path: Path) -> None:
    """Refuses a zip archive that holds something other than tensors, or declares more than is in it.

    Raises:
        WeightsError: The archive is compressed, which torch's are not; or lists too many entries, or more bytes than the
            file has; or is a program or another kind of archive.
        zipfile.BadZipFile: The archive is damaged.
    """
    with path.open("rb") as file:
        entries, size = _declared_directory(file)
    if entries > MOST_ENTRIES or size > LARGEST_DIRECTORY:
        raise WeightsError(
            f"weights file {path} lists {entries:,} entries in {size:,} bytes; weights have {MOST_ENTRIES:,} at most: "
            "it is another kind of archive"
        )
    with zipfile.ZipFile(path) as archive:
        found = archive.infolist()
    names = {entry.filename.rpartition("/")[2]: entry for entry in found}
    if "constants.pkl" in names:
        raise WeightsError(
            f"weights file {path} is a TorchScript program, not weights; save the network's state_dict() instead"
        )
    if "data.pkl" not in names:
        raise WeightsError(f"weights file {path} is a zip archive without weights; {EXPECTED}")
    for entry in found:
        if entry.compress_type != zipfile.ZIP_STORED:
            raise WeightsError(
                f"weights file {path} is a compressed archive, which torch.save never writes: {entry.filename} claims "
                f"{entry.file_size:,} bytes in {entry.compress_size:,}; save the weights anew, or unpack the archive"
            )
    if (declared := sum(entry.file_size for entry in found)) > (there := path.stat().st_size):
        raise WeightsError(
            f"weights file {path} declares {declared:,} bytes and has {there:,}; it is damaged: download or copy it anew"
        )
    if (pickled := max(entry.file_size for entry in found if entry.filename.endswith(".pkl"))) > LARGEST_PICKLE:
        raise WeightsError(
            f"weights file {path} holds {pickled:,} bytes that are no tensors, at most {LARGEST_PICKLE:,} are read; "
            "where it was made, save the tensors alone: torch.save(model.state_dict(), path)"
        )


def check_header(path: Path, beginning: bytes) -> None:
    """Refuses a safetensors file whose header is longer than the file, or than any network needs.

    Args:
        path: The file.
        beginning: Its first 8 bytes at least: the header's length.

    Raises:
        WeightsError: The header is longer.
    """
    (length,) = struct.unpack_from("<Q", beginning)
    most = min(LARGEST_HEADER, path.stat().st_size - 8)
    if length > most:
        raise WeightsError(
            f"weights file {path} is damaged or cut short; download or copy it anew "
            f"(safetensors: it declares a header of {length:,} bytes, and {most:,} can be)"
        )


def _declared_directory(file: BinaryIO) -> tuple[int, int]:
    """How many entries an archive says that it has, and the bytes of their list; (0, 0) where it does not say.

    Source: PKWARE's APPNOTE, 4.3.14 to 4.3.16.
    """
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - _LONGEST_COMMENT - 22)
    file.seek(start)
    tail = file.read()
    end = tail.rfind(_END)
    if end < 0 or len(tail) - end < 22:
        return 0, 0
    entries, length = struct.unpack_from("<HI", tail, end + 10)
    locator = end - 20
    if locator >= 0 and tail[locator : locator + 4] == _LOCATOR_64:
        (place,) = struct.unpack_from("<Q", tail, locator + 8)
        if place + 56 <= size:
            file.seek(place)
            record = file.read(56)
            if record.startswith(_END_64):
                entries, length = struct.unpack_from("<QQ", record, 32)
    return entries, length
