import threading

import numpy as np
import pytest

from striate.errors import BundleError
from striate.openvino_loading import load_openvino
from striate.pixels import Preprocessing
from striate.runtime import OpenVINOEngine, openvino_engine
from striate.runtime.openvino_engine import MANY_DENSE_WEIGHTS, padded_size, suitable_batch


def rule_of(size):
    """Grey pictures of this size, from 0 to 1."""
    return Preprocessing(colour="grey", resize="exact", resize_size=size, mean=(0.0,), std=(1.0,))


def graph_of(size, *, hidden=4):
    """Logits (N, 3) and features (N, hidden) of (N, 1, *size) pictures, by two dense layers."""
    opset13 = load_openvino().opset13
    images = opset13.parameter([-1, 1, *size], np.float32, name="images")
    generator = np.random.default_rng(0)
    flat = opset13.reshape(images, np.array([-1, size[0] * size[1]]), special_zero=False)
    first = generator.standard_normal((size[0] * size[1], hidden), dtype=np.float32)
    features = opset13.matmul(flat, opset13.constant(first), False, False)
    second = generator.standard_normal((hidden, 3), dtype=np.float32)
    logits = opset13.matmul(features, opset13.constant(second), False, False)
    model = load_openvino().Model([logits, features], [images])
    for output, name in zip(model.outputs, ("logits", "features"), strict=True):
        output.get_tensor().set_names({name})
    return model, first, second


@pytest.mark.parametrize(("size", "batch"), [((224, 224), 1), ((300, 300), 1), ((112, 112), 4), ((28, 28), 32)])
def test_large_pictures_go_one_at_a_time(size, batch):
    assert suitable_batch(graph_of(size)[0]) == batch


def test_very_large_dense_layers_are_shared_by_several_pictures():
    assert suitable_batch(graph_of((224, 224), hidden=MANY_DENSE_WEIGHTS // 224**2 + 1)[0]) == 8


@pytest.mark.parametrize(("size", "requests"), [((224, 224), 2), ((224, 224), 1), ((16, 16), 3)])
def test_any_number_of_pictures_from_any_number_of_threads(tmp_path, size, requests):
    model, first, second = graph_of(size)
    load_openvino().save_model(model, str(tmp_path / "engine.xml"), compress_to_fp16=False)
    engine = OpenVINOEngine(tmp_path / "engine.xml", rule_of(size), threads=2, requests=requests)
    assert (engine.requests, engine.precision) == (requests, "fp32")
    pixels = np.random.default_rng(1).integers(0, 256, (70, *size, 1), np.uint8)
    features = (pixels.reshape(70, -1) / np.float32(255)) @ first
    answers = {}

    def ask(count):
        answers[count] = engine.infer(pixels[:count])

    threads = [threading.Thread(target=ask, args=(count,)) for count in (1, 2, 3, 33, 70)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for count, (logits, vectors) in answers.items():
        assert logits.shape == (count, 3) and logits.dtype == np.float32
        assert np.allclose(vectors, features[:count], atol=1e-3)
        assert np.allclose(logits, features[:count] @ second, rtol=1e-3, atol=1e-2)


def test_small_pictures_are_computed_in_few_sizes_and_answered_alike(tmp_path, monkeypatch):
    model, first, _ = graph_of((16, 16))
    load_openvino().save_model(model, str(tmp_path / "engine.xml"), compress_to_fp16=False)
    engine = OpenVINOEngine(tmp_path / "engine.xml", rule_of((16, 16)), threads=1)
    sizes, answers = [], openvino_engine._answers
    monkeypatch.setattr(
        openvino_engine,
        "_answers",
        lambda request, inputs: (sizes.append(len(inputs)), answers(request, inputs))[1],
    )
    pixels = np.random.default_rng(1).integers(0, 256, (32, 16, 16, 1), np.uint8)
    expected = (pixels.reshape(32, -1) / np.float32(255)) @ first
    for count in range(1, 33):
        logits, features = engine.infer(pixels[:count])
        assert logits.shape == (count, 3)
        np.testing.assert_allclose(features, expected[:count], atol=1e-4)
    assert sorted(set(sizes)) == [1, 2, 3, 4, 6, 8, 12, 16, 24, 32]


def test_where_pictures_are_dear_none_is_computed_for_nothing():
    assert [padded_size(count, 8) for count in range(1, 9)] == list(range(1, 9))
    assert [padded_size(count, 25) for count in (17, 24, 25)] == [24, 24, 25]


def test_a_large_picture_is_answered_the_same_whatever_is_beside_it(tmp_path):
    load_openvino().save_model(graph_of((224, 224))[0], str(tmp_path / "engine.xml"), compress_to_fp16=False)
    engine = OpenVINOEngine(tmp_path / "engine.xml", rule_of((224, 224)), threads=2)
    pixels = np.random.default_rng(1).integers(0, 256, (5, 224, 224, 1), np.uint8)
    together = engine.infer(pixels)[0]
    assert all(np.array_equal(engine.infer(pixels[row : row + 1])[0][0], together[row]) for row in range(5))


def test_a_graph_that_is_none(tmp_path):
    (tmp_path / "engine.xml").write_text("<net>")
    with pytest.raises(BundleError, match=r"^OpenVINO cannot read engine.xml: "):
        OpenVINOEngine(tmp_path / "engine.xml", rule_of((2, 2)))


@pytest.mark.parametrize("shape", [None, [-1]], ids=["no input", "an input of one axis"])
def test_a_graph_that_takes_no_batch(tmp_path, shape):
    opset13 = load_openvino().opset13
    source = opset13.constant(np.ones((1, 4), np.float32)) if shape is None else opset13.parameter(shape, np.float32)
    result = opset13.relu(source)
    graph = load_openvino().Model([result], [] if shape is None else [source], "none")
    load_openvino().save_model(graph, str(tmp_path / "engine.xml"))
    with pytest.raises(BundleError, match=r"^OpenVINO cannot read engine\.xml: "):
        OpenVINOEngine(tmp_path / "engine.xml", rule_of((2, 2)))
