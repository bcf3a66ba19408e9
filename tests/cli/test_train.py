import html
import json
import tomllib

import numpy as np
import pytest
import torch
from PIL import Image

import striate
from striate.augmentation import named_policy
from striate.models import create_model


def test_training_prints_the_result_on_stdout_and_progress_on_stderr(striate_command, striped, tmp_path):
    folder = tmp_path / "run"
    options = ["--model", "resnet20", "--epochs", 1, "--set", "batch_size=16", "--output", folder]
    code, out, err = striate_command("train", striped, *options)
    assert code == 0
    assert out.startswith("accuracy  ") and f"report    {folder}/report.html" in out
    assert "epoch   1  train loss" in err and "model" not in out
    assert "input size 32 x 32" in err

    again = striate_command("train", striped, *options)
    assert again.code == 2 and again.out == ""
    assert again.err == (
        f"striate: --output {folder} exists already; nothing was changed; go on with it by: "
        f"striate train --resume {folder}\n"
    )

    code, out, err = striate_command("train", "--resume", folder, "--json")
    result = json.loads(out)
    assert code == 0 and result["run"] == str(folder)
    keys = (
        "run",
        "report",
        "model",
        "task",
        "head_stages",
        "accuracy",
        "split",
        "metrics",
        "calibration",
        "findings",
        "rule",
        "tournament",
    )
    assert set(result) == set(keys) and result["tournament"] is None
    assert result["accuracy"] == result["metrics"]["test"]["accuracy"]
    assert result["calibration"] == {"temperature": 1.0, "pictures": 0}
    assert any("6 validation pictures are too few to fit a temperature" in row["text"] for row in result["findings"])
    assert "has ended already; nothing was left to do" in err


@pytest.mark.slow
def test_what_is_said_reaches_the_recipe(striate_command, striped, tmp_path):
    folder = tmp_path / "run"
    options = ["--init", "he_normal", "--augment", "light", "--balance", "sampler", "--batch-size", "auto"]
    code, _, err = striate_command("train", striped, "--model", "resnet20", "--epochs", 1, *options, "--output", folder)
    assert code == 0, err
    recipe = tomllib.loads((folder / "recipe.toml").read_text())
    assert (recipe["initialization"], recipe["balance"], recipe["batch_size"]) == ("he_normal", "sampler", 8)
    assert recipe["augmentation"] == named_policy("light", drawn=False).to_dict()
    assert {"what": "batch size", "value": "8", "why": "an epoch of 48 pictures has 6 steps then"} in recipe[
        "decisions"
    ]
    shown = next(row for row in recipe["decisions"] if row["what"] == "augmentation" and row["why"] == "asked for")
    assert shown["value"].startswith("light: ") and shown["value"] in " ".join(err.split())


def test_a_head_is_fitted_and_shown(striate_command, striped, tmp_path):
    weights = tmp_path / "weights.pth"
    torch.save(create_model("resnet20", num_classes=3, seed=0).state_dict(), weights)
    folder = tmp_path / "run"
    options = ["--model", "resnet20", "--weights", weights, "--mean", 0.5, "--std", 0.5, "--transfer", "head"]
    code, out, err = striate_command("train", striped, *options, "--output", folder)
    assert code == 0 and out.startswith("accuracy  100.00%")
    assert "transfer head" in " ".join(err.split()) and "130 of 269,202 parameters learn, 269,072 are frozen" in err
    assert "epoch" not in err and "augmentation" not in err  # no step is taken, so nobody need know of them


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--transfer", "stagez:1"], "full, stages:N, head:STAGE, head:STAGE+STAGE or auto, got 'stagez:1'"),
        (
            ["--transfer", "head"],
            "--transfer head starts from trained weights; give --weights imagenet or a file, or --transfer scratch",
        ),
        (["--init", "he_norml"], "unknown initialisation 'he_norml'; did you mean 'he_normal'"),
        (["--augment", "lihgt"], "unknown augmentation policy 'lihgt'; did you mean 'light'"),
        (["--balance", "sampling"], "unknown balance 'sampling'; did you mean 'sampler'"),
        (["--batch-size", "some"], "--batch-size must be a whole number or auto, got 'some'"),
        (["--batch-size", "0"], "batch_size must be 1 or more, got 0"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(striate_command, tmp_path, options, message):
    code, out, err = striate_command("train", tmp_path / "not there", *options, "--output", tmp_path / "run")
    assert (code, out) == (2, "")
    assert message in err and err.startswith("striate: ") and err.count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_quiet(striate_command, striped, tmp_path):
    options = ["--model", "resnet20", "--epochs", 1, "--quiet", "--output", tmp_path / "run"]
    code, out, err = striate_command("train", striped, *options)
    assert code == 0 and "epoch   1" not in err and out.startswith("accuracy")


def test_published_weights_of_a_row_that_has_none(striate_command, tmp_path):
    code, out, err = striate_command("train", tmp_path, "--model", "efficientnet_b1_tf", "--weights", "imagenet")
    assert (code, out) == (2, "")
    assert err == (
        "striate: efficientnet_b1_tf has no published ImageNet weights; its sibling 'efficientnet_b1' has them: "
        "take that network, or give a file\n"
    )


def test_published_weights_offline(striate_command, striped, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")  # nobody listens there
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    code, out, err = striate_command("train", striped, "--model", "mobilenet_v2", "--weights", "imagenet")
    assert (code, out) == (1, "")
    assert err.startswith("striate: the weights of mobilenet_v2 cannot be downloaded: ")
    assert err.endswith(
        "; where there is a network, download https://download.pytorch.org/models/mobilenet_v2-7ebf99e0.pth and put "
        f"mobilenet_v2-7ebf99e0.pth into {tmp_path / 'cache' / 'striate' / 'weights'}\n"
    )


@pytest.fixture
def noise(tmp_path):
    """Pictures of which nothing can be learnt: noise in two classes."""
    generator = np.random.default_rng(0)
    for name in ("a", "b"):
        (tmp_path / "noise" / name).mkdir(parents=True)
        for number in range(20):
            Image.fromarray(generator.integers(0, 255, (8, 8), np.uint8)).save(tmp_path / f"noise/{name}/{number}.png")
    return tmp_path / "noise"


class Listener(striate.Watcher):
    def __init__(self):
        self.warnings = []

    def warning(self, text):
        self.warnings.append(text)


def test_a_classifier_at_chance_says_so_wherever_its_result_is_shown(noise, tmp_path, striate_command):
    folder = tmp_path / "my run"
    options = ["--model", "lenet5_dense", "--epochs", 1, "--output", folder]
    code, out, err = striate_command("train", noise, *options, "--json", "--quiet")
    assert code == 0
    run, result = striate.Run(folder), json.loads(out)
    assert result["findings"] == [finding.to_dict() for finding in run.findings]
    warning = run.findings[0]
    assert warning.severity == "warning" and "is not clearly better than one answer for all" in warning.text
    assert f"warning: {warning.text}" in " ".join(err.split())
    page = html.unescape(" ".join(run.report.read_text().split()))
    worth_knowing = page.partition("Worth knowing</h3>")[2].partition("</aside>")[0]
    places = [worth_knowing.index(finding.text) for finding in run.findings]
    assert places == sorted(places) and len(places) == worth_knowing.count("<li") >= 2
    assert warning.text in html.unescape(run._repr_html_())
    drawn = next(finding.text for finding in run.findings if finding.severity == "note")  # of the data
    assert f"note: {drawn}" in " ".join(err.split())

    code, out, err = striate_command("evaluate", folder, noise, "--split", "val", "--json")
    finding = json.loads(out)["findings"][0]
    assert code == 0 and "it learnt too little, or these pictures are not like those" in finding["text"]
    assert f"warning: {finding['text']}" in " ".join(err.split())

    listener = Listener()
    striate.resume(folder, watcher=listener)
    assert listener.warnings == [finding.text for finding in run.findings if finding.severity == "warning"]
