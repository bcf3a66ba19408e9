"""Every verb on a classifier of several labels a picture, and on one of two classes by one number: it works, or refuses in a sentence."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

import striate

SEVERAL, ONE_NUMBER = "several", "one number"


@pytest.fixture(params=[SEVERAL, ONE_NUMBER])
def given(request, labelled, striped):
    """A run, its data, a picture, the folder of pictures, and the classes."""
    if request.param == SEVERAL:
        run = request.getfixturevalue("label_run")
        return run, labelled, labelled.parent / "pictures/15.png", labelled.parent / "pictures", ("blue", "red")
    return request.getfixturevalue("sigmoid_run"), striped, striped / "bands/003.png", striped, ("across", "bands")


def test_the_run_is_as_any_other(given):
    run, *_, classes = given
    several = classes == ("blue", "red")
    contract = json.loads((run.folder / "bundle/contract.json").read_text(encoding="utf-8"))
    assert tuple(contract["classes"]) == classes
    assert contract["architecture"]["num_classes"] == (2 if several else 1)
    assert ("thresholds" in contract) == several
    assert ("mean_average_precision" in run.metrics["test"]) == several
    page = (run.folder / "report.html").read_text(encoding="utf-8")
    assert ("Label by label" in page) == several and all(name in page for name in classes)


def test_predict_in_a_table_csv_and_json(given, striate_command):
    run, _, picture, _, classes = given
    several = classes == ("blue", "red")
    _, text, _ = striate_command("predict", run.folder, picture)
    code, table, _ = striate_command("predict", run.folder, picture, "--format", "csv")
    assert code == 0
    row = next(csv.DictReader(table.splitlines()))
    code, out, _ = striate_command("predict", run.folder, picture, "--json")
    found = json.loads(out.splitlines()[0])
    assert code == 0
    if several:
        assert row["labels"] == "blue|red" and {one["label"] for one in found["labels"]} == {"blue", "red"}
        assert "blue" in text and "red" in text
    else:
        assert row["label"] == found["label"] == "bands" and "bands" in text


def test_evaluate_gives_what_the_run_gave(given, striate_command):
    run, data, *_ = given
    code, out, _ = striate_command("evaluate", run.folder, data, "--json")
    found = json.loads(out)
    assert code == 0
    for name in ("accuracy", "log_loss", "count"):
        assert found[name] == pytest.approx(run.metrics["test"][name], abs=1e-5)


def test_one_beside_itself(given, striate_command):
    run, data, *_ = given
    for command in (("evaluate", run.folder, data, "--against", run.folder), ("compare-runs", run.folder, run.folder)):
        code, out, err = striate_command(*command)
        assert code == 0, err
        assert "are not distinguishable" in out


def test_its_limits_with_the_pictures_that_flip(given, tmp_path):
    run, data, *_, classes = given
    card = striate.stress(run, data, only=["lighting", "covered"])
    assert card.classifiers[0].clean == pytest.approx(run.metrics["test"]["accuracy"])
    flips = [flip for row in card.flipped for flip in row]
    known = {*classes, "no label", "|".join(classes)}
    assert {name for flip in flips for name in (flip.true, flip.answer)} <= known
    assert all(flip.true != flip.answer for flip in flips)
    assert classes != ("blue", "red") or flips  # dark pictures have no colours any more
    assert card.to_html().startswith("<!doctype html>")


def test_export_says_what_makes_probabilities(given, striate_command, tmp_path):
    run, *_, picture, _, classes = given
    code, out, err = striate_command("export", run.folder, "-o", tmp_path / "x.onnx", "--json")
    assert code == 0, err
    said = json.loads(out)["metadata"]
    temperature = json.loads(said["temperature"])
    formula = f"sigmoid(logits / {temperature:g})"
    if classes == ("blue", "red"):
        assert said["probabilities"] == formula and json.loads(said["thresholds"]).keys() == set(classes)
    else:
        assert said["probabilities"] == f"{formula}, of bands" and "thresholds" not in said
    _, own, _ = striate_command("predict", run.folder, picture)
    assert striate_command("predict", run.folder, picture, "--engine", tmp_path / "x.onnx")[1] == own


@pytest.mark.slow
def test_quantize(given, striate_command, tmp_path):
    run, data, *_ = given
    code, out, err = striate_command("quantize", run.folder, data, "-o", tmp_path / "int8", "--max-drop", 100)
    assert code == 0, err
    assert "agreement" in out and striate_command("evaluate", tmp_path / "int8", data)[0] == 0


def test_visualize_has_the_probabilities_of_predict(given, striate_command, tmp_path):
    run, _, picture, _, classes = given
    _, out, _ = striate_command("predict", run.folder, picture, "--top", 2, "--json")
    predicted = {one["label"]: one["probability"] for one in json.loads(out)["top"]}
    for target in classes:
        code, out, err = striate_command(
            "visualize", run.folder, picture, "-m", "occlusion", "--target", target, "--json", "-o", tmp_path / "x.png"
        )
        assert code == 0, err
        shown = {one["class"]: one["probability"] for one in json.loads(out)["predictions"]}
        assert shown == pytest.approx(predicted, abs=1e-5)
        assert ("probabilities do not add up to 1" in err) == (classes == ("blue", "red"))
        with Image.open(tmp_path / "x.png") as drawn:
            assert np.ptp(np.asarray(drawn)) > 0


def test_search_and_pictures_of_data(given, striate_command, tmp_path):
    run, _, picture, folder, _ = given
    code, out, err = striate_command("search", run.folder, folder, "--query", picture, "--top", 3, "--json")
    assert code == 0, err
    assert len(json.loads(out)["queries"][0]["matches"]) == 3


def test_calibrate_keeps_answers_back(given, striate_command, tmp_path):
    run, data, picture, _, classes = given
    wish = ("--abstain", "coverage=0.5,unfamiliar=0.45")
    code, out, err = striate_command("calibrate", run.folder, data, *wish, "-o", tmp_path / "x")
    assert code == 0, err
    assert "to promise that at least 50% of new pictures get an answer" in out
    code, out, err = striate_command("predict", tmp_path / "x", picture, "--json")
    assert code == 0, err
    assert {"abstains", "reason", "unfamiliarity"} <= json.loads(out.splitlines()[0]).keys()
    code, out, err = striate_command("evaluate", tmp_path / "x", data, "--json")
    found = json.loads(out)
    assert code == 0 and 0 < found["rule"]["answered"] <= found["rule"]["count"] <= found["count"], err
    names = striate.load(tmp_path / "x").predict([picture], abstaining="?")
    assert names[0] in ("?", "|".join(classes) if classes == ("blue", "red") else "bands")


def test_sets_of_classes_are_of_one_class_a_picture(
    labelled, label_run, sigmoid_run, striped, striate_command, tmp_path
):
    code, _, err = striate_command("calibrate", label_run.folder, labelled, "--conformal", "0.9", "-o", tmp_path / "x")
    assert code == 2 and "--conformal makes sets of classes" in err and "may have several labels" in err
    assert not (tmp_path / "x").exists()
    code, out, err = striate_command(
        "calibrate", sigmoid_run.folder, striped, "--conformal", "0.6", "-o", tmp_path / "x"
    )
    assert code == 0 and "the true one is among them in 60.0% of new pictures" in out, err


@pytest.mark.parametrize("verb", ["learning-curve", "advise"])
def test_heads_of_several_labels_are_compared(verb, labelled, label_run, striate_command):
    weights = label_run.folder / "bundle/model.safetensors"
    code, out, err = striate_command(verb, labelled, "--model", "resnet20", "--weights", weights)
    assert code == 0, err
    assert ("all labels right" in out) == (verb == "learning-curve")
    assert ("the mean average precision of a head" in out.replace("\n", " ")) == (verb == "advise")


def test_a_head_of_sigmoids_is_fitted_to_frozen_features(given, striate_command, tmp_path):
    run, data, *_, classes = given
    several = classes == ("blue", "red")
    options = () if several else ("--classifier", "sigmoid")
    weights = ("--model", "resnet20", "--weights", run.folder / "bundle/model.safetensors", "--transfer", "head")
    code, _, err = striate_command("train", data, *weights, *options, "-o", tmp_path / "x")
    assert code == 0, err
    fitted = striate.Run(tmp_path / "x")
    assert fitted.metrics["val"]["log_loss"] < (0.7 if several else 0.35)
    contract = json.loads((fitted.folder / "bundle/contract.json").read_text(encoding="utf-8"))
    assert contract["architecture"]["num_classes"] == (2 if several else 1)


@pytest.mark.slow
def test_several_ways_are_compared(given, striate_command, tmp_path):
    _, data, *_, classes = given
    several = classes == ("blue", "red")
    options = () if several else ("--classifier", "sigmoid")
    code, _, err = striate_command("train", data, *options, "-o", tmp_path / "x")
    assert code == 0, err
    record = json.loads((tmp_path / "x/tournament.json").read_text(encoding="utf-8"))
    assert record["metric"] == ("mean_average_precision" if several else "accuracy")
    assert len(record["entries"]) >= 2 and record["entries"][0]["state"] == "won"
    assert record["entries"][0]["score"] >= 0.5
    assert "one network is trained" not in err


def test_metrics_of_the_other_kind_are_refused_at_once(given, striate_command, tmp_path):
    _, data, *_, classes = given
    several = classes == ("blue", "red")
    metric = "balanced_accuracy" if several else "mean_average_precision"
    code, _, err = striate_command("train", data, "--metric", metric, "-o", tmp_path / "x")
    assert code == 2 and f"and these have {'several labels' if several else 'one class'}; take one of" in err


@pytest.mark.slow
def test_deepen_learns_several_labels(labelled, striate_command, tmp_path):
    code, out, err = striate_command("deepen", labelled, "--epochs", 1, "-o", tmp_path / "x")
    assert code == 0, err
    assert "plain56" in out and "resnet56" in out


@pytest.mark.parametrize(
    ("name", "because"), [("nin_cifar10", "never below 0"), ("allcnn_c", "never below 0"), ("lenet5", "distances")]
)
def test_networks_whose_logits_no_sigmoid_suits_are_refused(
    name, because, labelled, striped, striate_command, tmp_path
):
    for data in ((labelled,), (striped, "--classifier", "sigmoid")):
        code, _, err = striate_command("train", *data, "--model", name, "--epochs", 1, "-o", tmp_path / "x")
        assert code == 2 and because in err and "for sigmoids take another network" in err
        assert not (tmp_path / "x").exists()
