"""Every network of the catalogue, converted, answers what it answers in torch."""

import subprocess
import sys

import pytest
import torch

from striate.conversion import convert_to_openvino
from striate.models import create_model, list_models
from striate.openvino_loading import load_openvino


@pytest.mark.parametrize("name", list_models())
def test_every_network_answers_the_same(name, tmp_path):
    network = create_model(name, num_classes=7, seed=0)
    state = network.state_dict()
    size = (32, 32) if network.fixed_size else (64, 48)
    network = network.to(memory_format=torch.channels_last)
    for _ in range(2):  # statistics that are not those of the start
        network(torch.randn(4, network.in_channels, *size))
    model = convert_to_openvino(network, in_channels=network.in_channels, input_size=size)
    assert network.training
    assert list(network.state_dict()) == list(state)
    load_openvino().save_model(model, str(tmp_path / "m.xml"), compress_to_fp16=False)
    compiled = load_openvino().Core().compile_model(str(tmp_path / "m.xml"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    images = torch.randn(3, network.in_channels, *size)
    result = compiled({"images": images.numpy()})
    network.eval()
    with torch.no_grad():
        logits, features = network(images), network.features(images)
    for ours, theirs in ((logits, result["logits"]), (features, result["features"])):
        theirs = torch.from_numpy(theirs)
        assert ours.shape == theirs.shape
        assert float((ours - theirs).abs().max()) < 1e-4 * float(ours.abs().max())


def test_openvino_comes_without_its_telemetry(tmp_path):
    code = (
        "import sys\nfrom striate.openvino_loading import load_openvino\nload_openvino()\n"
        "print(sys.modules.get('openvino_telemetry'), 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"HOME": str(tmp_path)}
    )
    assert done.stdout.split() == ["None", "False"]
    assert list(tmp_path.iterdir()) == []
