"""A first convolution for other channels: by hand, against timm, and against the picture in every channel."""

import pytest
import torch
from timm.models import adapt_input_conv

from striate.errors import WeightsError
from striate.initialization import drafting
from striate.models import create_model, list_models
from striate.weights import adapt_input_channels, first_convolution, load_weights

GENERATOR = torch.Generator().manual_seed(0)
WEIGHT = torch.randn(4, 3, 3, 3, generator=GENERATOR)


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 6, 12])
def test_it_is_what_timm_does(channels):
    assert torch.equal(adapt_input_channels(WEIGHT, channels), adapt_input_conv(channels, WEIGHT))


def test_by_hand():
    weight = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]]).reshape(2, 3, 1, 1)
    assert adapt_input_channels(weight, 1).flatten().tolist() == [6.0, 16.0]
    assert adapt_input_channels(weight, 2)[0].flatten().tolist() == [1.5, 3.0]
    one = torch.tensor([[3.0], [6.0]]).reshape(2, 1, 1, 1)
    assert adapt_input_channels(one, 3).flatten().tolist() == [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]


def test_the_sum_is_kept():
    for old, new in ((3, 6), (1, 3), (1, 7), (2, 8), (3, 1), (5, 1)):
        weight = torch.randn(2, old, 3, 3, generator=GENERATOR, dtype=torch.float64)
        torch.testing.assert_close(adapt_input_channels(weight, new).sum(1), weight.sum(1), rtol=1e-13, atol=1e-13)


def test_dtypes_stay_and_halves_are_summed_in_full():
    weight = torch.tensor([2048.0, 1.0, 1.0]).reshape(1, 3, 1, 1).half()
    adapted = adapt_input_channels(weight, 1)
    assert adapted.dtype == torch.float16
    assert adapted.item() == 2050  # 2048 + 1 is 2048 in half precision
    assert adapt_input_channels(WEIGHT.double(), 1).dtype == torch.float64


def test_what_is_no_convolution():
    with pytest.raises(WeightsError, match=r"takes 1 channel or more, got \(3, 4\) for 1"):
        adapt_input_channels(torch.zeros(3, 4), 1)
    with pytest.raises(WeightsError, match=r"got \(4, 3, 3, 3\) for 0"):
        adapt_input_channels(WEIGHT, 0)
    assert first_convolution(torch.nn.Linear(3, 2)) is None
    assert first_convolution(torch.nn.Conv2d(4, 4, 3, groups=2)) is None
    assert first_convolution(torch.nn.ReLU()) is None


def test_every_network_begins_with_a_plain_convolution():
    """So that any row can start from its weights on any pictures; the deep rows begin as their shallow kin do."""
    for name in list_models("picture", sequential=False):
        if name[-2:] in ("b2", "b3", "b4", "b5", "b6", "b7") or name.endswith("_tf"):
            continue
        if name == "linear":  # it convolves nothing
            continue
        with drafting():
            network = create_model(name)
        assert network.state_dict()[first_convolution(network)].shape[1] == network.in_channels


@pytest.mark.parametrize("name", ["resnet20", "mobilenet_v2_x0_35_tf"])
def test_a_grey_picture_is_answered_as_in_every_channel(name):
    colour = create_model(name, in_channels=3, seed=0).eval()
    grey = create_model(name, in_channels=1, seed=1).eval()
    load_weights(grey, colour.state_dict())
    pictures = torch.randn(2, 1, *colour.input_size, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        torch.testing.assert_close(grey(pictures), colour(pictures.expand(-1, 3, -1, -1)), rtol=1e-4, atol=1e-5)
        # A convolution's own answers differ by rounding alone.
        first = first_convolution(grey).removesuffix(".weight")
        torch.testing.assert_close(
            grey.get_submodule(first)(pictures),
            colour.get_submodule(first)(pictures.expand(-1, 3, -1, -1)),
            rtol=1e-5,
            atol=1e-6,
        )
