"""Which layers count as quantised."""

import numpy as np
import pytest
import torch

from striate.conversion import convert_to_openvino
from striate.conversion.quantization import layers_by_format, quantize_graph
from striate.models import create_model
from striate.openvino_loading import load_openvino


@pytest.mark.parametrize(
    ("name", "layers"),
    [("nin_cifar10", 9), pytest.param("googlenet_bn", 58, marks=pytest.mark.slow)],
)
def test_layers_behind_poolings_and_where_branches_join_count(name, layers, tmp_path):
    pytest.importorskip("nncf")
    network = create_model(name, seed=0, auxiliary=False).eval()
    path = tmp_path / "fp32.xml"
    graph = convert_to_openvino(network, torch.zeros(1, 3, 64, 64))
    load_openvino().save_model(graph, str(path), compress_to_fp16=False)
    assert layers_by_format(graph) == (0, layers)
    images = np.random.default_rng(0).standard_normal((4, 3, 64, 64), dtype=np.float32)
    assert layers_by_format(quantize_graph(path, lambda place: images[place : place + 1], 4)) == (layers, 0)
