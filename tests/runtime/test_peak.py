import numpy as np
import pytest

from striate.openvino_loading import openvino_core
from striate.runtime.peak import SIDE, PeakMeter, graph_macs, product_graph


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_the_product_is_one_of_matrices(precision):
    graph = product_graph(precision)
    compiled = openvino_core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    matrix = np.random.default_rng(2).random((SIDE, SIDE), dtype=np.float32)
    weights = np.random.default_rng(1).standard_normal((SIDE, SIDE), dtype=np.float32).clip(-4, 4)
    found = np.array(compiled(matrix.reshape(compiled.inputs[0].shape))[0]).reshape(SIDE, SIDE)
    wanted = weights @ matrix
    assert np.abs(found - wanted).max() / np.ptp(wanted) < (1e-5 if precision == "fp32" else 0.05)


def test_a_meter_measures():
    assert PeakMeter("fp32").measure(seconds=0.05) > 1e8


def test_multiply_adds_of_a_graph_are_those_of_the_network(finished_run):
    from striate import inspect

    inspection = inspect("resnet20", input_size=finished_run.contract.preprocessing.size)
    own = graph_macs(finished_run.folder / "bundle" / "engine.xml")
    head = 64 * 10 - 64 * 2  # the run has two classes, and the row ten
    assert own == inspection.macs - head
