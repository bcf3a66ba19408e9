import tomllib
from pathlib import Path

import pytest
import torch

from striate.models import create_model, model_row


@pytest.fixture(autouse=True)
def one_thread():
    """These networks and batches are too small to share between threads, which cost more than they bring."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def golden():
    """The table of what the papers say, by row."""
    return tomllib.loads(Path(__file__).parents[1].joinpath("golden", "models.toml").read_text(encoding="utf-8"))


@pytest.fixture
def evaluated():
    """A function from a row's name to its network in evaluation mode and two small pictures that it takes."""

    def make(name, **arguments):
        network = create_model(name, seed=0, **arguments).eval()
        size = model_row(name).input_size if network.fixed_size else (32, 32)
        generator = torch.Generator().manual_seed(1)
        return network, torch.randn(2, network.in_channels, *size, generator=generator)

    return make
