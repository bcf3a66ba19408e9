import numpy as np
import pytest

from striate.errors import UsageError
from striate.nn.arguments import height_and_width, positive_number, whole_number


@pytest.mark.parametrize("value", [1, 7, np.int64(7)])
def test_whole_numbers(value):
    answer = whole_number("Layer", "width", value)
    assert answer == value
    assert type(answer) is int


@pytest.mark.parametrize("value", [0, -1, 2.0, True, "3", None])
def test_not_whole_numbers(value):
    with pytest.raises(UsageError) as error:
        whole_number("Layer", "width", value)
    assert str(error.value) == f"Layer: width must be a whole number of at least 1, got {value!r}"


def test_zero_where_it_makes_sense():
    assert whole_number("Layer", "padding", 0, minimum=0) == 0


@pytest.mark.parametrize("value", [1, 0.5, np.float32(2)])
def test_positive_numbers(value):
    answer = positive_number("Layer", "slope", value)
    assert answer == value
    assert type(answer) is float


@pytest.mark.parametrize(("value", "expected"), [(3, (3, 3)), ((1, 2), (1, 2)), ([np.int64(4), 5], (4, 5))])
def test_height_and_width(value, expected):
    assert height_and_width("Layer", "stride", value) == expected


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (0, "stride must be a whole number of at least 1, got 0"),
        ("3", "stride must be a whole number of at least 1, got '3'"),
        ((1, 0), "stride[1] must be a whole number of at least 1, got 0"),
        ((1,), "stride must be a whole number or a pair (height, width), got (1,)"),
    ],
)
def test_not_height_and_width(value, message):
    with pytest.raises(UsageError) as error:
        height_and_width("Layer", "stride", value)
    assert str(error.value) == f"Layer: {message}"
