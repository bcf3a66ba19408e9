import pytest
import torch
from torch import nn

from striate.errors import UsageError
from striate.nn import LocalResponseNormalization
from striate.openvino_loading import load_openvino, openvino_core


def column(*values):
    """One pixel of so many maps."""
    return torch.tensor([float(value) for value in values], dtype=torch.float64).view(1, -1, 1, 1)


def test_by_hand():
    # Squares 1, 4, 9, 16, 25; sums of three 5, 14, 29, 50, 41; divisors 1 + 2 * sum = 11, 29, 59, 101, 83.
    answers = LocalResponseNormalization(3, alpha=2, beta=1, k=1)(column(1, 2, 3, 4, 5))
    expected = [1 / 11, 2 / 29, 3 / 59, 4 / 101, 5 / 83]
    assert answers.flatten().tolist() == pytest.approx(expected, rel=1e-15)


def test_by_hand_divided():
    # alpha / n = 6 / 3 = 2: the same divisors.
    layer = LocalResponseNormalization(3, alpha=6, beta=1, k=1, alpha_divided_by_size=True)
    expected = [1 / 11, 2 / 29, 3 / 59, 4 / 101, 5 / 83]
    assert layer(column(1, 2, 3, 4, 5)).flatten().tolist() == pytest.approx(expected, rel=1e-15)


def test_whole_numbers_and_a_power():
    # Five maps of 1 and 2: sums 1+4+1 = 6 at the ends, then 10, 11, 10 and 6; k + sum of 9, 13, 14; power 1/2.
    answers = LocalResponseNormalization(5, alpha=1, beta=0.5, k=3)(column(1, 2, 1, 2, 1))
    assert answers.flatten().tolist() == pytest.approx(
        [1 / 9**0.5, 2 / 13**0.5, 1 / 14**0.5, 2 / 13**0.5, 1 / 9**0.5], rel=1e-15
    )


def test_the_paper_s_constants_are_the_defaults():
    layer = LocalResponseNormalization()
    assert (layer.size, layer.alpha, layer.beta, layer.k, layer.alpha_divided_by_size) == (5, 1e-4, 0.75, 2.0, False)
    # 100² = 10,000 at one map: 100 / (2 + 1e-4 * 10,000)^.75 = 100 / 3^.75; the zeros beside it stay.
    answers = layer(column(0, 0, 100, 0, 0)).flatten().tolist()
    assert answers == [0, 0, pytest.approx(100 / 3**0.75, rel=1e-15), 0, 0]


def test_each_pixel_by_itself():
    inputs = torch.randn(2, 7, 3, 4, dtype=torch.float64)
    layer = LocalResponseNormalization(3, 0.5, 0.75, 1)
    alone = layer(inputs[:, :, 1:2, 2:3].contiguous())
    # A power's last bit depends on how many are computed at once.
    torch.testing.assert_close(layer(inputs)[:, :, 1:2, 2:3], alone, rtol=1e-15, atol=0)


@pytest.mark.parametrize("size", [1, 3, 5, 7])
@pytest.mark.parametrize("maps", [1, 2, 3, 16])
def test_against_torch(size, maps):
    inputs = 5 * torch.randn(2, maps, 4, 5, dtype=torch.float64)
    theirs = nn.LocalResponseNorm(size, alpha=0.3 * size, beta=0.75, k=2.0)(inputs)
    torch.testing.assert_close(LocalResponseNormalization(size, 0.3, 0.75, 2.0)(inputs), theirs, rtol=1e-13, atol=0)
    divided = LocalResponseNormalization(size, 0.3 * size, 0.75, 2.0, alpha_divided_by_size=True)(inputs)
    torch.testing.assert_close(divided, theirs, rtol=1e-13, atol=0)


def test_pictures_without_a_batch():
    inputs = torch.randn(6, 3, 4)
    layer = LocalResponseNormalization()
    assert torch.equal(layer(inputs), layer(inputs[None])[0])


def test_gradient():
    inputs = torch.randn(1, 5, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(LocalResponseNormalization(3, 0.5, 0.75, 1), inputs)


@pytest.mark.parametrize("precision", [torch.float16, torch.bfloat16])
def test_half_precision_has_room_for_squares(precision):
    inputs = torch.full((1, 5, 1, 1), 1000.0, dtype=precision)  # its square is beyond float16
    answers = LocalResponseNormalization()(inputs)
    assert answers.dtype == precision
    expected = LocalResponseNormalization()(inputs.double()).to(precision)
    torch.testing.assert_close(answers, expected, rtol=2 * torch.finfo(precision).eps, atol=0)


def test_channels_last_stays():
    inputs = torch.randn(2, 8, 5, 5).to(memory_format=torch.channels_last)
    answers = LocalResponseNormalization()(inputs)
    assert answers.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(answers, LocalResponseNormalization()(inputs.contiguous()), rtol=1e-6, atol=0)


def test_symbolic_trace():
    inputs = torch.randn(2, 8, 5, 5)
    layer = LocalResponseNormalization()
    assert torch.equal(torch.fx.symbolic_trace(layer)(inputs), layer(inputs))


def test_torch_export_with_any_number_and_size_of_pictures():
    layer = LocalResponseNormalization()
    dimensions = {axis: torch.export.Dim(name) for axis, name in ((0, "batch"), (2, "height"), (3, "width"))}
    program = torch.export.export(layer, (torch.randn(2, 8, 5, 6),), dynamic_shapes=(dimensions,))
    other = torch.randn(3, 8, 9, 4)
    torch.testing.assert_close(program.module()(other), layer(other), rtol=1e-6, atol=0)


@pytest.mark.filterwarnings("ignore:.torch.jit.trace:FutureWarning")
def test_openvino_answers_the_same():
    inputs = 10 * torch.randn(2, 8, 5, 6)
    layer = LocalResponseNormalization(alpha=0.01)
    converted = load_openvino().convert_model(layer, example_input=inputs)
    compiled = openvino_core().compile_model(converted, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    torch.testing.assert_close(torch.from_numpy(compiled(inputs.numpy())[0]), layer(inputs), rtol=1e-5, atol=1e-6)


def test_has_no_state_and_prints_its_constants():
    assert LocalResponseNormalization().state_dict() == {}
    assert repr(LocalResponseNormalization()) == "LocalResponseNormalization(size=5, alpha=0.0001, beta=0.75, k=2)"
    divided = LocalResponseNormalization(k=1, alpha_divided_by_size=True)
    assert repr(divided) == "LocalResponseNormalization(size=5, alpha=0.0001 / 5, beta=0.75, k=1)"


@pytest.mark.parametrize("size", [2, 4])
def test_even_sizes(size):
    with pytest.raises(UsageError) as error:
        LocalResponseNormalization(size)
    assert str(error.value) == (
        "LocalResponseNormalization: size must be odd, so that a map has as many neighbours before as after it, "
        f"got {size}"
    )


def test_bad_arguments():
    with pytest.raises(UsageError) as error:
        LocalResponseNormalization(0)
    assert str(error.value) == "LocalResponseNormalization: size must be a whole number of at least 1, got 0"
    for name in ("alpha", "beta", "k"):
        with pytest.raises(UsageError) as error:
            LocalResponseNormalization(**{name: -1.0})
        assert str(error.value) == f"LocalResponseNormalization: {name} must be a finite number above 0, got -1.0"
