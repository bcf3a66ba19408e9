import io

import numpy as np
import pytest
import torch
from PIL import Image

import striate
from striate.api.seal import make_canaries, needed_tensors
from striate.bundle.contract import Architecture
from striate.models import create_model
from striate.pixels import decode, measure


def test_canaries_go_through_every_step():
    generator = np.random.default_rng(0)
    pictures = [generator.integers(0, 256, (90, 300, 3)).astype(np.uint8) for _ in range(6)]
    canaries = make_canaries(pictures)
    assert len(canaries) == 4
    facts = [measure(canary) for canary in canaries]
    assert [fact.format for fact in facts] == ["PNG", "PNG", "JPEG", "PNG"]
    assert [fact.exif_orientation for fact in facts] == [1, 6, 1, 1]
    assert {(fact.width, fact.height) for fact in facts} == {(160, 48)}
    assert Image.open(io.BytesIO(canaries[3])).mode == "RGBA"
    # Turned upright by its tag, the second one shows what was put in.
    small = Image.fromarray(pictures[1])
    small.thumbnail((160, 160), Image.Resampling.BICUBIC)
    assert np.array_equal(decode(canaries[1]), np.asarray(small))


@pytest.mark.parametrize("shape", [(8, 8), (1, 1), (3, 200)])
def test_tiny_pictures_make_canaries_too(shape):
    canaries = make_canaries([np.zeros(shape, np.uint8)] * 4)
    assert all(decode(canary).shape[2] == 3 for canary in canaries)


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
