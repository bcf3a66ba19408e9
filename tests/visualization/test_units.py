import pytest
import torch

from striate.errors import UnknownNameError, UsageError
from striate.visualization.units import starting_signal, strongest_maps

MAPS = torch.tensor([[[[1.0, 5.0], [2.0, 0.0]], [[4.0, -7.0], [3.0, 4.0]]]])  # one picture, two maps of 2 x 2
NUMBERS = torch.tensor([[3.0, -1.0, 4.0], [2.0, 9.0, 0.0]])  # two pictures, three numbers each


def places(signal):
    """Where the signal is not 0, and what it is there."""
    return {tuple(place): signal[tuple(place)].item() for place in signal.nonzero().tolist()}


@pytest.mark.parametrize(
    ("unit", "strongest", "start", "expected"),
    [
        (None, 1, "one", {(0, 0, 0, 1): 1.0}),
        (None, 1, "activation", {(0, 0, 0, 1): 5.0}),
        (1, 1, "activation", {(0, 1, 0, 0): 4.0}),  # of two that are equal, the first
        (1, 2, "activation", {(0, 1, 0, 0): 4.0, (0, 1, 1, 1): 4.0}),
        (1, None, "activation", {(0, 1, 0, 0): 4.0, (0, 1, 0, 1): -7.0, (0, 1, 1, 0): 3.0, (0, 1, 1, 1): 4.0}),
        (0, None, "one", {(0, 0, 0, 0): 1.0, (0, 0, 0, 1): 1.0, (0, 0, 1, 0): 1.0, (0, 0, 1, 1): 1.0}),
        (0, 99, "activation", {(0, 0, 0, 0): 1.0, (0, 0, 0, 1): 5.0, (0, 0, 1, 0): 2.0}),
        ((1, 0, 1), 1, "activation", {(0, 1, 0, 1): -7.0}),
        ([(1, 1, 0)], 1, "one", {(0, 1, 1, 0): 1.0}),
        (None, 3, "activation", {(0, 0, 0, 1): 5.0, (0, 1, 0, 0): 4.0, (0, 1, 1, 1): 4.0}),
    ],
)
def test_signal_of_maps(unit, strongest, start, expected):
    assert places(starting_signal(MAPS, unit, layer="maps", strongest=strongest, start=start)) == expected


@pytest.mark.parametrize(
    ("unit", "strongest", "expected"),
    [
        (None, 1, {(0, 2): 4.0, (1, 1): 9.0}),
        (0, 1, {(0, 0): 3.0, (1, 0): 2.0}),
        ((0,), 1, {(0, 0): 3.0, (1, 0): 2.0}),
        ([1, (2,)], 1, {(0, 1): -1.0}),  # the second picture's is 0
        (None, 2, {(0, 2): 4.0, (0, 0): 3.0, (1, 1): 9.0, (1, 0): 2.0}),
        ([None, 2], 1, {(0, 2): 4.0}),
    ],
)
def test_signal_of_numbers(unit, strongest, expected):
    assert places(starting_signal(NUMBERS, unit, layer="f6", strongest=strongest, start="activation")) == expected


def test_signal_is_like_the_maps_and_they_are_left_alone():
    maps = MAPS.to(torch.float64).to(memory_format=torch.channels_last).requires_grad_()
    signal = starting_signal(maps, 0, layer="maps")
    assert signal.dtype == torch.float64 and not signal.requires_grad
    assert torch.equal(maps, MAPS.double())


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        (2, "the layer 'c1' has 2 maps, 0 to 1; got 2 (unit 2)"),
        (-1, "the layer 'c1' has 2 maps, 0 to 1; got -1 (unit -1)"),
        ((0, 2, 0), "the layer 'c1' has 2 rows, 0 to 1; got 2 (unit (0, 2, 0))"),
        ((0, 0, 2), "the layer 'c1' has 2 columns, 0 to 1; got 2 (unit (0, 0, 2))"),
        ((0, 1), "a unit of the layer 'c1' is (map, row, column), or a map's number, got (0, 1)"),
        (True, "a unit of the layer 'c1' is (map, row, column), or a map's number, got True"),
        (1.0, "a unit of the layer 'c1' is (map, row, column), or a map's number, got 1.0"),
        ([0, 1], "a list of units must have one for each of the 1 pictures, got 2"),
    ],
)
def test_units_there_are_not(unit, said):
    with pytest.raises(UsageError) as error:
        starting_signal(MAPS, unit, layer="c1")
    assert str(error.value) == said


def test_numbers_there_are_not():
    with pytest.raises(UsageError, match=r"^the layer 'head' has 3 units, 0 to 2; got 3 \(unit 3\)$"):
        starting_signal(NUMBERS, 3, layer="head")
    with pytest.raises(UsageError, match=r"^a unit of the layer 'head' is a number, got \(0, 0, 0\)$"):
        starting_signal(NUMBERS, (0, 0, 0), layer="head")


@pytest.mark.parametrize("strongest", [0, -1, True, 1.5, "2"])
def test_strongest_is_a_whole_number(strongest):
    with pytest.raises(UsageError) as error:
        starting_signal(MAPS, 0, layer="c1", strongest=strongest)
    assert str(error.value) == (
        f"strongest must be a whole number of at least 1, or None for all units, got {strongest!r}"
    )


def test_start_is_one_of_two():
    with pytest.raises(UnknownNameError, match="unknown start 'activations'; did you mean 'activation'"):
        starting_signal(MAPS, 0, layer="c1", start="activations")


def test_strongest_maps():
    assert strongest_maps(MAPS[0], 2) == [0, 1]
    assert strongest_maps(-MAPS[0], 5) == [1, 0]
    assert strongest_maps(NUMBERS[0], 2) == [2, 0]
    assert strongest_maps(torch.ones(3, 2, 2), 2) == [0, 1]  # of equal ones the first
