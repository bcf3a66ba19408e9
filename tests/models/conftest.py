import functools
import tomllib
from pathlib import Path

import pytest
import torch

from striate.initialization import drafting
from striate.models import create_model, model_row
from striate.nn import EuclideanRBF, PartialConv2d

GOLDEN = tomllib.loads(Path(__file__).parents[1].joinpath("golden", "models.toml").read_text(encoding="utf-8"))
LARGE = 4_000_000  # parameters, from which on building a network and its copies takes seconds

# Of families with many rows, those that stand for the others where every row is put to a test that computes; the others are
# tested so by `make test-all`, which takes an hour. What is special in them, their family's own tests show.
STANDING = {
    "resnet": {"resnet20", "plain20"},
    "mobilenet_v1": {"mobilenet_v1_x0_25", "mobilenet_v1_x0_25_tf"},
    "mobilenet_v2": {"mobilenet_v2_x0_35", "mobilenet_v2_x0_35_tf"},
    "efficientnet": set(),
}


def computes_fast(name):
    """Whether tests that build a row with its weights are among the fast ones."""
    family = model_row(name).family.__module__.rpartition(".")[2]
    return GOLDEN[name]["parameters"] <= LARGE and name in STANDING.get(family, {name})


@pytest.hookimpl(tryfirst=True)  # before pytest leaves the slow ones out
def pytest_collection_modifyitems(items):
    """Marks the tests that build a large row, or one that another stands for."""
    for item in items:
        name = item.callspec.params.get("name") if hasattr(item, "callspec") else None
        builds = {"evaluated", "built"} & set(getattr(item, "fixturenames", ()))
        if builds and name in GOLDEN and not computes_fast(name):
            item.add_marker(pytest.mark.exhaustive)


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
    return GOLDEN


@pytest.fixture(scope="session")
def drafted():
    """A network without values, in evaluation mode: the same one each time, for tests that leave it as it is."""

    @functools.cache
    def draft(name, auxiliary=True):
        with drafting():
            return create_model(name, auxiliary=auxiliary).eval()

    return draft


@pytest.fixture
def built():
    """`create_model`: asked for by tests that need weights, which takes time."""
    return create_model


@pytest.fixture
def evaluated():
    """A function from a row's name to its network in evaluation mode and two small pictures that it takes."""

    def make(name, **arguments):
        network = create_model(name, seed=0, **arguments).eval()
        smallest = tuple(max(32, side) for side in network.minimum_size)
        size = model_row(name).input_size if network.fixed_size else smallest
        generator = torch.Generator().manual_seed(1)
        return network, torch.randn(2, network.in_channels, *size, generator=generator)

    return make


@pytest.fixture(scope="session")
def multiply_adds():
    """A function that counts those of convolutions and dense layers (an RBF layer as dense) for one picture."""

    def count(name):
        with drafting():  # shapes alone
            network = create_model(name).eval()
        counts = []

        def add(module, inputs, output):
            # Each output unit takes one for each weight that leads to it.
            if isinstance(module, torch.nn.Conv2d):
                counts.append(output.numel() * module.weight[0].numel())
            elif isinstance(module, PartialConv2d):
                counts.append(output[0, 0].numel() * module.weight.numel())
            elif isinstance(module, torch.nn.Linear):
                counts.append(module.weight.numel())
            elif isinstance(module, EuclideanRBF):
                counts.append(module.prototypes.numel())

        for module in network.modules():
            module.register_forward_hook(add)
        network(torch.empty(1, network.in_channels, *network.input_size, device="meta"))
        return counts

    return count
