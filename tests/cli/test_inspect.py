"""`striate inspect`, `striate compare` and `striate models`, as they are typed."""

import json

import pytest
from typer.testing import CliRunner

from striate.cli.app import build_app
from striate.cli.inspect import parse_size
from striate.errors import UsageError


def run(*words):
    done = CliRunner().invoke(build_app(), [str(word) for word in words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def test_inspect_prints_a_table():
    lines = run("inspect", "lenet5").splitlines()
    assert lines[2].split()[:4] == ["layer", "kind", "kernel", "output"]
    assert "c3.convolution  PartialConv2d  5x5     16x10x10       1,516  60*5*5+16 = 1516        150,000" in lines[7]


def test_inspect_as_json_with_options():
    table = json.loads(
        run("inspect", "resnet20", "--json", "--input-size", "64x48", "--depth", "1", "--batch-size", "4")
    )
    assert table["input_shape"] == [3, 64, 48]
    assert table["macs"] == (40_551_040 - 640) * 3 + 640
    assert [layer["name"] for layer in table["layers"]][3] == "layer1"
    assert table["memory"]["batch_size"] == 4


def test_inspect_as_markdown():
    assert run("inspect", "lenet5", "--markdown").startswith("# lenet5\n")


def test_inspect_writes_a_page(tmp_path):
    path = tmp_path / "lenet5.html"
    assert run("inspect", "lenet5", "--html", path) == f"written to {path}\n"
    assert path.read_text(encoding="utf-8").lstrip().startswith("<!doctype html>")


def test_inspect_draws_the_effective_field(tmp_path):
    path = tmp_path / "field.png"
    output = run("inspect", "lenet5", "--effective", path, "--pictures", "2")
    assert output.startswith("lenet5, c5.squash: 95.")
    assert path.read_bytes().startswith(b"\x89PNG")


def test_inspect_a_bundle(finished_run):
    table = json.loads(run("inspect", finished_run.folder, "--json"))
    own = json.loads(run("inspect", finished_run.folder / "bundle", "--json"))
    assert table["output_shape"] == own["output_shape"] == [2]
    assert table["name"].endswith("(resnet20)")


def test_effective_field_of_a_bundle(finished_run, tmp_path):
    table = json.loads(
        run("inspect", finished_run.folder, "--json", "--pictures", "1", "--effective", tmp_path / "field.png")
    )
    assert table["theoretical"] == [81, 81]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["resnet21"], "unknown model 'resnet21'"),
        (["lenet5", "--json", "--markdown"], "--json and --markdown exclude each other"),
        (["lenet5", "--input-size", "64"], "LeNet takes a float tensor of shape"),
    ],
)
def test_wrong_usage(words, message):
    done = CliRunner().invoke(build_app(), ["inspect", *words])
    assert done.exit_code == 2
    assert done.stderr.startswith(f"striate: {message}")
    assert done.stdout == ""


def test_sizes():
    for text in ("0", "3x4x5", "big", "-1"):
        with pytest.raises(UsageError, match="--input-size takes a height and a width such as 224 or 224x192, got"):
            parse_size(text)
    assert parse_size("32 48") == (32, 48)


def test_compare():
    output = run("compare", "lenet5", "lenet5_dense")
    assert "lenet5_dense departs from lenet5 in 2 places:" in output
    table = json.loads(run("compare", "lenet5", "lenet5_dense", "--json"))
    assert [network["parameters"] for network in table["networks"]] == [60_000, 60_850]
    assert len(table["departures"]) == 2
    assert run("compare", "lenet5", "resnet20", "mobilenet_v2", "--markdown").startswith("|  | lenet5 |")


def test_inspect_the_signal():
    lines = run("inspect", "lenet5_relu", "--signal", "--scheme", "he_normal", "--pictures", "4").splitlines()
    assert lines[0] == "lenet5_relu, 1x32x32: 4 random pictures"
    assert lines[2] == "he_normal"
    assert lines[4].split()[:3] == ["c1.convolution", "Conv2d", "6x28x28"]
    assert lines[-1].startswith("he_normal: will train: from c1.convolution to output the variance goes from ")


def test_the_signal_as_files(tmp_path):
    page, plot = tmp_path / "signal.html", tmp_path / "signal.png"
    schemes = ["--scheme", "paper", "--scheme", "lecun_uniform:gain=0.01"]
    output = run("inspect", "lenet5_relu", "--signal", *schemes, "--html", page, "--plot", plot)
    lines = output.splitlines()
    assert lines[0].startswith("paper: will train: ") and lines[1].startswith(
        "lecun_uniform:gain=0.01: will not train: "
    )
    assert lines[2:] == [f"written to {page}", f"written to {plot}"]
    assert page.read_text(encoding="utf-8").lstrip().startswith("<!doctype html>")
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_the_signal_as_json_and_markdown(striped):
    words = ["inspect", "resnet20", "--signal", "--scheme", "paper", "--data", striped, "--pictures", "4"]
    table = json.loads(run(*words, "--json"))
    assert [scheme["scheme"] for scheme in table["schemes"]] == ["paper"]
    assert table["schemes"][0]["layers"][0]["name"] == "conv1"
    assert run(*words, "--markdown").startswith("# resnet20\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--scheme", "he_normal"], "--scheme, --data and --plot go with --signal"),
        (["--signal", "--scheme", "he_norm"], "unknown initialisation 'he_norm'; did you mean 'he_normal'"),
        (["--signal", "--pictures", "1"], "measure_signal: pictures must be a whole number of at least 2, got 1"),
        (["--signal", "--effective", "a.png"], "--signal and --effective exclude each other"),
        (["--signal", "--plot", "a.txt"], "cannot write a.txt: expected a name that ends in .png, got '.txt'"),
        (["--html", "none/a.html"], "cannot write none/a.html: there is no folder none"),
    ],
)
def test_wrong_usage_of_the_signal(words, message):
    done = CliRunner().invoke(build_app(), ["inspect", "lenet5", *words])
    assert done.exit_code == 2
    assert done.stderr.startswith(f"striate: {message}")
