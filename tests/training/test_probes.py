"""What steps are timed with: noise that is the same each time."""

import torch

from striate.models import create_model
from striate.training.probes import probe_images


def test_the_noise_is_the_networks_input_and_always_the_same():
    network = create_model("lenet5_dense", num_classes=2)
    images = probe_images(network, (32, 30), count=3)
    assert images.shape == (3, 1, 32, 30) and images.is_contiguous(memory_format=torch.channels_last)
    state = torch.get_rng_state()
    assert torch.equal(images, probe_images(network, (32, 30), count=3))
    assert torch.equal(state, torch.get_rng_state())
