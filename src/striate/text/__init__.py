"""Sentences to numbers, without torch: words by a rule, a vocabulary, and the ids of a sentence's words."""

from striate.text.reading import read_text as read_text
from striate.text.sentences import SentenceEncoding as SentenceEncoding
from striate.text.words import RULE as RULE
from striate.text.words import split_words as split_words

__all__ = ["RULE", "SentenceEncoding", "read_text", "split_words"]
