import sys

import numpy as np
import pytest

import striate
from striate.bundle import open_bundle
from striate.errors import BundleError, UsageError
from striate.runtime import Classifier, ONNXRuntimeEngine


@pytest.fixture(scope="module")
def exported(finished_run, tmp_path_factory):
    path = tmp_path_factory.mktemp("exported") / "striped.onnx"
    striate.export(finished_run.folder, path)
    return path


def test_a_classifier_on_an_exported_file(finished_run, exported, striped):
    classifier = Classifier(open_bundle(finished_run.folder), ONNXRuntimeEngine(exported))
    assert classifier.canary_difference < 1e-5
    assert repr(classifier) == "<Classifier resnet20 of 2 classes, onnxruntime fp32>"
    paths = sorted(striped.rglob("*.png"))
    own = finished_run.classifier()
    assert np.allclose(classifier.decision_function(paths), own.decision_function(paths), atol=1e-4)
    assert np.allclose(classifier.features(paths), own.features(paths), atol=1e-4)
    assert [row.label for row in classifier.stream(paths)] == own.predict(paths).tolist()


@pytest.mark.slow
def test_what_cannot_be_run(finished_run, exported, tmp_path, monkeypatch):
    (tmp_path / "a.onnx").write_bytes(b"nothing")
    with pytest.raises(BundleError, match=r"^ONNX Runtime cannot read a.onnx: "):
        ONNXRuntimeEngine(tmp_path / "a.onnx")
    striate.export(finished_run.folder, tmp_path / "b.onnx", with_preprocessing=True)
    with pytest.raises(BundleError, match=r"b.onnx takes images: tensor\(uint8\) .* export it without preprocessing"):
        ONNXRuntimeEngine(tmp_path / "b.onnx")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UsageError, match="ONNX files need the package onnxruntime"):
        ONNXRuntimeEngine(exported)
