"""Which files are pictures, by their endings and by their first bytes, and what to do about those that cannot be read."""

from __future__ import annotations

READABLE = "JPEG, PNG, BMP, GIF, TIFF, WebP, AVIF, JPEG 2000 or HEIC"

_READ = {
    *(".avif", ".bmp", ".gif", ".heic", ".heif", ".hif", ".j2c", ".j2k", ".jfif", ".jp2", ".jpc", ".jpe", ".jpeg"),
    *(".jpf", ".jpg", ".jpx", ".png", ".tif", ".tiff", ".webp"),
}
_RAW = {
    *(".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dng", ".erf", ".iiq", ".kdc", ".mef", ".mos", ".mrw", ".nef", ".nrw"),
    *(".orf", ".pef", ".raf", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"),
}
_OTHERS = {
    *(".dcm", ".dds", ".exr", ".hdr", ".ico", ".jxl", ".jxr", ".pam", ".pbm", ".pcx", ".pgm", ".pnm", ".ppm", ".psd"),
    *(".qoi", ".svg", ".tga", ".wdp"),
}

PICTURE_EXTENSIONS = frozenset(_READ | _RAW | _OTHERS)
"""The endings of picture files, in lower case, also of formats that cannot be read here, so that no picture is passed
over without a word. What a file is decides its content, never its name."""

CONVERT = "convert it to JPEG, PNG or TIFF first"
DEVELOP = "develop it to JPEG, PNG or TIFF first"

_UNREAD: tuple[tuple[tuple[bytes, ...], str], ...] = (
    ((b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"), "a JPEG XL"),
    ((b"II\xbc\x01",), "a JPEG XR"),
    ((b"8BPS",), "a Photoshop"),
    (tuple(f"P{kind}{space}".encode() for kind in range(1, 8) for space in "\n\r\t "), "a Netpbm"),
    ((b"v/1\x01",), "an OpenEXR"),
    ((b"#?RADIANCE", b"#?RGBE"), "a Radiance HDR"),
    ((b"DDS ",), "a DDS"),
    ((b"qoif",), "a QOI"),
    ((b"\0\0\1\0",), "an icon"),
)
_UNREAD_RAW = (b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FOVb", b"\0MRM", b"II\x1a\0\0\0HEAPCCDR")

_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"mif2", b"msf1"}


def heif_kind(data: bytes) -> str:
    """What a file of the ISO base media format holds: `"AVIF"`, `"HEIC"`, `"raw"` (Canon's), or nothing known: empty.

    Source: ISO/IEC 14496-12, file type box; 23008-12, brands of HEIF; AV1 Image File Format, brands.
    """
    if data[4:8] != b"ftyp":
        return ""
    end = min(int.from_bytes(data[:4], "big"), 4096)
    brands = {data[8:12], *(data[place : place + 4] for place in range(16, end - 3, 4))}
    if brands & {b"avif", b"avis"}:
        return "AVIF"
    return "raw" if data[8:12] == b"crx " else "HEIC" if brands & _HEIF_BRANDS else ""


def unread_reason(data: bytes) -> str:
    """Why the bytes of a file that none of the readers takes are no picture that can be read, and what to do."""
    if data.startswith(_UNREAD_RAW) or heif_kind(data) == "raw":
        return f"the file is a camera's raw picture, which cannot be read: {DEVELOP}"
    for prefixes, kind in _UNREAD:
        if data.startswith(prefixes):
            return f"the file is {kind} picture, which cannot be read: {CONVERT}"
    if data[128:132] == b"DICM":
        return f"the file is a DICOM picture, which cannot be read: {CONVERT}"
    if b"<svg" in data[:1024].lower():
        return f"the file is an SVG drawing, which cannot be read: {CONVERT}"
    return f"the file is no {READABLE} picture"
