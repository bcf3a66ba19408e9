"""The tags of a TIFF directory, which EXIF is made of too.

Pillow warns about damaged metadata that pixels do not depend on, and Python's warnings can be silenced for the whole
process only. So the few tags that pixels depend on are picked out here, and Pillow is handed nothing else.

Source: TIFF Revision 6.0, Adobe 1992, section 2.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Literal, NamedTuple

_TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_WHOLE_NUMBERS = {1: "B", 3: "H", 4: "L", 16: "Q"}

BITS_PER_SAMPLE = 258
PHOTOMETRIC = 262
ORIENTATION = 274
SAMPLES_PER_PIXEL = 277
WIDTH, HEIGHT, TILE_WIDTH, TILE_HEIGHT = 256, 257, 322, 323
_MAX_SAMPLE_VALUE = 281
_NEW_SUBFILE_TYPE, _SUB_DIRECTORIES, _DNG_VERSION = 254, 330, 50706

# What the pixels depend on, besides the orientation, which is applied here and not by Pillow.
_ONE_VALUE = {254, 255, 256, 257, 259, 262, 266, 277, 278, 284, 292, 293, 317, 322, 323, 512, 513, 514, 515, 531}
_MANY_VALUES = {258, 273, 279, 320, 324, 325, 338, 339, 347, 517, 518, 519, 520, 521, 529, 530, 532}


class Entry(NamedTuple):
    """One tag of a directory; its values lie from the byte `start` of the file on."""

    tag: int
    type: int
    values: int  # how many
    start: int


@dataclass(frozen=True)
class Directory:
    """The first directory of a TIFF file, of equal tags the first.

    Attributes:
        data: The whole file.
        order: The byte order, as the struct module has it.
        big: Whether it is BigTIFF, whose offsets have 8 bytes.
        position: Where in the file the directory begins.
        entries: The tags whose values are in the file.
        cut: Whether tags that the pixels depend on are not.
    """

    data: bytes
    order: Literal["<", ">"]
    big: bool
    position: int
    entries: dict[int, Entry]
    cut: bool

    def number(self, tag: int, default: int) -> int:
        """The first value of a tag, or the default where the tag is missing or no whole number."""
        entry = self.entries.get(tag)
        if entry is None or entry.type not in _WHOLE_NUMBERS:
            return default
        value: int = struct.unpack_from(self.order + _WHOLE_NUMBERS[entry.type], self.data, entry.start)[0]
        return value


def read_directory(data: bytes) -> Directory | None:
    """The first directory of a TIFF file or EXIF block; None where there is none, or not its beginning.

    Args:
        data: The bytes of the file, of which anything may be damaged.
    """
    order: Literal["<", ">"] = "<" if data[:2] == b"II" else ">"
    if data[:2] not in (b"II", b"MM") or len(data) < 8:
        return None
    big = data[2] == 43  # Pillow reads BigTIFF in Intel's byte order only
    count_layout, entry_layout, offset_layout = _layouts(order, big)
    try:
        (position,) = struct.unpack_from(offset_layout, data, 8 if big else 4)
        (count,) = struct.unpack_from(count_layout, data, position)
    except (struct.error, OverflowError):
        return None
    first, header, inline = (struct.calcsize(layout) for layout in (count_layout, entry_layout, offset_layout))
    end = position + first + min(count, 65535) * (header + inline)  # more fit into BigTIFF, but no file has them
    entries: dict[int, Entry] = {}
    cut, apart = end > len(data), 0  # apart: bytes of the values that lie outside the directory
    for place in range(position + first, min(end, len(data) - header - inline + 1), header + inline):
        tag, kind, values = struct.unpack_from(entry_layout, data, place)
        size, start = _TYPE_SIZES.get(kind, 0) * values, place + header
        if size > inline:
            (start,) = struct.unpack_from(offset_layout, data, start)
        # Values together larger than the file, all of the same bytes, are a way to make a small file cost much.
        if start + size > len(data) or apart + size > len(data):
            cut = cut or tag in _ONE_VALUE or tag in _MANY_VALUES
        elif size:
            entries.setdefault(tag, Entry(tag, kind, values, start))
            apart += size if size > inline else 0
    return Directory(data, order, big, position, entries, cut)


def _layouts(order: str, big: bool) -> tuple[str, str, str]:
    """How the number of entries, an entry up to its value, and an offset are stored."""
    return (order + "Q", order + "HHQ", order + "Q") if big else (order + "H", order + "HHL", order + "L")


def exif_orientation(exif: bytes) -> int:
    """The orientation that an EXIF block states: 1 to 8; 1, upright, where it states none or nonsense.

    Example:
        >>> exif_orientation(bytes.fromhex("4d4d002a00000008 0001 01120003 00000001 00060000 00000000"))
        6
    """
    for _ in range(2):  # some writers put the prefix twice
        exif = exif.removeprefix(b"Exif\0\0")
    directory = read_directory(exif)
    return 1 if directory is None else directory_orientation(directory)


def directory_orientation(directory: Directory) -> int:
    """The orientation tag of a directory: 1 to 8; 1 where there is none or nonsense."""
    orientation = directory.number(ORIENTATION, 1)
    return orientation if 1 <= orientation <= 8 else 1


def stated_white(directory: Directory) -> int | None:
    """The largest value by the file's own words, where they are a number of bits, 8 to 15; else None.

    MaxSampleValue may also be the largest value that just this picture has: that says nothing of what white is.
    """
    largest = directory.number(_MAX_SAMPLE_VALUE, 0)
    return largest if largest + 1 in (1 << bits for bits in range(8, 16)) else None


def is_raw(directory: Directory) -> bool:
    """Whether a file is a camera's raw picture: its first directory then holds a small preview, which is not the picture.

    Source: Digital Negative Specification 1.7, Adobe 2023, DNGVersion; Canon's CR2 has its mark at byte 8; Nikon, Sony
    and Pentax have the raw values in a directory below that of the preview.
    """
    preview = directory.number(_NEW_SUBFILE_TYPE, 0) & 1 and _SUB_DIRECTORIES in directory.entries
    return bool(preview) or _DNG_VERSION in directory.entries or directory.data[8:10] == b"CR"


def plain_tiff(directory: Directory) -> bytes:
    """The file with a single page and only the tags that its pixels depend on; the orientation is left out."""
    count_layout, entry_layout, offset_layout = _layouts(directory.order, directory.big)
    inline = struct.calcsize(offset_layout)
    kept = []
    for tag, entry in sorted(directory.entries.items()):
        if tag not in _ONE_VALUE and tag not in _MANY_VALUES:
            continue
        values = 1 if tag in _ONE_VALUE else entry.values
        size = _TYPE_SIZES[entry.type] * values
        if size <= inline:
            value = directory.data[entry.start : entry.start + size].ljust(inline, b"\0")
        else:
            value = struct.pack(offset_layout, entry.start)
        kept.append(struct.pack(entry_layout, tag, entry.type, values) + value)
    no_next_page = struct.pack(offset_layout, 0)
    plain = struct.pack(count_layout, len(kept)) + b"".join(kept) + no_next_page
    # In the old one's place: at the end of the file it would be read as pixels where those are cut short.
    return directory.data[: directory.position] + plain + directory.data[directory.position + len(plain) :]
