import pytest
import torch

import striate
from striate.bundle.contract import Architecture
from striate.models import create_model
from striate.sealing.seal import needed_tensors


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
