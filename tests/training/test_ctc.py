"""The loss against all paths there are, and what is refused before it would be infinite."""

import itertools
import math

import pytest
import torch

from striate.errors import DataError
from striate.tasks.ctc_decoding import collapsed, greedy_strings, rows_of
from striate.training.ctc import count_right_strings, ctc_losses, read_greedily, refuse_unsayable
from striate.training.inputs import Targets


def improbability(logits, string):
    table = logits.double().log_softmax(dim=1)
    paths = itertools.product(range(table.shape[1]), repeat=len(table))
    said = [sum(table[place, one] for place, one in enumerate(path)) for path in paths if collapsed(path) == string]
    return -torch.logsumexp(torch.stack(said), dim=0).item()


@pytest.mark.parametrize("strings", [[(0,), (1, 0)], [(0, 0), ()], [(1, 1), (0, 1, 0, 1)]])
def test_it_sums_over_all_paths(strings):
    logits = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0)) * 2
    expected = [improbability(table, string) for table, string in zip(logits, strings, strict=True)]
    assert ctc_losses(logits, torch.from_numpy(rows_of(strings))).tolist() == pytest.approx(expected, rel=1e-5)


def test_finite_at_the_edge_and_so_is_the_gradient():
    logits = torch.full((2, 4, 3), 1e4)
    logits[..., 0] = -1e4  # the blank is as improbable as it can be, and both strings need it
    logits.requires_grad_()
    loss = ctc_losses(logits, torch.tensor([[0, 0], [-1, -1]])).mean()
    loss.backward()
    assert math.isfinite(loss.item()) and logits.grad.isfinite().all() and logits.grad.any()


def test_in_half_precision_it_is_computed_in_whole():
    logits = torch.randn(1, 5, 4, generator=torch.Generator().manual_seed(1)).bfloat16()
    loss = ctc_losses(logits, torch.tensor([[2, 2]]))
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(improbability(logits[0].float(), (2, 2)), rel=1e-5)


def test_signs_that_nobody_knows_are_passed_over():
    logits = torch.randn(1, 4, 3, generator=torch.Generator().manual_seed(2))
    known, unknown = torch.tensor([[1, 0, -1]]), torch.tensor([[1, -2, 0]])
    assert ctc_losses(logits, unknown).item() == ctc_losses(logits, known).item()


def test_reading_is_the_same_in_torch_and_in_numpy():
    logits = torch.randn(50, 9, 4, generator=torch.Generator().manual_seed(3))
    assert read_greedily(logits).tolist() == greedy_strings(logits.numpy()).tolist()


def test_right_is_what_is_equal_as_a_whole():
    logits = torch.tensor([[[0.0, 1, 0], [1, 0, 0], [0, 0, 2]]] * 4)  # reads (0, 1)
    strings = torch.tensor([[0, 1, -1, -1], [0, -1, -1, -1], [0, 1, 1, 0], [0, -2, -1, -1]])
    assert count_right_strings(logits, Targets(strings)).item() == 1


def test_what_cannot_be_said_is_refused():
    refuse_unsayable([(0, 0, 1), (), (0, 1, 2, 3)], ["a", "b", "c"], places=4)
    with pytest.raises(DataError) as error:
        refuse_unsayable([(0, 0, 0), (1,), (0, 1, 2, 0)], ["a.png", "b.png", "c.png"], places=3)
    assert str(error.value) == (
        "2 of 3 strings do not fit into the 3 places at which a line is read, a place a sign and one more between two that are the "
        "same; a.png needs 5: give wider pictures or shorter strings"
    )
