"""A network of each kind in the catalogue, converted, answers what it answers in torch."""

import subprocess
import sys

import pytest
import torch

from striate.conversion import convert_module, convert_to_openvino
from striate.models import create_model, list_models, model_row
from striate.openvino_loading import compile_graph, load_openvino, openvino_core

FAST = ["lenet5", "linear", "resnet20", "mobilenet_v1_x0_25_tf"]
SLOW = [
    "lenet5_dense",
    "lenet5_relu",
    "nin_cifar10",
    "allcnn_c",
    "rcnn_96",
    "resnet9_x0_25",
    "airbench94",
    "alexnet",
    "zfnet",
    "nin_imagenet",
    "vgg11_lrn",
    "googlenet",
    "googlenet_bn",
    "resnet18",
    "resnet50",
    "mobilenet_v2",
    "mobilenet_v2_x0_35_tf",
    "efficientnet_b0",
    "efficientnet_b0_tf",
]


def test_every_family_has_a_network_here():
    assert {model_row(name).family for name in FAST + SLOW} == {
        model_row(name).family for name in list_models("picture", sequential=False)
    }


@pytest.mark.parametrize("name", [*FAST, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)])
def test_every_kind_of_network_answers_the_same(name, tmp_path):
    network = create_model(name, num_classes=7, seed=0)
    state = network.state_dict()
    least = network.minimum_size
    size = network.input_size if network.fixed_size else (max(64, least[0]), max(48, least[1]))
    network = network.to(memory_format=torch.channels_last)
    for _ in range(2):  # statistics that are not those of the start
        network(torch.randn(4, network.in_channels, *size))
    model = convert_to_openvino(network, torch.zeros(1, network.in_channels, *size))
    assert network.training
    assert list(network.state_dict()) == list(state)
    load_openvino().save_model(model, str(tmp_path / "m.xml"), compress_to_fp16=False)
    compiled = openvino_core().compile_model(str(tmp_path / "m.xml"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
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


class Words(torch.nn.Sequential):
    """Places in a vocabulary to logits."""

    def forward(self, images):
        return super().forward(images)


def test_a_network_of_words_takes_whole_numbers():
    words = Words(torch.nn.Embedding(50, 4), torch.nn.Flatten(), torch.nn.Linear(28, 3)).eval()
    places = torch.randint(0, 50, (5, 7), generator=torch.Generator().manual_seed(0))
    graph = convert_module(words, ["logits"], places)
    assert list(graph.inputs[0].get_partial_shape())[1].get_length() == 7
    assert graph.inputs[0].get_element_type().get_type_name() == "i64"
    answers = compile_graph(graph)(places.numpy())["logits"]
    with torch.inference_mode():
        assert answers == pytest.approx(words(places).numpy(), abs=1e-5)
