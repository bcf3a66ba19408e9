"""PNG, GIF and WebP files without what is not pixels.

Pillow stops or warns at damaged text, animations and other extras, and Python's warnings can be silenced for the whole
process only. So the extras are taken off before Pillow sees the file. Each function also says what has to be known of
the file before Pillow may allocate anything for it.

Source: PNG (Third Edition), W3C 2023, section 5; GIF89a, CompuServe 1990, sections 18 to 24; WebP Container
Specification, Google.
"""

from __future__ import annotations

import struct
import zlib

from striate.errors import PictureError

_PNG_PIXELS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
_GIF_FRAME, _GIF_EXTENSION, _GIF_END, _GIF_CONTROL = 0x2C, 0x21, 0x3B, 0xF9


def truncated(picture_format: str) -> str:
    """The reason given for a file that stops before its end."""
    return f"the file is truncated: its {picture_format} data stops too early"


def damaged(picture_format: str) -> str:
    """The reason given for a file whose content is wrong."""
    return f"the {picture_format} data is damaged"


def plain_png(data: bytes, name: str) -> tuple[bytes, bytes]:
    """The file with only the chunks that make its pixels, and its EXIF block (empty where it has none).

    The checksums of these chunks are verified, which Pillow does not do for the pixels.

    Raises:
        PictureError: If a chunk that makes pixels is cut short, or its checksum is wrong.
    """
    kept, exif, header, position = [data[:8]], b"", b"", 8
    while position + 8 <= len(data):
        length, kind = struct.unpack_from(">L4s", data, position)
        start, end = position + 8, position + 8 + length
        if kind in _PNG_PIXELS:
            if end + 4 > len(data) and kind != b"IEND":
                raise PictureError(name, truncated("PNG"))
            if kind != b"IEND" and _checksum(data[position + 4 : end]) != data[end : end + 4]:
                raise PictureError(name, damaged("PNG"))
            if kind == b"IHDR":
                header = data[start:end]
            kept.append(
                _eight_bit_key(data[position : end + 4], header) if kind == b"tRNS" else data[position : end + 4]
            )
        elif kind == b"eXIf" and not exif:
            exif = data[start:end]
        if kind == b"IEND":
            break
        position = end + 4
    return b"".join(kept), exif


def png_stated_white(data: bytes) -> int | None:
    """White by the file's own words, in a grey PNG of 16 bits that has fewer of significance; else None."""
    position, grey_of_16_bits = 8, False
    while position + 9 <= len(data):
        length, kind = struct.unpack_from(">L4s", data, position)
        if kind == b"IHDR":
            grey_of_16_bits = data[position + 16 : position + 18] == b"\x10\0"
        if kind == b"sBIT" and length == 1 and grey_of_16_bits and 8 <= data[position + 8] < 16:
            return (1 << data[position + 8]) - 1
        if kind == b"IDAT" or not grey_of_16_bits:
            return None
        position += length + 12
    return None


def _checksum(data: bytes) -> bytes:
    return struct.pack(">L", zlib.crc32(data))


def _eight_bit_key(chunk: bytes, header: bytes) -> bytes:
    """The transparent colour in 8 bits: Pillow scales pixels of 2, 4 and 3 x 16 bits to 8, but not this colour."""
    bits, colour = (header[8], header[9]) if len(header) == 13 else (8, 0)
    value = chunk[8:-4]
    if colour == 0 and bits in (2, 4) and len(value) == 2:
        value = struct.pack(">H", value[1] * 255 // (2**bits - 1))
    elif colour == 2 and bits == 16 and len(value) == 6:
        value = struct.pack(">3H", value[0], value[2], value[4])
    else:
        return chunk
    return chunk[:8] + value + _checksum(b"tRNS" + value)


def plain_gif(data: bytes, name: str) -> bytes:
    """The file with only its first frame (and what follows it), on a canvas that holds the whole of that frame.

    Raises:
        PictureError: If there is no first frame.
    """
    control = b""
    try:
        width, height, flags = struct.unpack_from("<HHB", data, 6)
        palette_end = position = 13 + _colour_table(flags)
        while data[position] != _GIF_FRAME:
            position += 1
            if data[position - 1] == _GIF_END:
                raise PictureError(name, damaged("GIF"))
            if data[position - 1] == _GIF_EXTENSION:  # a label and blocks of data, up to an empty one
                if data[position] == _GIF_CONTROL and data[position + 1] >= 4:
                    control = data[position + 2 : position + 6]
                position += 1
                while data[position]:
                    position += data[position] + 1
                position += 1
        left, top, frame_width, frame_height = struct.unpack_from("<4H", data, position + 1)
    except (IndexError, struct.error) as error:
        raise PictureError(name, truncated("GIF")) from error
    if control:
        disposal_left_out = control[0] & 0b11100011
        control = bytes([_GIF_EXTENSION, _GIF_CONTROL, 4, disposal_left_out, *control[1:], 0])
    width, height = max(width, left + frame_width), max(height, top + frame_height)
    if max(width, height) > 65535:
        raise PictureError(name, damaged("GIF"))
    # Pillow would grow the canvas itself, but not before comparing it with MAX_IMAGE_PIXELS.
    size = struct.pack("<2H", width, height)
    return b"".join([data[:6], size, data[10:palette_end], control, data[position:]])


def _colour_table(flags: int) -> int:
    """The size in bytes of the colour table that these flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 128 else 0


def webp_size(data: bytes, name: str) -> tuple[int, int]:
    """The width and height of the canvas, in pixels, which Pillow's reader would allocate at once.

    Raises:
        PictureError: If the file is shorter than it says, or its first chunk is none of the format's.
    """
    (length,) = struct.unpack_from("<L", data, 4)
    if len(data) < 30 or len(data) < length + 8:
        raise PictureError(name, truncated("WebP"))
    kind = data[12:16]
    if kind == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if kind == b"VP8L" and data[20] == 0x2F:
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise PictureError(name, damaged("WebP"))
