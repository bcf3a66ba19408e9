import hashlib

import numpy as np
import pytest

from striate.bundle import SeenPictures
from striate.errors import BundleError


def digests(*contents: bytes):
    return np.frombuffer(b"".join(hashlib.sha256(content).digest() for content in contents), np.uint8).reshape(-1, 32)


def test_what_was_seen_is_known_again():
    seen = SeenPictures.from_bytes(SeenPictures.of(digests(b"a", b"b", b"a")).to_bytes())
    assert seen.contains(digests(b"b", b"c", b"a")).tolist() == [True, False, True]
    assert len(seen.to_bytes()) == 16


def test_the_bytes_are_the_sorted_beginnings_of_the_hashes():
    expected = sorted(hashlib.sha256(content).digest()[:8] for content in (b"a", b"b"))
    assert SeenPictures.of(digests(b"b", b"a")).to_bytes() == b"".join(expected)


def test_a_cut_file():
    with pytest.raises(BundleError, match=r"^seen.bin holds 9 bytes, which is not a multiple of 8$"):
        SeenPictures.from_bytes(bytes(9))
