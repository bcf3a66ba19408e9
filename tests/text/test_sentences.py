import json

import numpy as np
import pytest

from striate.encodings import ENCODINGS, Encoding, named_encoding
from striate.errors import ItemError, UsageError
from striate.text import SentenceEncoding
from striate.text.sentences import Tally

SENTENCES = ["a good film", "a bad film", "a film", "not bad"]


@pytest.fixture
def encoding():
    return SentenceEncoding.of(SENTENCES)


def test_the_commonest_words_come_first_and_equals_by_their_signs(encoding):
    assert encoding.words == ("a", "film", "bad", "good", "not")
    assert encoding.length == 5  # no less than the widest filter
    assert SentenceEncoding.of(SENTENCES, most=2).words == ("a", "film")
    assert SentenceEncoding.of(["one two three four five six seven"], longest=6).length == 6


def test_a_sentence_is_the_ids_of_its_words(encoding):
    assert encoding.encode("A GOOD, good film").tolist() == [2, 5, 1, 5, 3]
    assert encoding.encode(b"not").tolist() == [6, 0, 0, 0, 0]
    assert encoding.encode("a a a a a a bad").tolist() == [2] * 5
    assert encoding.encode("never seen").dtype == np.int32
    ready = encoding.ready(np.stack([encoding.encode("film")]))
    assert (ready.tolist(), ready.dtype) == ([[3, 0, 0, 0, 0]], np.int64)


def test_it_is_an_encoding_of_the_table(encoding):
    assert isinstance(encoding, Encoding)
    assert (encoding.shape, encoding.largest, encoding.channels) == ((5,), (5,), 7)
    row = named_encoding("text")
    again = row.read(json.loads(json.dumps(encoding.to_dict())))
    assert (again, again.digest) == (encoding, encoding.digest)
    assert SentenceEncoding.of(["another film"]).digest != encoding.digest
    assert list(ENCODINGS) == ["picture", "text", "frames"]


def test_the_canaries_pass_every_step(encoding):
    canaries = encoding.canaries([text.encode() for text in SENTENCES])
    assert tuple(canaries) == encoding.canary_files
    assert canaries["first.txt"] == b"a good film"
    assert canaries["second.txt"] == b"not bad"
    rows = {name: encoding.encode(content) for name, content in canaries.items()}
    assert len(encoding.all_ids(canaries["long.txt"])) > encoding.length
    assert rows["unknown.txt"].tolist()[0] == 1
    assert encoding.fault(encoding.sample(rows["first.txt"]), rows["first.txt"]) == ""
    fault = encoding.fault(encoding.sample(rows["first.txt"]), rows["second.txt"])
    assert fault == "its words have other ids; the rule that splits sentences is not what was sealed"
    assert set(SentenceEncoding.of(["one"]).canaries([b"one"])) == set(encoding.canary_files)


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("...", "there is no word in it"),
        ("", "there is no word in it"),
        (b"\0", "zero bytes"),
        (7, "a sentence is a text, got int"),
        ("a " * 600_000, "1,200,000 characters; expected at most 1,000,000"),
    ],
)
def test_what_is_no_sentence_is_refused(encoding, item, message):
    with pytest.raises(ItemError, match=message):
        encoding.encode(item)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"rule": 2, "length": 5, "words": ["a"]}, "taken apart by version 1 of the rule here, got version 2"),
        ({"rule": 1, "length": 0, "words": ["a"]}, r"length must lie in 5\.\.10,000 words, got 0"),
        ({"rule": 1, "length": 5, "words": []}, "a vocabulary has 1 to 1,000,000 words, got 0"),
        ({"rule": 1, "length": 5, "words": ["a", "a"]}, "the vocabulary holds one word twice"),
        ({"rule": 1, "length": 5, "words": ["a b"]}, "the vocabulary holds 'a b', which is no word"),
        ({"rule": 1, "length": 5, "words": [7]}, "the vocabulary holds something that is no text"),
        ({"rule": 1, "length": 5.0, "words": ["a"]}, "rule and length are whole numbers and words is a list"),
        ({"rule": 1, "length": 5}, "has rule, length and words, and no more"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(table, message):
    with pytest.raises(UsageError, match=message):
        SentenceEncoding.from_dict(table)


def test_a_tally_counts_what_is_not_known(encoding):
    tally = Tally(encoding)
    for sentence in ("a good film", "an ugly film", "...", "a a a a a film"):
        tally.add(sentence)
    assert tally.remarks() == [
        "2 of 12 words (16.7%) are not in the vocabulary of 5",
        "1 of 3 sentences have more than 5 words, and are cut there",
    ]
    assert Tally(encoding).remarks() == []
