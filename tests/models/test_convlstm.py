"""The classifier of clips on a convolutional LSTM cell."""

import pytest
import torch

import striate
from striate.errors import UsageError
from striate.models import list_models, model_row


@pytest.fixture(scope="module")
def network():
    return striate.create_model("convlstm", num_classes=4, seed=0).eval()


def test_parameters_and_operations_by_hand():
    found = striate.inspect("convlstm")
    cell = 4 * (9 * (16 + 16) * 16 + 16) + 3 * 16 * 16 * 16
    assert found.parameters == cell + (16 + 1) * 10 == 30_954
    assert found.macs == 10 * (9 * 32 * 64 * 16 * 16) + 160 == 47_186_080
    assert found.input_shape == (10, 1, 64, 64)
    # A patch is 4 pixels; a step sees one patch more on either side, and ten steps have ten convolutions on the longest path.
    assert found.receptive_field == 4 + 10 * 8 == 84
    assert not found.notes
    assert list_models("frames") == ["convlstm"]
    assert model_row("convlstm").kind == "frames"


def test_it_is_the_cell_step_by_step(network):
    clips = torch.rand(2, 3, 1, 64, 64)
    patches = torch.nn.functional.pixel_unshuffle(clips.flatten(0, 1), 4).reshape(2, 3, 16, 16, 16)
    state = None
    for frame in range(3):
        state = network.cell(patches[:, frame], state)
    expected = network.output(state[0].amax((2, 3)))
    torch.testing.assert_close(network(clips), expected, rtol=0, atol=1e-6)
    torch.testing.assert_close(network.head(network.features(clips)), expected, rtol=0, atol=1e-6)


def test_the_order_of_frames_counts_and_their_number_is_free(network):
    clips = torch.rand(1, 6, 1, 64, 64)
    assert (network(clips) - network(clips.flip(1))).abs().max() > 1e-4
    assert network(clips[:, :1]).shape == (1, 4)


def test_frames_in_colour():
    network = striate.create_model("convlstm", num_classes=2, in_channels=3)
    assert network(torch.rand(2, 2, 3, 64, 64)).shape == (2, 2)
    network.replace_head(5)
    assert network(torch.rand(1, 2, 3, 64, 64)).shape == (1, 5)


@pytest.mark.parametrize("shape", [(1, 1, 64, 64), (1, 2, 3, 64, 64), (1, 2, 1, 32, 32), (1, 0, 1, 64, 64)])
def test_other_batches_are_refused(network, shape):
    with pytest.raises(UsageError, match=r"ConvLSTM takes a float tensor of shape \(N, frames, 1, 64, 64\), got"):
        network(torch.zeros(shape))


def test_weights_are_drawn_by_the_seed_and_anew(network):
    again = striate.create_model("convlstm", num_classes=4, seed=0)
    assert all(torch.equal(one, other) for one, other in zip(network.parameters(), again.parameters(), strict=True))
    again.reset_parameters()
    assert not torch.equal(network.cell.convolution.weight, again.cell.convolution.weight)
