"""`striate visualize` of a bundle for sentences: words with what they did, phrases, what is not for sentences, pages that are escaped."""

import io
import json
import sys

import numpy as np
import pytest

import striate
from striate.encodings import ENCODINGS
from striate.errors import DataError, ItemError, UsageError
from striate.seeing.methods import ROWS, of_sentences

GOOD = "the wonderful film number 3 is great"


@pytest.fixture(scope="module")
def seen(film_run):
    return striate.visualize(film_run.folder, GOOD)


def test_each_method_says_for_each_kind_whether_it_is_for_it():
    for method in ROWS:
        for kind in set(ENCODINGS) - {"picture"}:
            applies = bool(method.of_sentences) and kind == "text"
            assert applies == (kind not in method.not_for), (method.name, kind)
    assert [method.name for method in of_sentences()] == ["occlusion", "integrated-gradients", "top"]


def test_the_words_that_spoke(seen):
    occlusion, gradients = seen.panels
    assert [panel.method for panel in seen.panels] == ["occlusion", "integrated-gradients"]
    for panel in seen.panels:
        scores = {word.written: word.score for word in panel.words}
        assert [word.written for word in panel.words] == GOOD.split()
        assert max(scores, key=scores.get) in ("wonderful", "great")
        assert dict(panel.checks)["Alike with new weights"].endswith("in all of its layers")
    assert sum(word.score for word in gradients.words) == pytest.approx(gradients.facts["sum"])
    assert gradients.facts["check"]["completeness"]["error"] < 0.05
    sentence = seen.report.sentences[0]
    assert (sentence.target, sentence.predictions[0][0]) == ("pos", "pos")
    assert occlusion.facts["occlusion"]["unhidden"]["probability"] == pytest.approx(
        sentence.predictions[0][1], abs=1e-6
    )


def test_probabilities_are_those_of_predict(seen, film_run):
    classifier = film_run.classifier(engine="torch")
    expected = dict(zip(classifier.classes, classifier.predict_proba(GOOD)[0], strict=True))
    assert dict(seen.report.sentences[0].predictions) == pytest.approx(expected, abs=1e-5)


def test_a_class_that_was_not_answered(film_run):
    other = striate.visualize(film_run.folder, GOOD, method="integrated-gradients", target="neg")
    scores = {word.written: word.score for word in other.panels[0].words}
    assert min(scores, key=scores.get) in ("wonderful", "great") and other.report.sentences[0].target == "neg"
    assert "asked about: neg" in other.to_text()


def test_korean_is_shown_as_it_is_written(film_run):
    korean = striate.visualize(film_run.folder, "최고의 영화", method="occlusion")
    words = korean.panels[0].words
    assert [word.written for word in words] == ["최고의", "영화"] and words[0].score > words[1].score
    assert korean.panels[0].checks == [("Test", "not made: ranks of 2 words are alike by chance; it takes 5")]
    assert "최고의" in korean.to_html() and korean.pixels.dtype == np.uint8


def test_the_screen_needs_no_colour_and_sixty_columns(film_run):
    said = striate.visualize(film_run.folder, f"qwxzv {GOOD} and so on").to_text(width=60)
    assert all(len(line) <= 60 for line in said.splitlines()) and "\x1b" not in said
    assert "qwxzv*" in said and "* not in the vocabulary" in said and "not seen" in said
    assert "wonderful" in said and "++++" in said and "answered: pos" in said
    assert "words are not in the vocabulary" in said


def test_names_and_words_are_escaped(film_run):
    page = striate.visualize(film_run.folder, ['<img src=x onerror="alert(1)"> great \x1b[2J film', GOOD]).to_html()
    assert "<img src=x" not in page and "<script" not in page and "\x1b" not in page
    assert page.count('<ul class="marked">') == 4 and "Content-Security-Policy" in page


def test_phrases_of_many_sentences(film_run, film_lines):
    seen = striate.visualize(film_run.folder, data=film_lines, method="top")
    filters = seen.panels[0].phrases
    assert {one.speaks_for for one in filters} == {"neg", "pos"} and len(filters) == 6
    assert all(1 <= len(one.phrases) <= 9 for one in filters)
    assert all(
        [phrase.activation for phrase in one.phrases]
        == sorted((phrase.activation for phrase in one.phrases), reverse=True)
        for one in filters
    )
    positive = " ".join(
        word for one in filters if one.speaks_for == "pos" for phrase in one.phrases for word in phrase.words
    )
    assert "wonderful" in positive or "great" in positive or "최" in positive
    told = json.loads(json.dumps(seen.to_dict()))
    assert told["panels"][0]["filters"][0]["phrases"][0]["words"] and told["sentences"] == []
    assert filters[0].phrases[0].sentence in seen.to_html() and f"filter {filters[0].filter}, " in seen.to_text()
    one = striate.visualize(film_run.folder, data=film_lines / "pos.txt", method="top", unit=7).panels[0]
    assert [found.filter for found in one.phrases] == [7] and one.facts["sentences"] == 60


def test_a_notebook_shows_it(seen):
    assert (
        "Occlusion" in seen._repr_html_() and json.loads(json.dumps(seen.to_dict()))["sentences"][0]["sentence"] == GOOD
    )


def test_the_command(film_run, film_lines, tmp_path, striate_command, monkeypatch):
    code, out, err = striate_command("visualize", film_run.folder, GOOD)
    assert (code, err) == (0, "") and "integrated gradients" in out
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"great film\n\nan awful film\n")))
    code, out, err = striate_command("visualize", film_run.folder, "-", "-m", "occlusion", "--json")
    told = json.loads(out)
    assert [(one["sentence"], one["target"]) for one in told["sentences"]] == [
        ("great film", "pos"),
        ("an awful film", "neg"),
    ]
    assert told["notes"][-1].startswith("1 of 3 sentences could not be read")
    page, picture = tmp_path / "words.html", tmp_path / "words.png"
    code, out, err = striate_command(
        "visualize", film_run.folder, film_lines / "neg.txt", "--html", page, "-o", picture
    )
    assert code == 0 and page.is_file() and picture.is_file() and f"written to {picture}" in out


@pytest.mark.parametrize(
    ("given", "options", "kind", "message"),
    [
        (
            GOOD,
            {"method": "grad-cam"},
            UsageError,
            "the network is for sentences, and grad-cam is not: before the head",
        ),
        (GOOD, {"method": "deconvnet"}, UsageError, "deconvnet is not: words are looked up in a table"),
        (GOOD, {"layer": "windows"}, UsageError, "--layer is for pictures; the network is for sentences"),
        (GOOD, {"size": 32, "weights": "imagenet"}, UsageError, "--weights and --size are for pictures"),
        (GOOD, {"target": "bad"}, UsageError, "unknown class 'bad'"),
        (None, {}, UsageError, "all needs a sentence"),
        (None, {"method": "top"}, UsageError, "top needs data: many sentences"),
        (
            None,
            {"method": "top", "data": "digits"},
            DataError,
            "digits holds pictures, and the network is for sentences",
        ),
        (3, {}, UsageError, "is shown a text or a list of texts, got int"),
        ([], {}, UsageError, "a page shows 1 to 100 sentences, got 0"),
        ("- -", {}, ItemError, "there is no word in it"),
    ],
)
def test_what_is_refused(film_run, given, options, kind, message):
    with pytest.raises(kind, match=message):
        striate.visualize(film_run.folder, given, **options)


def test_filters_that_there_are_not(film_run, film_lines):
    with pytest.raises(UsageError, match="the network has 300 filters, 0 to 299; got 300"):
        striate.visualize(film_run.folder, data=film_lines, method="top", unit=300)
    with pytest.raises(UsageError, match="--unit of a network for sentences is a filter's number"):
        striate.visualize(film_run.folder, data=film_lines, method="top", unit=(1, 2, 3))


def test_names_of_the_catalogue_have_no_words():
    with pytest.raises(
        UsageError, match="text_lstm of the catalogue knows no words: its vocabulary comes with training"
    ):
        striate.visualize("text_lstm", GOOD)
    with pytest.raises(UsageError, match="the network is for clips, and no way to see inside is: the cells of"):
        striate.visualize("convlstm", GOOD)
