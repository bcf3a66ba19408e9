import inspect
import json
import shlex

from striate.cli import learning_rate, train
from striate.cli.learning_rate import train_command


def test_a_suggestion_with_its_command_and_picture(striate_command, tmp_path):
    options = ("--model", "lenet5_dense", "--steps", 40, "--output", tmp_path / "rates.png")
    code, out, err = striate_command("learning-rate", "digits", *options)
    lines = out.splitlines()
    rate = lines[0].removeprefix("suggested  ")
    assert code == 0 and 0 < float(rate) < 0.1
    assert lines[1].startswith(f"Try {rate}: ")
    assert lines[2] == f"train      striate train digits --model lenet5_dense --set optimizer.learning_rate={rate}"
    assert lines[3] == f"picture    {tmp_path / 'rates.png'}" and (tmp_path / "rates.png").exists()
    assert "input size" in err and "epochs" not in err and "learning rate" not in err  # a sweep is no run


def test_the_command_that_is_suggested_is_what_was_swept_and_can_be_pasted():
    options = {"--model": "resnet20", "--weights": "my weights.pth", "--size": None, "--epochs": 3}
    command = train_command("내 사진들", options, ["augmentation.noise.deviation=0.1"], 0.0123)
    assert shlex.split(command) == [
        *("striate", "train", "내 사진들", "--model", "resnet20", "--weights", "my weights.pth", "--epochs", "3"),
        *("--set", "augmentation.noise.deviation=0.1", "--set", "optimizer.learning_rate=0.012"),
    ]


def test_options_of_training_are_taken_or_refused_with_a_sentence(striate_command):
    training = set(inspect.signature(train.command).parameters) - {"context"}
    assert training <= set(inspect.signature(learning_rate.command).parameters)
    for options, said in (
        (
            ["--resume", "runs/digits"],
            "--resume goes on with a run, and a sweep is none: give the DATA and options of the run",
        ),
        (["--tensorboard"], "--tensorboard is for a run; a sweep draws its figures to --output FILE"),
        (["--quick"], "--quick is for a run; a sweep takes as many --steps as it is told"),
        (["--metric", "f1_macro"], "--metric is for a run; a sweep makes no classifiers to compare"),
        (["--abstain", "error=0.01"], "--abstain is for a run; a sweep makes no classifier that could abstain"),
        (["--vectors", "glove.txt"], "--vectors is for a run on sentences; a sweep takes pictures"),
        (["--exclude", "fixes.csv"], "--exclude is for a run; a sweep takes all pictures of its data"),
        (["--task", "multi_label"], "--task is for a run; a sweep goes by what the columns of a table say"),
        (["--classifier", "sigmoid"], "--classifier is for a run; a sweep of two classes has a logit for each"),
        (["--time-limit", "3"], "a duration needs a unit: 3s, 3m or 3h; got '3'"),
        (
            ["--transfer", "head"],
            "this run takes no steps of gradient descent, so it has no learning rate: its head is ",
        ),
    ):
        code, out, err = striate_command("learning-rate", "no such folder", *options)
        assert (code, out) == (2, "") and err.startswith(f"striate: {said}") and err.count("\n") == 1


def test_json(striate_command):
    code, out, _ = striate_command("learning-rate", "digits", "--model", "lenet5_dense", "--steps", 40, "--json", "-q")
    result = json.loads(out)
    assert code == 0 and len(result["rates"]) == len(result["losses"]) == len(result["smoothed"]) <= 40
    assert result["picture"] is None and result["suggestion"] >= result["minimum"] / 10


def test_a_picture_that_cannot_be_written_is_said_at_once(striate_command, tmp_path):
    code, _, err = striate_command("learning-rate", "digits", "--output", tmp_path / "rates.gif")
    assert code == 2 and "expected a name that ends in .pdf, .png, .svg, got '.gif'" in err
