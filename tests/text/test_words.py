import unicodedata

import pytest

from striate.text.words import LONGEST_WORD, split_words, written_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        # Each by hand from clean_str of Kim's program.
        ("It's the film's", "it 's the film 's"),
        ("I've seen; they'd go, we'll see: you're", "i 've seen they 'd go , we 'll see you 're"),
        ("don't isn't CAN'T", "do n't is n't ca n't"),
        ("so good (really)! why?", "so good ( really ) ! why ?"),
        ("rock-and-roll & 3.5 stars... `ok'", "rock and roll 3 5 stars `ok'"),
        ("a_b <b>c</b> @d #e 100%", "a b b c b d e 100"),
        ("", ""),
        (" \t\n", ""),
        ("--- … ***", ""),
    ],
)
def test_english_as_the_authors_program_has_it(text, words):
    assert split_words(text) == words.split()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("이 영화, 정말 좋다!", "이 영 화 , 정 말 좋 다 !"),
        ("ㅋㅋ 최고 BTS", "ㅋ ㅋ 최 고 bts"),
        ("日本語です", "日 本 語 で す"),
        ("Der Käse, ça va, Ünïcode", "der käse , ça va , ünïcode"),
        ("हिन्दी में", "हिन्दी में"),
        ("isn’t", "is n't"),
        ("Привет мир", "привет мир"),
    ],
)
def test_other_scripts_survive(text, words):
    assert split_words(text) == words.split()


def test_unicode_forms_make_no_difference():
    text = "한국어 Käse"
    assert split_words(unicodedata.normalize("NFD", text)) == split_words(text) == ["한", "국", "어", "käse"]


def test_a_word_longer_than_any_is_cut():
    assert split_words("a" * 1000) == ["a" * LONGEST_WORD]


def test_what_is_written_is_what_is_split():
    text = "Isn't 이 영화 good, really?"
    parts = written_words(text)
    assert [written for written, _ in parts] == text.split()
    assert [word for _, words in parts for word in words] == split_words(text)
