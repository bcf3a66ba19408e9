"""Every verb with a classifier of sentences: it does its work in their words, or refuses with one sentence."""

import csv
import json
import re

import numpy as np
import pytest

import striate
from striate.errors import UsageError

WORD = re.compile(r"\b([Pp]ictures?|[Ii]mages?)\b")


def words_of_page(page):
    """What a page says, without styles and what is drawn."""
    return re.sub(r"<style.*?</style>", "", re.sub(r"data:[^\"]*", "", page), flags=re.DOTALL)


def test_a_run_speaks_of_sentences_from_the_first_line_to_the_report(striate_command, film_lines, tmp_path):
    folder = tmp_path / "run"
    code, out, err = striate_command("train", film_lines, "--epochs", 1, "--output", folder)
    assert code == 0 and not WORD.search(out + err)
    assert "96 looks at 96 training sentences" in err and " sentences/s" in err and " sentences of test" in out
    assert not WORD.search(words_of_page((folder / "report.html").read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("inspect", "{run}"), "for 1 sentence"),
        (("compare", "{run}", "text_lstm"), "inference, 1 sentence"),
        (("evaluate", "{run}", "{data}"), "12 sentences"),
        (("evaluate", "{run}", "{data}", "--against", "{run}"), "0 of 12 sentences "),
        (("compare-runs", "{run}", "{run}"), "class  sentences"),
        (("check", "{data}"), "120 sentences of 2 classes"),
        (("predict", "{run}", "a great film"), "pos"),
    ],
)
def test_verbs_that_take_sentences_say_so(striate_command, film_run, film_lines, arguments, said):
    places = {"run": film_run.folder, "data": film_lines}
    code, out, err = striate_command(*(argument.format(**places) for argument in arguments))
    assert code == 0 and said in out and not WORD.search(out + err)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("advise", "{data}"), "holds sentences, and what is asked for is possible only of pictures"),
        (("deepen", "{data}"), "holds sentences, and what is asked for is possible only of pictures"),
        (("learning-rate", "{data}"), "holds sentences, and what is asked for is possible only of pictures"),
        (("learning-curve", "{data}"), "holds sentences, and what is asked for is possible only of pictures"),
        (("augment", "{data}", "-o", "{new}.png"), "holds sentences, and what is asked for is possible only of"),
        (("quantize", "{run}", "{data}", "-o", "{new}"), "the bundle is for sentences; what is asked for here is"),
        (("stress", "{run}", "{data}"), "the bundle is for sentences; what is asked for here is possible only of"),
        (("search", "{run}", "{data}", "--query", "a film"), "the bundle is for sentences; what is asked for here"),
        (("bench", "predict", "{run}", "a film"), "the bundle is for sentences; what is asked for here is possible"),
        (("bench", "train", "textcnn_rand"), "textcnn_rand takes sentences; only networks for pictures are timed"),
        (
            ("visualize", "{run}", "a film", "--json", "-m", "grad-cam"),
            "the network is for sentences, and grad-cam is not: before the head",
        ),
        (
            ("visualize", "text_lstm", "a film", "--json"),
            "text_lstm of the catalogue knows no words: its vocabulary comes with",
        ),
        (("train", "{data}", "--model", "resnet20"), "resnet20 takes pictures, and "),
        (("export", "{run}", "-o", "{new}.onnx", "--with-preprocessing"), "leave --with-preprocessing out"),
    ],
)
def test_verbs_that_do_not_refuse_with_one_sentence(striate_command, film_run, film_lines, tmp_path, arguments, why):
    places = {"run": film_run.folder, "data": film_lines, "new": tmp_path / "new"}
    code, out, err = striate_command(*(argument.format(**places) for argument in arguments))
    assert (code, out) == (2, "") and why in " ".join(err.split()) and "Traceback" not in err
    assert not list(tmp_path.iterdir())


def test_a_classifier_of_another_kind_than_the_data_is_refused(striate_command, film_run, finished_run, film_lines):
    code, _, err = striate_command("evaluate", film_run.folder, film_lines, "--against", finished_run.folder)
    assert code == 2 and "is a classifier of pictures, and " in err and err.rstrip().endswith("has sentences")


def test_predictions_are_gone_on_with(striate_command, film_run, film_lines, tmp_path):
    rows = tmp_path / "rows.csv"
    assert striate_command("predict", film_run.folder, film_lines / "pos.txt", "-o", rows)[0] == 0
    before = rows.read_text(encoding="utf-8")
    sources = (film_lines / "pos.txt", film_lines / "neg.txt")
    code, out, _ = striate_command("predict", film_run.folder, *sources, "-o", rows, "--resume")
    assert code == 0 and "120 rows, 60 of them from before" in out
    after = rows.read_text(encoding="utf-8")
    assert after.startswith(before)
    found = list(csv.DictReader(after.splitlines()))
    assert (
        len(found) == 120 and found[60]["path"] == (film_lines / "neg.txt").read_text(encoding="utf-8").split("\n")[0]
    )


@pytest.mark.parametrize("name", ["films.onnx", "films.xml", "films.pt2"])
def test_an_exported_file_takes_ids_and_answers_what_the_network_answers(film_run, film_lines, tmp_path, name):
    done = striate.export(film_run, tmp_path / name, data=film_lines)
    assert done.agreement.same_label == done.agreement.pictures == 120 and done.agreement.many == "sentences"
    assert max(done.agreement.logits_difference, done.agreement.canaries_difference) < 1e-5
    assert json.loads(done.metadata["preprocessing"]) == film_run.contract.preprocessing.to_dict()
    assert done.metadata["input"].startswith(f"ids of words: (batch, {film_run.contract.preprocessing.length}) int64")


def test_an_exported_file_is_an_engine(film_run, tmp_path):
    striate.export(film_run, tmp_path / "films.onnx")
    asked = ["a brilliant film", "an awful mess", "최고의 영화"]
    by_file, own = (striate.load(film_run, engine=engine) for engine in (tmp_path / "films.onnx", "torch"))
    np.testing.assert_allclose(by_file.predict_proba(asked), own.predict_proba(asked), atol=1e-6)


def test_a_comparison_draws_no_sheet_of_sentences(striate_command, film_run, tmp_path):
    sheet = tmp_path / "sheet.png"
    code, out, err = striate_command("compare-runs", film_run.folder, film_run.folder, "--sheet", sheet)
    assert code == 0 and "not distinguishable" in out and not sheet.exists()
    assert "a sheet is of pictures; none is drawn of sentences" in err
    compared = striate.compare_runs(film_run, film_run)
    with pytest.raises(UsageError, match="a sheet is of pictures; these are sentences"):
        compared.sheet()


def test_a_rule_promises_of_sentences(striate_command, film_run, film_lines, tmp_path):
    asked = ("calibrate", film_run.folder, film_lines, "--output", tmp_path / "ruled", "--abstain")
    code, out, err = striate_command(*asked, "error=0.001")
    assert code == 1 and "12 validation sentences are too few to promise error=0.001" in err and not WORD.search(err)
    code, out, err = striate_command(*asked, "error=0.4")
    assert code == 0 and "12 validation sentences" in out and "the answers to new sentences" in out
    assert not WORD.search(out + err)
