import numpy as np
import pytest
import torch

import striate
from striate.bundle import SeenPictures
from striate.bundle.contract import Architecture
from striate.evaluation import fit_temperature, score, softmax
from striate.models import create_model
from striate.pixels import Preprocessing
from striate.sealing.measuring import MeasuredSplit
from striate.sealing.seal import needed_tensors, seal


@pytest.mark.slow
def test_a_bundle_sealed_after_bf16_training_loads_in_fp32(striped, tmp_path):
    run = striate.train(
        striped, model="resnet20", epochs=1, settings=["batch_size=16"], precision="bf16", output=tmp_path / "run"
    )
    assert 'precision = "bf16"' in (tmp_path / "run" / "recipe.toml").read_text()
    classifier = run.classifier(precision="fp32")
    assert classifier.engine.precision == "fp32"
    assert classifier.canary_difference < 1e-5
    assert run.contract.precisions["fp32"].agreement == 1.0
    assert 0 < run.classifier(engine="torch", precision="bf16").canary_difference < 0.1


def test_the_contract_stays_small_however_many_classes(finished_run):
    assert "confusion_matrix" not in finished_run.metrics["test"]
    assert {"accuracy", "accuracy_interval", "count", "log_loss", "fingerprint"} <= set(finished_run.metrics["test"])


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory):
    """A bundle of a network that is far too sure, with 60 validation and 40 test pictures: what was sealed, and the pictures."""
    generator = np.random.default_rng(0)
    pictures = generator.integers(0, 256, (100, 32, 32, 3)).astype(np.uint8)
    network = create_model("resnet20", num_classes=3, seed=0)
    with torch.no_grad():
        network.head.weight.mul_(500)
    labels = generator.integers(0, 3, 100)
    rule = Preprocessing(
        colour="rgb", resize="exact", resize_size=(32, 32), crop=(32, 32), mean=(0.5,) * 3, std=(0.25,) * 3
    )
    splits = [
        MeasuredSplit("val", labels[:60], lambda rows: pictures[rows], "a"),
        MeasuredSplit("test", labels[60:], lambda rows: pictures[60:][rows], "b"),
    ]
    sealed = seal(
        network,
        tmp_path_factory.mktemp("calibrated") / "bundle",
        model="resnet20",
        classes=("a", "b", "c"),
        preprocessing=rule,
        splits=splits,
        canary_pictures=rule.canaries(list(pictures[:6])),
        seen=SeenPictures.of(np.empty((0, 32), np.uint8)),
        data={"name": "noise", "fingerprint": "", "training_pictures": 0},
    )
    return sealed, pictures, labels


def test_the_temperature_is_fitted_on_validation_and_used_by_sealing_itself(calibrated):
    sealed, pictures, labels = calibrated
    classifier = striate.load(sealed.bundle.folder)
    logits = classifier.decision_function(pictures)
    contract = sealed.bundle.contract
    assert contract.calibration == {
        "temperature": pytest.approx(fit_temperature(logits[:60], labels[:60])),
        "pictures": 60,
    }
    assert contract.temperature > 10
    assert classifier.predict_proba(pictures) == pytest.approx(softmax(logits, contract.temperature))
    for name, rows in (("val", slice(60)), ("test", slice(60, None))):
        after = score(softmax(logits[rows], contract.temperature), labels[rows], ("a", "b", "c"))
        before = score(softmax(logits[rows]), labels[rows], ("a", "b", "c"))
        said = contract.metrics[name]
        assert said["log_loss"] == pytest.approx(after.log_loss, rel=1e-4)
        assert said["expected_calibration_error"] == pytest.approx(after.expected_calibration_error, rel=1e-3)
        assert said["log_loss_uncalibrated"] == pytest.approx(before.log_loss, rel=1e-4)
        assert said["expected_calibration_error_uncalibrated"] == pytest.approx(
            before.expected_calibration_error, rel=1e-3
        )
        assert said["accuracy"] == before.accuracy
    assert contract.metrics["test"]["log_loss"] < 1.5 < contract.metrics["test"]["log_loss_uncalibrated"]


def test_all_that_speak_of_probabilities_say_the_same(calibrated):
    from striate.seeing.observation import observe
    from striate.seeing.seen_network import seen_network

    sealed, pictures, _ = calibrated
    expected = striate.load(sealed.bundle.folder).predict_proba(pictures[:1])[0]
    observation = observe(seen_network(sealed.bundle.folder), pictures[0])
    assert observation.probabilities == pytest.approx(tuple(expected), rel=1e-3)
    seen = striate.visualize(sealed.bundle.folder, pictures[0], method="occlusion")
    facts = seen.panels[0].facts
    assert facts["occlusion"]["unhidden"]["probability"] == pytest.approx([expected.max()], rel=1e-3)
    assert facts["check"]["probability"] == pytest.approx(expected.max(), rel=1e-3)
    assert facts["check"]["curves"]["deletion"][0] == pytest.approx(expected.max(), rel=1e-3)
    assert seen.report.predictions[0][1] == pytest.approx(expected.max(), rel=1e-3)
    assert sealed.measured.probabilities["val"][0] == pytest.approx(expected, rel=1e-3)


def test_an_exported_file_says_the_temperature(calibrated, tmp_path):
    sealed, _, _ = calibrated
    exported = striate.export(sealed.bundle.folder, tmp_path / "noise.xml")
    assert float(exported.metadata["temperature"]) == sealed.bundle.contract.temperature
    assert exported.metadata["contract_digest"] == sealed.bundle.digest


def test_auxiliary_heads_are_not_sealed():
    network = create_model("googlenet", num_classes=2, in_channels=1, seed=0)
    tensors = needed_tensors(network, Architecture("googlenet", 2, 1))
    assert not [name for name in tensors if "aux" in name]
    twin = create_model("googlenet", num_classes=2, in_channels=1, auxiliary=False)
    twin.load_state_dict(tensors, strict=True)
    images = torch.randn(1, 1, 48, 48)
    assert torch.equal(twin.eval()(images), network.eval()(images))


def test_a_network_without_auxiliary_heads_is_sealed_whole():
    network = create_model("resnet20")
    tensors = needed_tensors(network, Architecture("resnet20", 10, 3))
    assert list(tensors) == list(network.state_dict())
