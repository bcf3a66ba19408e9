"""Words and phrases as they are shown: on a screen, as a picture, on a page."""

import numpy as np

from striate.report.seeing_contents import Panel, SeeingReport, SentenceSeen
from striate.report.seeing_page import render
from striate.report.word_contents import FilterPhrases, ScoredWord, SeenPhrase, signed, strength
from striate.report.words_page import word_marks
from striate.report.words_picture import FOR, draw_phrases, draw_words
from striate.report.words_text import MOST_WORDS, phrase_lines, report_lines, sentence_lines

WORDS = [ScoredWord("good", 0.5), ScoredWord("–", None), ScoredWord("영화", -0.25, known=False), ScoredWord("a", 0.0)]


def seen(words=WORDS, **named):
    panel = Panel("occlusion", "Occlusion", "", [], words=words)
    return SentenceSeen("good – 영화 a", [("pos", 0.9), ("neg", 0.1)], "pos", [panel], **named)


def report(*sentences, units=()):
    return SeeingReport("net", "", None, (), "", (), (), units, sentences=sentences, kind="text")


def test_a_line_a_word_with_a_bar_of_signs():
    assert sentence_lines(seen(), width=60) == [
        "good – 영화 a",
        "answered: pos  90.0%",
        "",
        "word   occlusion",
        "good    +0.500 ++++++",
        "–      not seen",
        "영화*   -0.250 ---",
        "a            0",
        "",
        "+ speaks for pos, - against it; the longest bar of a column",
        "  is its largest",
        "* not in the vocabulary",
    ]


def test_of_a_long_text_the_words_that_weigh_most():
    words = [ScoredWord(f"w{place}", float(place % 50)) for place in range(100)]
    lines = sentence_lines(seen(words))
    assert f"the {MOST_WORDS} of 100 words that weigh most" in lines
    assert sum(line.startswith("w") and not line.startswith("word") for line in lines) == MOST_WORDS
    assert any(line.startswith("w99 ") for line in lines) and not any(line.startswith("w50 ") for line in lines)


def test_what_failed_is_said_beside_the_sentence():
    panel = Panel("occlusion", "Occlusion", "", [], words=WORDS, warnings=["the map is empty"])
    sentence = SentenceSeen("good", [("pos", 0.9)], "neg", [panel], notes=["it was cut"])
    lines = report_lines(report(sentence, sentence))
    assert lines.count("note: the map is empty") == lines.count("note: it was cut") == 2
    assert "answered: pos  90.0%; asked about: neg" in lines


def test_phrases_on_a_screen():
    found = FilterPhrases(7, 3, "pos", 0.3, [SeenPhrase(("", "a", "film"), 1.25, "a film", 3)])
    panel = Panel("top", "Phrases", "", [], phrases=[found, FilterPhrases(8, 3, "pos", 0.3, [])])
    assert phrase_lines(panel) == [
        "filter 7, 3 words, for pos",
        "  1.25   · a film (in 3)",
        "filter 8, 3 words, for pos",
        "  answers 0 to every phrase",
    ]
    assert "It answers 0 to every phrase." in render(report(units=[panel]))


def test_the_strongest_word_has_the_fullest_colour():
    pixels = draw_words(WORDS)
    assert pixels.shape[1:] == (960, 3) and (pixels == np.array(FOR)).all(2).any()
    assert len(draw_words(WORDS * 20)) > len(pixels) and draw_phrases([]).shape[1] == 960
    marks = word_marks(WORDS)
    assert [(mark.kind, mark.share) for mark in marks] == [("for", 1.0), ("none", 0.0), ("against", 0.5), ("zero", 0.0)]
    assert strength([ScoredWord("a", None)]) == 1.0
    assert [signed(value) for value in (12.34, -1.234, 0.1234, 0.0)] == ["+12.3", "-1.23", "+0.123", "0"]


def test_the_page_says_each_number_and_is_escaped():
    evil = [ScoredWord("<script>x", 0.5), ScoredWord("\u202eb", -0.1)]
    page = render(report(seen(evil, notes=["<b>"])))
    assert "<script" not in page and "&lt;script&gt;x" in page and "\u202e" not in page and "&lt;b&gt;" in page
    assert "<span>+0.500</span>" in page and "<span>-0.100</span>" in page
