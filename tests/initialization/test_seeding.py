import pytest
import torch

from striate.errors import UsageError
from striate.initialization import seeded


def test_seeded_leaves_the_global_generator_alone():
    before = torch.random.get_rng_state()
    with seeded(3):
        first = torch.rand(3)
    assert torch.equal(torch.random.get_rng_state(), before)
    with seeded(3):
        assert torch.equal(torch.rand(3), first)
    with seeded(4):
        assert not torch.equal(torch.rand(3), first)


def test_seeded_puts_the_generator_back_after_an_error():
    before = torch.random.get_rng_state()
    with pytest.raises(RuntimeError), seeded(3):
        torch.rand(3)
        raise RuntimeError
    assert torch.equal(torch.random.get_rng_state(), before)


def test_no_seed_draws_from_the_global_generator():
    before = torch.random.get_rng_state()
    with seeded(None):
        torch.rand(3)
    assert not torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("seed", [1.0, True, "0", -1, 2**63])
def test_bad_seed(seed):
    with pytest.raises(UsageError) as error, seeded(seed):
        pass
    assert str(error.value) == f"seed must be a whole number from 0 to 2**63 - 1, got {seed!r}"
