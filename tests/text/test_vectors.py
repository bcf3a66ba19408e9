import hashlib

import numpy as np
import pytest

from striate.errors import UsageError
from striate.text.vectors import read_vectors

IDS = {"good": 2, "film": 3, "absent": 4}
TEXT = "good 1 2.5 -3\nother 9 9 9\nfilm 0 0 1e-1\ngood 7 7 7\n"


def binary(words):
    rows = b"".join(word.encode() + b" " + np.array(row, "<f4").tobytes() + b"\n" for word, row in words)
    return f"{len(words)} 3\n".encode() + rows


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("glove.txt", TEXT.encode()),
        ("word2vec.vec", b"4 3\n" + TEXT.encode()),
        ("w.bin", binary([("good", (1, 2.5, -3)), ("other", (9, 9, 9)), ("film", (0, 0, 0.1))])),
    ],
)
def test_the_words_of_a_vocabulary(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    found = read_vectors(tmp_path / name, IDS, width=3)
    assert found.rows.tolist() == [2, 3]
    np.testing.assert_array_equal(found.vectors, np.array([[1, 2.5, -3], [0, 0, 0.1]], np.float32))
    assert found.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"good 1 2\n", "has vectors of 2 numbers, the network takes 3"),
        ("a.txt", b"good 1 2 x\n", "line 1: not numbers after the word"),
        ("a.txt", b"good nan 2 3\n", "not finite"),
        ("a.txt", b"x" * 10_000, "line 1: longer than any word with 3 numbers"),
        ("a.bin", b"good 1 2 3\n", "is no binary file of word2vec"),
        ("a.bin", b"2 4\n", "has vectors of 4 numbers, the network takes 3"),
        ("a.bin", binary([("good", (1, 2, 3))])[:-5], "ends within word 1 of 1"),
        ("a.bin", b"1 3\n" + b"x" * 5_000, "word 1 has more than 2,000 bytes"),
    ],
)
def test_what_is_no_such_file_is_refused(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=message):
        read_vectors(tmp_path / name, IDS, width=3)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match=r"cannot read the vectors .*: No such file"):
        read_vectors(tmp_path / "no.bin", IDS, width=3)
