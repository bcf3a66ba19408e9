"""Steps between layers, what is changed in place, and a network that is left as it was."""

from __future__ import annotations

import torch
from tests.seeing.arithmetic.conftest import counted
from torch import nn
from torch.nn import functional

from striate.nn import LocalResponseNormalization
from striate.seeing.arithmetic import walked


class _Residual(nn.Module):
    """A sum in `forward`, of something that is changed in place afterwards."""

    def __init__(self) -> None:
        super().__init__()
        self.weigh = nn.Conv2d(1, 1, 1, bias=False)
        self.relu = nn.ReLU(inplace=True)
        nn.init.constant_(self.weigh.weight, -2)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = self.weigh(images)
        maps += images
        maps = self.relu(maps)
        return functional.relu(torch.cat([maps, images], dim=1) - 3)


def test_steps_between_layers_keep_what_is_changed_in_place():
    walk = walked(_Residual(), counted(1, 2, 2))
    assert [(step.name, step.inputs) for step in walk.steps] == [
        ("weigh", ("input",)),
        ("add", ("weigh", "input")),
        ("relu", ("add",)),
        ("cat", ("relu", "input")),
        ("sub", ("cat",)),
        ("relu_2", ("sub",)),
    ]
    told = walk.arithmetic("add", (0, 1, 1))
    assert [(window.source, window.terms.item()) for window in told.windows] == [("weigh", -8.0), ("input", 4.0)]
    assert (told.result, told.value, told.activation.value) == (-4.0, -4.0, 0.0)
    branch = walk.arithmetic("cat", (1, 0, 1))
    assert (branch.note, branch.windows[0].source, branch.value) == ("branch 2 of 2: input", "input", 2.0)
    assert [line.value for line in walk.arithmetic("sub", (1, 1, 1)).lines] == [4.0, 3.0, 1.0]


def test_a_walk_leaves_the_network_as_it_was_and_counts_what_it_keeps():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Dropout(0.9), nn.Flatten())
    walk = walked(network, counted(1, 4, 4))
    assert walk.bytes == 4 * (16 + 8)  # dropout and flattening share the convolution's memory
    assert all(module.training for module in network.modules())
    assert not network[0]._forward_hooks and not network[0]._forward_pre_hooks
    assert walk.arithmetic("1", (0, 0, 0)).formula == "y = x"


class _Views(nn.Module):
    """Changes a part of what it was given, and calls a layer by its argument's name."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = LocalResponseNormalization(1, alpha=1.0, beta=1.0, k=1.0)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = images * 1
        maps[:, :1].mul_(10)
        return self.norm(inputs=maps)


def test_what_looks_at_the_same_memory_is_told_as_it_was_and_as_it_became():
    walk = walked(_Views(), counted(2, 1, 1))
    assert [(step.name, step.operation) for step in walk.steps] == [
        ("mul", "product"),
        ("part", "selection"),
        ("mul_2", "product"),
        ("norm", "local response normalisation"),
    ]
    assert [walk.numbers(name).ravel().tolist() for name in ("mul", "part", "mul_2")] == [[1, 2], [1], [10]]
    told = walk.arithmetic("norm", (0, 0, 0))
    assert (told.lines[0].value, told.result) == (10.0, 10 / 101)
    assert told.windows[0].source == "mul_2"
    assert walk.arithmetic("norm", (1, 0, 0)).result == 2 / 5
