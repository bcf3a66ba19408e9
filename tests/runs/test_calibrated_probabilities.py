"""What default training says of its own sureness is true: calibration error and log loss on pictures that it never saw; slow."""

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

import striate
from striate.data import apply_split_table, check_pictures, load_data, read_split_csv
from striate.evaluation import calibration, expected_calibration_error, fit_temperature, score, softmax

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def eights_and_others(tmp_path_factory):
    """The digits as two grey classes, about 9:1."""
    folder = tmp_path_factory.mktemp("nine-to-one") / "digits"
    digits = load_digits()
    for number, (pixels, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        target = folder / ("eight" if label == 8 else "other")
        target.mkdir(parents=True, exist_ok=True)
        Image.fromarray((pixels * 15.9).astype(np.uint8)).save(target / f"{number:04}.png")
    return folder


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", ["ten digits", "nine to one"])
def test_default_training_is_calibrated(kind, eights_and_others, tmp_path, monkeypatch):
    data = "digits" if kind == "ten digits" else eights_and_others
    run = striate.train(data, model="lenet5", output=tmp_path / "run")
    figures = run.metrics["test"]
    assert figures["count"] >= 170
    assert figures["expected_calibration_error"] <= 0.05
    dataset = apply_split_table(check_pictures(load_data(data)), read_split_csv(run.folder / "split.csv"))
    rows = dataset.indices("test")
    logits = run.classifier().decision_function([dataset.pictures.read(int(row)) for row in rows])
    labels = dataset.labels[rows].astype(np.int64)
    assert expected_calibration_error(softmax(logits, run.contract.temperature), labels) == pytest.approx(
        figures["expected_calibration_error"], abs=1e-3
    )
    monkeypatch.setattr(calibration, "SUPPOSED_MISTAKES", 0.0)
    best = score(softmax(logits, fit_temperature(logits, labels)), labels, dataset.classes).log_loss
    print(f"{kind}: temperature {run.contract.temperature}, {figures['log_loss']:.4f} where the best is {best:.4f}")
    assert figures["log_loss"] <= max(1.1 * best, best + 0.02)
