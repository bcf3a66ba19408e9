import itertools
import time

import pytest
import torch
from torch import nn

from striate.training import choose_precision, precision, time_step


def loss(logits):
    return logits.square().mean()


def test_without_native_bf16_it_is_not_tried(small_network, monkeypatch):
    monkeypatch.setattr(precision, "computes_bf16_natively", lambda device: False)
    monkeypatch.setattr(precision, "time_steps", lambda *arguments: pytest.fail("was timed"))
    chosen, reason = choose_precision(small_network(), torch.zeros(2, 1, 32, 32), loss)
    assert (chosen, reason) == ("fp32", "this device does not compute bf16 natively")


@pytest.mark.parametrize(("bf16_seconds", "expected"), [(0.05, "bf16"), (0.099, "fp32"), (0.2, "fp32")])
def test_the_faster_one_is_taken(small_network, monkeypatch, bf16_seconds, expected):
    monkeypatch.setattr(precision, "computes_bf16_natively", lambda device: True)
    monkeypatch.setattr(precision, "time_steps", lambda n, i, lo, names, of: [0.1, bf16_seconds])
    chosen, reason = choose_precision(small_network(), torch.zeros(2, 1, 32, 32), loss)
    assert chosen == expected
    assert reason == f"timed on one batch: fp32 100 ms, bf16 {bf16_seconds * 1e3:.0f} ms"


@pytest.mark.parametrize("name", ["fp32", "bf16"])
def test_timing_leaves_the_network_and_the_generator_alone(small_network, name):
    network = small_network("resnet20").eval()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    state = torch.random.get_rng_state()
    assert time_step(network, torch.zeros(2, 1, 32, 32), loss, name, steps=1) > 0
    assert torch.equal(torch.random.get_rng_state(), state)
    assert not network.training
    assert all(parameter.grad is None for parameter in network.parameters())
    for key, value in network.state_dict().items():
        assert torch.equal(value, before[key]), key


def test_formats_are_timed_in_turns(small_network, monkeypatch):
    said = []
    autocast = precision.autocast
    monkeypatch.setattr(precision, "autocast", lambda device, name: (said.append(name), autocast(device, name))[1])
    taken = precision.time_steps(small_network(), torch.zeros(2, 1, 32, 32), loss, ("fp32", "bf16"), steps=2)
    assert said == ["fp32", "bf16"] * 3
    assert min(taken) > 0


def test_what_else_the_machine_does_is_not_in_a_step_s_time():
    class Preempted(nn.Linear):
        def forward(self, images):
            time.sleep(0.05)  # the thread does not have the processor
            return super().forward(images)

    assert 0 < time_step(Preempted(4, 4), torch.zeros(2, 4), loss, "fp32", steps=1) < 0.04


def test_fast_arithmetic_is_for_gpus_and_for_a_while():
    def flags():
        return torch.backends.cudnn.benchmark, torch.get_float32_matmul_precision()

    before = flags()
    with precision.fast_arithmetic(torch.device("cpu")):
        assert flags() == before
    with pytest.raises(KeyError), precision.fast_arithmetic(torch.device("cuda")):
        assert flags() == (True, "high")
        raise KeyError
    assert flags() == before


def test_no_more_steps_are_taken_than_are_enough(small_network, monkeypatch):
    clock = itertools.count()
    monkeypatch.setattr(precision, "own_seconds", lambda: float(next(clock)))
    options = {"steps": 9, "enough": lambda seconds: len(seconds) >= 2}
    taken = precision.time_steps(small_network(), torch.zeros(2, 1, 32, 32), loss, ("fp32", "bf16"), **options)
    assert taken == [1.0, 1.0]
    assert next(clock) == 2 * 2 * (1 + 2)  # the clock is read twice a step, of each format, and one step warms up
