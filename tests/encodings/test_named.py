import numpy as np
import pytest

from striate.encodings import DEFAULT_KIND, ENCODINGS, Encoding, named_encoding
from striate.errors import UnknownNameError, UsageError
from striate.pixels import Preprocessing

RULE = Preprocessing(colour="grey", resize="exact", resize_size=(2, 3), mean=(0.5,), std=(0.5,))


def test_pictures_are_the_kind_where_nothing_is_said():
    assert DEFAULT_KIND == "picture"
    assert DEFAULT_KIND in ENCODINGS
    with pytest.raises(UnknownNameError, match=r"^unknown kind of input 'pictures'; did you mean 'picture'\?$"):
        named_encoding("pictures")


def test_preprocessing_is_the_encoding_of_pictures():
    assert isinstance(RULE, Encoding)
    picture = np.full((4, 6), 255, np.uint8)
    encoded = RULE.encode(picture)
    assert encoded.tolist() == RULE.pixels(picture).tolist() == [[[255]] * 3] * 2
    assert (encoded.shape, encoded.dtype) == (RULE.shape, RULE.dtype) == ((2, 3, 1), np.uint8)
    assert np.array_equal(RULE.ready(encoded[None]), RULE.normalise(encoded[None]))
    assert (RULE.kind, RULE.channels, RULE.largest) == ("picture", 1, (2, 3))
    assert tuple(RULE.canaries([picture])) == RULE.canary_files
    assert (RULE.fault(RULE.sample(encoded), encoded), RULE.fault(RULE.sample(encoded), encoded - 1)) == (
        "",
        "its pixels differ by 1 of 255 levels on average, allowed is 0.5; "
        "decoding, resizing or cropping is not what was sealed",
    )


def test_the_largest_array_is_what_is_resized_where_that_is_cut():
    rule = Preprocessing(colour="grey", resize="exact", resize_size=(90, 4), crop=(5, 5), mean=(0.5,), std=(0.5,))
    assert rule.largest == (90, 4)


def test_a_row_knows_its_kind_before_there_is_an_encoding(tmp_path):
    row = named_encoding("picture")
    assert row.read(RULE.to_dict()) == RULE
    assert list(row.items(np.zeros((2, 5, 8, 3), np.uint8)))[1].shape == (5, 8, 3)
    (tmp_path / "a.png").touch()
    assert list(row.expand([str(tmp_path)])) == [str(tmp_path / "a.png")]
    assert (row.name_of("a.png"), row.plural, row.parts) == ("a.png", "pictures", "pixels")
    with pytest.raises(UsageError, match=r"^nothing matches no/\*\.png$"):
        row.check(["no/*.png"])
