import pytest
import torch

from striate.errors import UsageError
from striate.nn import GlobalAveragePool2d, GlobalMaxPool2d, MinPool2d
from striate.openvino_loading import load_openvino, openvino_core

GRID = torch.tensor(
    [
        [9.0, 2.0, 5.0, 8.0, 4.0],
        [3.0, 7.0, 6.0, 1.0, 9.0],
        [8.0, 4.0, 2.0, 7.0, 3.0],
        [5.0, 6.0, 9.0, 3.0, 8.0],
        [7.0, 8.0, 1.0, 6.0, 5.0],
    ]
).view(1, 1, 5, 5)


def test_min_by_hand():
    assert MinPool2d(2)(GRID)[0, 0].tolist() == [[2, 1], [4, 2]]
    assert MinPool2d(3, 2)(GRID)[0, 0].tolist() == [[2, 1], [1, 1]]
    assert MinPool2d(3, 1)(GRID)[0, 0].tolist() == [[2, 1, 1], [2, 1, 1], [1, 1, 1]]


def test_min_with_padding_that_never_wins():
    assert MinPool2d(2, 2, padding=1)(GRID)[0, 0].tolist() == [[9, 2, 4], [3, 2, 1], [5, 1, 3]]


def test_min_over_the_edge():
    assert MinPool2d(2, ceil_mode=True)(GRID)[0, 0].tolist() == [[2, 1, 4], [4, 2, 3], [7, 1, 5]]


def test_min_of_negative_values_and_of_each_map():
    inputs = torch.tensor([[[[-1.0, -2.0], [3.0, 0.0]], [[4.0, 5.0], [6.0, 7.0]]]])
    assert MinPool2d(2)(inputs).flatten().tolist() == [-2.0, 4.0]


def test_min_gradient_goes_to_the_least():
    inputs = GRID[:, :, :2, :2].clone().requires_grad_()
    MinPool2d(2)(inputs).sum().backward()
    assert inputs.grad.flatten().tolist() == [0, 1, 0, 0]


def test_global_average_by_hand():
    inputs = torch.arange(12.0).view(1, 2, 2, 3)
    assert GlobalAveragePool2d()(inputs).tolist() == [[2.5, 8.5]]
    assert GlobalAveragePool2d()(inputs[:, :, :1, :1]).tolist() == [[0.0, 6.0]]


def test_global_max_by_hand():
    assert GlobalMaxPool2d()(GRID).tolist() == [[9.0]]
    assert GlobalMaxPool2d()(-GRID).tolist() == [[-1.0]]


def test_global_gradients():
    for layer, expected in ((GlobalAveragePool2d(), [0.25] * 4), (GlobalMaxPool2d(), [0.0, 0.5, 0.0, 0.5])):
        inputs = torch.tensor([1.0, 3.0, 2.0, 3.0]).view(1, 1, 2, 2).requires_grad_()
        layer(inputs).sum().backward()
        assert inputs.grad.flatten().tolist() == expected


@pytest.mark.parametrize("layer", [MinPool2d(3, 2), GlobalAveragePool2d(), GlobalMaxPool2d()])
def test_symbolic_trace_and_no_state(layer):
    assert layer.state_dict() == {}
    assert torch.equal(torch.fx.symbolic_trace(layer)(GRID), layer(GRID))


@pytest.mark.filterwarnings("ignore:.torch.jit.trace:FutureWarning")
@pytest.mark.parametrize("layer", [MinPool2d(3, 2, padding=1), GlobalAveragePool2d(), GlobalMaxPool2d()])
def test_openvino_answers_the_same(layer):
    converted = load_openvino().convert_model(layer, example_input=GRID)
    compiled = openvino_core().compile_model(converted, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    torch.testing.assert_close(torch.from_numpy(compiled(GRID.numpy())[0]), layer(GRID), rtol=1e-6, atol=0)


def test_repr():
    assert repr(MinPool2d(3, 2)) == "MinPool2d(kernel_size=3, stride=2, padding=0)"
    assert repr(MinPool2d(2, ceil_mode=True)) == "MinPool2d(kernel_size=2, stride=2, padding=0, ceil_mode=True)"
    assert repr(GlobalAveragePool2d()) == "GlobalAveragePool2d()"


def test_bad_sizes():
    with pytest.raises(UsageError) as error:
        MinPool2d(0)
    assert str(error.value) == "MinPool2d: kernel_size must be a whole number of at least 1, got 0"
    with pytest.raises(UsageError) as error:
        MinPool2d(2, 0)
    assert str(error.value) == "MinPool2d: stride must be a whole number of at least 1, got 0"
    with pytest.raises(UsageError) as error:
        MinPool2d(3, padding=2)
    assert str(error.value) == (
        "MinPool2d: padding must be at most half of kernel_size, so that no window is all padding, got 2 with 3"
    )
