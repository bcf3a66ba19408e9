import numpy as np
import pytest

from striate.evaluation import Finding, fit_temperature
from striate.sealing import calibrate, judge_calibration
from striate.tasks import USUAL_TASK


def logits_and_labels(count, classes=3):
    generator = np.random.default_rng(count)
    return generator.normal(0, 9, (count, classes)), generator.integers(0, classes, count)


def test_it_is_fitted_on_validation_alone():
    val, test = logits_and_labels(40), logits_and_labels(60)
    found = calibrate({"test": test[0], "val": val[0]}, {"test": test[1], "val": val[1]}, USUAL_TASK)
    assert found == {"temperature": fit_temperature(*val), "pictures": 40}
    assert calibrate({"test": test[0]}, {"test": test[1]}, USUAL_TASK) == {"temperature": 1.0, "pictures": 0}
    assert calibrate({}, {}, USUAL_TASK) == {"temperature": 1.0, "pictures": 0}


@pytest.mark.parametrize(("count", "fitted"), [(19, 0), (20, 20)])
def test_it_takes_twenty_pictures(count, fitted):
    logits, labels = logits_and_labels(count)
    assert calibrate({"val": logits}, {"val": labels}, USUAL_TASK)["pictures"] == fitted


def test_one_class_has_no_temperature():
    assert calibrate({"val": np.ones((30, 1))}, {"val": np.zeros(30, np.int64)}, USUAL_TASK)["pictures"] == 0


def test_what_is_not_fitted_is_said():
    assert judge_calibration({"temperature": 3.0, "pictures": 20}, 20) == ()
    assert judge_calibration({"temperature": 1.0, "pictures": 0}, 6) == (
        Finding(
            "probabilities are as the network gives them, which is often too sure: 6 validation pictures are too few to fit a "
            "temperature, which takes 20 or more"
        ),
    )
    (finding,) = judge_calibration({"temperature": 1.0, "pictures": 0}, 0)
    assert "there is no validation picture to fit a temperature" in finding.text
