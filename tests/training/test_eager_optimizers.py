"""torch's optimizers, which load no compiler."""

import subprocess
import sys

import pytest
import torch

from striate.training.eager_optimizers import EagerAdam, EagerAdamW, EagerSGD

PAIRS = [
    (EagerSGD, torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    (EagerAdam, torch.optim.Adam, {}),
    (EagerAdamW, torch.optim.AdamW, {}),
]


@pytest.mark.parametrize(("ours", "theirs", "settings"), PAIRS)
def test_steps_are_those_of_torch_also_after_they_were_kept_and_restored(ours, theirs, settings):
    torch.manual_seed(0)
    start, gradients = torch.randn(5, 3), torch.randn(6, 5, 3)
    found = []
    for kind in (ours, theirs):
        weight = torch.nn.Parameter(start.clone())
        optimizer = kind([weight], lr=0.1, weight_decay=0.01, fused=True, **settings)
        for place, gradient in enumerate(gradients):
            if place == 3:
                kept = optimizer.state_dict()
                optimizer = kind([weight], lr=0.5, fused=True)
                optimizer.load_state_dict(kept)
            weight.grad = gradient.clone()
            optimizer.step()
            optimizer.zero_grad()
            assert weight.grad is None
        found.append(weight.detach())
    assert torch.equal(*found) and not torch.equal(found[0], start)


def test_no_compiler_is_loaded_by_a_step():
    program = """
import sys, torch
from striate.training.eager_optimizers import EagerAdamW, EagerSGD
from striate.training.adadelta import Adadelta
weight = torch.nn.Parameter(torch.ones(2))
for optimizer in (EagerSGD([weight], lr=0.1, fused=True), EagerAdamW([weight], fused=True), Adadelta([weight])):
    weight.sum().backward()
    optimizer.step()
    optimizer.zero_grad()
    optimizer.load_state_dict(optimizer.state_dict())
print([name for name in ("torch._dynamo", "torch._inductor", "triton", "sympy") if name in sys.modules])
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ended.stdout, ended.stderr) == ("[]\n", "")
