"""What steps are timed with: noise that is the same each time, and a loss of any logits."""

import pytest
import torch

from striate.models import create_model
from striate.training.probes import probe_images, probe_loss


def test_the_noise_is_the_networks_input_and_always_the_same():
    network = create_model("lenet5_dense", num_classes=2)
    images = probe_images(network, (32, 30), count=3)
    assert images.shape == (3, 1, 32, 30) and images.is_contiguous(memory_format=torch.channels_last)
    state = torch.get_rng_state()
    assert torch.equal(images, probe_images(network, (32, 30), count=3))
    assert torch.equal(state, torch.get_rng_state())


def test_the_loss_is_the_cross_entropy_of_the_first_class():
    logits = torch.tensor([[0.0, 0.0], [0.0, torch.log(torch.tensor(3.0))]])
    assert float(probe_loss(logits)) == pytest.approx((torch.log(torch.tensor(2.0)) + torch.log(torch.tensor(4.0))) / 2)
