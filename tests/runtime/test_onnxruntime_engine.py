import sys

import numpy as np
import pytest

import striate
from striate.bundle import open_bundle
from striate.errors import BundleError, UsageError
from striate.runtime import Classifier, ONNXRuntimeEngine


def test_a_classifier_on_an_exported_file(finished_run, exported_run, striped):
    bundle = open_bundle(finished_run.folder)
    classifier = Classifier(bundle, ONNXRuntimeEngine(exported_run, bundle.contract.preprocessing))
    assert classifier.canary_difference < 1e-5
    assert repr(classifier) == "<Classifier resnet20 of 2 classes, onnxruntime fp32>"
    paths = sorted(striped.rglob("*.png"))
    own = finished_run.classifier()
    assert np.allclose(classifier.decision_function(paths), own.decision_function(paths), atol=1e-4)
    assert np.allclose(classifier.features(paths), own.features(paths), atol=1e-4)
    assert [row.label for row in classifier.stream(paths)] == own.predict(paths).tolist()


def test_the_file_is_named_as_the_engine(finished_run, exported_run, striped, tmp_path):
    paths = sorted(striped.rglob("*.png"))[:5]
    classifier = striate.load(finished_run.folder, engine=exported_run)
    assert repr(classifier) == "<Classifier resnet20 of 2 classes, onnxruntime fp32>"
    assert np.allclose(
        finished_run.classifier(engine=str(exported_run), precision="auto").predict_proba(paths),
        classifier.predict_proba(paths),
        atol=1e-6,
    )
    with pytest.raises(
        UsageError, match=r"there is no file .*none.onnx; make it by: striate export BUNDLE --output .*none.onnx"
    ):
        striate.load(finished_run.folder, engine=tmp_path / "none.onnx")
    with pytest.raises(UsageError, match="int8 is asked for, but exported ONNX files compute in fp32"):
        striate.load(finished_run.folder, engine=exported_run, precision="int8")
    with pytest.raises(UsageError, match=r"name that as the engine: --engine photos.onnx"):
        striate.load(finished_run.folder, engine="onnxruntime")


def test_another_network_s_file_is_refused(finished_run, exported_run, tmp_path):
    import onnx

    model = onnx.load(exported_run)
    bias = next(tensor for tensor in model.graph.initializer if tensor.dims == [2])
    changed = onnx.numpy_helper.to_array(bias) + np.float32([1, 0])
    bias.CopyFrom(onnx.numpy_helper.from_array(changed, bias.name))
    onnx.save(model, tmp_path / "other.onnx")
    with pytest.raises(BundleError, match="canar"):
        striate.load(finished_run.folder, engine=tmp_path / "other.onnx")


@pytest.mark.slow
def test_what_cannot_be_run(finished_run, exported_run, tmp_path, monkeypatch):
    (tmp_path / "a.onnx").write_bytes(b"nothing")
    rule = open_bundle(finished_run.folder).contract.preprocessing
    with pytest.raises(BundleError, match=r"^ONNX Runtime cannot read a.onnx: "):
        ONNXRuntimeEngine(tmp_path / "a.onnx", rule)
    striate.export(finished_run.folder, tmp_path / "b.onnx", with_preprocessing=True)
    with pytest.raises(BundleError, match=r"b.onnx takes images: tensor\(uint8\) .* export it without preprocessing"):
        ONNXRuntimeEngine(tmp_path / "b.onnx", rule)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UsageError, match="ONNX files need the package onnxruntime"):
        ONNXRuntimeEngine(exported_run, rule)
