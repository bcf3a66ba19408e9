"""A finished run as Python has it."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from striate.bundle.contract import Architecture
from striate.encodings import DEFAULT_KIND
from striate.runs.run import Run
from striate.runs.tournament_record import write_tournament

FIGURES = {"accuracy": 0.9, "accuracy_interval": [0.8, 0.95], "count": 1200, "balanced_accuracy": 0.9, "f1_macro": 0.9}


def run_of(metrics, calibration=None, folder="r"):
    """A run as if its bundle had been read."""
    run = Run(folder)
    contract = SimpleNamespace(
        metrics=metrics,
        calibration=calibration or {"temperature": 1.0},
        architecture=Architecture("lenet5", 10, 1),
        task="single_label",
        rule=None,
        kind=DEFAULT_KIND,
    )
    vars(run)["contract"] = contract
    return run


@pytest.mark.parametrize("uneven", [False, True])
def test_where_classes_are_uneven_the_figures_by_class_stand_beside(uneven):
    figures = FIGURES | ({"balanced_accuracy": 0.7123, "f1_macro": 0.68349} if uneven else {})
    lines = run_of({"val": figures}).to_text().splitlines()
    assert lines[0] == "accuracy  90.00% on 1,200 pictures of val (95 % interval 80.0% to 95.0%)"
    expected = "by class  71.23% balanced accuracy (the mean recall of the classes), macro F1 0.683"
    assert lines[1] == (
        expected if uneven else "sureness  calibration error –; no temperature was fitted: too few validation pictures"
    )


@pytest.mark.parametrize(
    ("calibration", "said"),
    [
        (
            {"temperature": 41.53, "pictures": 1200},
            "sureness  calibration error 1.2%, 17.0% without the temperature 41.53 (of 1,200 validation pictures)",
        ),
        (
            {"temperature": 1.0, "pictures": 0},
            "sureness  calibration error 1.2%; no temperature was fitted: too few validation pictures",
        ),
    ],
)
def test_how_far_probabilities_can_be_trusted_is_said(calibration, said):
    figures = FIGURES | {"expected_calibration_error": 0.0123, "expected_calibration_error_uncalibrated": 0.17}
    assert run_of({"val": figures}, calibration).to_text().splitlines()[1] == said


def test_the_last_line_of_training_can_be_pasted():
    lines = run_of({}, folder="runs/내 사진들-lenet5").to_text().splitlines()
    assert lines == [
        "run      runs/내 사진들-lenet5",
        "report   runs/내 사진들-lenet5/report.html",
        "predict  striate predict 'runs/내 사진들-lenet5' PICTURE.jpg",
    ]


def test_as_json_types_it_has_the_headline():
    found = run_of({"val": FIGURES, "test": FIGURES | {"accuracy": 0.8, "fingerprint": "no figure"}}).to_dict()
    assert (found["run"], found["model"], found["split"], found["accuracy"]) == ("r", "lenet5", "test", 0.8)
    assert found["metrics"] == {"val": FIGURES, "test": FIGURES | {"accuracy": 0.8}} and found["findings"] == []


def test_what_was_tried_is_in_the_json(tournament_story, tmp_path):
    write_tournament(tmp_path, tournament_story[-1])
    found = run_of({"val": FIGURES}, folder=tmp_path).to_dict()["tournament"]
    assert (found["metric"], found["winner"], found["ended"]) == ("accuracy", 1, "nothing promises more")
    assert found["candidates"][1] == {
        "name": "head on features.13 of mobilenet_v2",
        "state": "won",
        "accuracy": 197 / 206,
        "score": 197 / 206,
        "accuracy_interval": [0.919, 0.977],
        "seconds": 28.0,
        "ended_after": 53.0,
    }
    assert found["candidates"][2]["accuracy"] is None


def test_a_run_is_the_path_of_its_folder(tmp_path):
    assert Path(Run(tmp_path)) == tmp_path
