"""A run on sentences from its data to its bundle, report and predictions; also on Korean ones."""

import io
import json
import sys

import numpy as np
import pytest

import striate
from striate.errors import UsageError

GOOD = ("wonderful", "moving", "great", "delight", "brilliant")
BAD = ("boring", "awful", "dull", "mess", "terrible")


@pytest.fixture(scope="module")
def lines(film_lines):
    return film_lines


@pytest.fixture(scope="module")
def run(film_run):
    return film_run


def test_what_is_sealed(run):
    contract = run.contract
    assert (contract.kind, contract.architecture.model, contract.classes) == ("text", "textcnn_rand", ("neg", "pos"))
    assert contract.preprocessing.channels == contract.architecture.in_channels == len(contract.preprocessing.words) + 2
    assert contract.metrics["test"]["accuracy"] == 1.0
    names = sorted(path.name for path in (run.folder / "bundle" / "canaries").iterdir() if path.suffix == ".txt")
    assert names == sorted(contract.preprocessing.canary_files)


@pytest.mark.parametrize("engine", ["openvino", "torch"])
def test_it_is_asked_for_sentences(run, engine):
    classifier = run.classifier(engine=engine)
    asked = ["A brilliant, moving film!", "what an awful mess", "최고의 영화", "지루한 영화입니다"]
    assert classifier.predict(asked).tolist() == ["pos", "neg", "pos", "neg"]
    assert classifier.predict("a great delight").tolist() == ["pos"]


def test_the_command(run, tmp_path, striate_command, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"great film\n\nan awful film\n")))
    code, out, err = striate_command("predict", run.folder, "-", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert [(row["path"], row["label"]) for row in rows] == [
        ("great film", "pos"),
        ("", None),
        ("an awful film", "neg"),
    ]
    assert (code, rows[1]["error"]) == (3, "there is no word in it")
    assert "1 of 3 sentences could not be read" in err
    assert "1 of 5 words (20.0%) are not in the vocabulary" in err
    (tmp_path / "new.csv").write_text('text\n"=dull, dull"\n', encoding="utf-8")
    code, out, _ = striate_command("predict", run.folder, tmp_path / "new.csv", "--format", "csv", "--top", "1")
    assert out.splitlines()[0] == "path,label,probability,error,label_1,probability_1"
    assert out.splitlines()[1].startswith('"./=dull, dull",neg,')


def test_the_report_shows_sentences_and_no_pictures(run):
    page = run.report.read_text(encoding="utf-8")
    assert "the wonderful film" in page or "the moving film" in page or "the great film" in page
    body = page.split("<body>")[1]
    assert "Sentences" in body and "Pictures" not in body and "A picture of" not in body
    assert "<img" not in page
    assert "striate predict" in page and "A SENTENCE" in page


def test_it_is_found_again_and_evaluated(run, lines):
    evaluation = striate.evaluate(run.folder, lines)
    assert (evaluation.accuracy, evaluation.split) == (1.0, "test")
    again = striate.resume(run.folder)
    assert again.metrics == run.metrics


def test_a_run_that_was_stopped_comes_to_the_same_bytes(lines, tmp_path):
    from striate.errors import Interrupted
    from striate.watching import Watcher

    options = {"epochs": 2, "precision": "fp32", "model": "textcnn"}
    whole = striate.train(lines, output=tmp_path / "whole", **options)

    class Stopping(Watcher):
        def epoch(self, result):
            if result.epoch == 1:
                import signal

                signal.raise_signal(signal.SIGINT)

    with pytest.raises(Interrupted):
        striate.train(lines, output=tmp_path / "stopped", watcher=Stopping(), **options)
    resumed = striate.resume(tmp_path / "stopped")
    weights = [(one.folder / "bundle" / "model.safetensors").read_bytes() for one in (whole, resumed)]
    assert weights[0] == weights[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "lenet5"}, r"lenet5 takes pictures, and .* holds sentences; networks for them: textcnn_rand, "),
        ({"augment": "none", "size": 32}, "--augment and --size are for pictures; sentences are trained on without"),
        ({"weights": "imagenet"}, "--weights is for pictures"),
        ({"batch_size": "auto"}, "--batch-size auto times pictures"),
        ({"settings": ["optimizer.name=adadelta2"]}, "unknown optimizer"),
    ],
)
def test_what_makes_no_sense_of_sentences_is_refused(lines, tmp_path, options, message):
    with pytest.raises(UsageError, match=message):
        striate.train(lines, output=tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()


def test_networks_for_sentences_refuse_pictures(tmp_path):
    with pytest.raises(
        UsageError, match="textcnn_rand takes sentences, and 'digits' holds pictures; networks for them: lenet5"
    ):
        striate.train("digits", model="textcnn", output=tmp_path / "run")
    with pytest.raises(UsageError, match="--vectors goes with networks for sentences, such as textcnn_static"):
        striate.train("digits", model="lenet5", vectors="a.bin", output=tmp_path / "run")


@pytest.mark.parametrize("verb", ["advise", "find_learning_rate", "deepen"])
def test_verbs_of_pictures_say_so(lines, verb):
    with pytest.raises(UsageError, match="holds sentences, and what is asked for is possible only of pictures"):
        getattr(striate, verb)(lines)


@pytest.mark.slow
def test_a_time_limit_leaves_fewer_steps(lines, tmp_path):
    run = striate.train(lines, output=tmp_path / "run", time_limit=30, epochs=100_000, precision="fp32")
    assert 0 < run.history()[-1]["step"] < 100_000


def test_vectors_are_given_and_stay_where_they_are_fixed(lines, tmp_path):
    vectors = {word: np.random.default_rng(place).normal(0, 0.3, 300) for place, word in enumerate((*GOOD, *BAD))}
    file = tmp_path / "words.txt"
    rows = (f"{word} {' '.join(f'{value:.5f}' for value in row)}" for word, row in vectors.items())
    file.write_text("\n".join(rows), encoding="utf-8")
    options = {"epochs": 1, "precision": "fp32"}
    run = striate.train(lines, model="textcnn_static", vectors=file, output=tmp_path / "run", **options)
    network = run.classifier(engine="torch").network()
    place = run.contract.preprocessing.ids["wonderful"]
    np.testing.assert_allclose(network.words.fixed.weight[place].numpy(), vectors["wonderful"], atol=1e-5)
    assert "of 10 of " in (run.folder / "recipe.toml").read_text(encoding="utf-8")
    with pytest.raises(
        UsageError, match="textcnn_static begins with vectors of words: give a word2vec or GloVe file by --vectors"
    ):
        striate.train(lines, model="textcnn_static", output=tmp_path / "none", **options)
    with pytest.raises(UsageError, match="textcnn_rand draws its vectors; with --vectors take textcnn_nonstatic"):
        striate.train(lines, model="textcnn", vectors=file, output=tmp_path / "rand", **options)
