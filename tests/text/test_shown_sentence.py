"""A sentence as a person reads it, each word with the places of its ids."""

import unicodedata

import pytest

from striate.errors import ItemError
from striate.text import SentenceEncoding, split_words
from striate.text.shown_sentence import shown_sentence
from striate.text.words import shown_words


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("It isn't (very) good.", [("It", 1), ("is", 1), ("n't", 1), ("(", 1), ("very", 1), (")", 1), ("good.", 1)]),
        ("이 영화가 좋다!", [("이", 1), ("영화가", 3), ("좋다!", 3)]),
        ("映画", [("映", 1), ("画", 1)]),
        ("- good --", [("-", 0), ("good", 1), ("--", 0)]),
        (unicodedata.normalize("NFD", "영화"), [("영화", 2)]),
        ("", []),
    ],
)
def test_words_as_they_are_read(text, parts):
    assert shown_words(text) == parts
    assert sum(count for _, count in parts) == len(split_words(text))


def test_places_of_ids_and_what_is_not_known():
    encoding = SentenceEncoding(("영", "화", "good"), length=5)
    shown = shown_sentence(encoding, "영화가 - good film good, good")
    assert shown.written == ("영화가", "-", "good", "film", "good", ",", "good")
    assert shown.positions == ((0, 1, 2), (), (3,), (4,), (), (), ())
    assert shown.known == (False, True, True, False, True, False, True)
    assert shown.seen == ((0, 1, 2), (3,), (4,))
    with pytest.raises(ItemError, match="there is no word in it"):
        shown_sentence(encoding, "- -")
