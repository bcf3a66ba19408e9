"""The tokeniser: what of a text is a word, by a rule that has a version.

Version 1, for English, is `clean_str` of Kim's program: letters, digits, quotes and the signs `( ) , ! ?` stay, everything else
becomes a space; `'s 've n't 're 'd 'll` and these signs are words of their own; all is in lower case. What it adds is for text in
other scripts, which that program throws away: letters, digits and the marks upon them stay whatever their script, in Unicode's form
NFC. Of Hangul, Han and kana every sign is a word of its own: Chinese and Japanese set no spaces between words, and Korean writes
what English has prepositions for into the word (`영화가`, `영화를`, `영화는`), so that filters over three to five syllables see words
where whole words would mostly be unknown.

Source: Kim 2014, github.com/yoonkim/CNN_sentence, process_data.py.
"""

from __future__ import annotations

import re
import unicodedata

RULE = 1
"""The version of the rule: a bundle says by which its sentences are taken apart, and another one is refused."""

LONGEST_WORD = 100
"""Characters; what is longer is no word of any language, and is cut."""

HANGUL = "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff"
"""Syllables, and the letters they are made of."""

ONE_BY_ONE = (
    HANGUL + "\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9d"  # kana
    "\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)

_HANGUL = re.compile(f"[{HANGUL}]")
_NO_WORD = re.compile(r"[^\w(),!?'`]|_")
_SINGLE = re.compile(f"([{ONE_BY_ONE}])")
_APART = ((re.compile(r"('s|'ve|n't|'re|'d|'ll)", re.IGNORECASE), r" \1"), (re.compile(r"([,!?()])"), r" \1 "))


def split_words(text: str) -> list[str]:
    """The words of a text, in their order.

    Args:
        text: Of any length, in any Unicode form.

    Example:
        >>> split_words("It's a (very) GOOD film, isn't it?")
        ['it', "'s", 'a', '(', 'very', ')', 'good', 'film', ',', 'is', "n't", 'it', '?']
        >>> split_words("이 영화 좋다!")
        ['이', '영', '화', '좋', '다', '!']
    """
    if not text.isascii():
        text = _SINGLE.sub(r" \1 ", _cleaned(unicodedata.normalize("NFC", text.replace("’", "'"))))
    else:
        text = _NO_WORD.sub(" ", text)
    for pattern, replacement in _APART:
        text = pattern.sub(replacement, text)
    return [word[:LONGEST_WORD] for word in text.lower().split()]


def written_words(text: str) -> list[tuple[str, list[str]]]:
    """What stands between the spaces of a text, each with the words of `split_words` that it comes to, which may be none.

    Example:
        >>> written_words("isn't it -")
        [("isn't", ['is', "n't"]), ('it', ['it']), ('-', [])]
    """
    return [(written, split_words(written)) for written in text.split()]


def shown_words(text: str) -> list[tuple[str, int]]:
    """A text in the parts that a person reads as words, each with how many words of `split_words` it comes to, which may be none.

    What stands between spaces falls into the words of the rule, but for one that has Hangul, whose syllables make up a word; what
    comes to one word or none stays as it is written.

    Example:
        >>> shown_words("Isn't it - 영화가 good?")
        [('is', 1), ("n't", 1), ('it', 1), ('-', 0), ('영화가', 3), ('good', 1), ('?', 1)]
    """
    parts: list[tuple[str, int]] = []
    for written, words in written_words(unicodedata.normalize("NFC", text)):
        if len(words) > 1 and not _HANGUL.search(written):
            parts += [(word, 1) for word in words]
        else:
            parts.append((written, len(words)))
    return parts


def _cleaned(text: str) -> str:
    """Without what belongs to no word; the marks of scripts such as Devanagari, which regular expressions take for none, stay."""
    if all(not unicodedata.category(sign).startswith("M") for sign in text):
        return _NO_WORD.sub(" ", text)
    return "".join(sign if unicodedata.category(sign).startswith("M") else _NO_WORD.sub(" ", sign) for sign in text)
