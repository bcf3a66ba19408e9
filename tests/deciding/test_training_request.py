import pytest

from striate.deciding.training_request import read_batch_size
from striate.errors import UsageError


@pytest.mark.parametrize(("asked", "expected"), [(None, None), ("auto", None), (16, 16), ("16", 16), (" 8", 8)])
def test_a_batch_size_is_a_number_or_auto(asked, expected):
    assert read_batch_size(asked) == expected


@pytest.mark.parametrize("asked", ["many", "", "12.5", "Auto", 16.5, float("nan")])
def test_what_is_no_batch_size(asked):
    with pytest.raises(UsageError) as error:
        read_batch_size(asked)
    assert str(error.value) == f"--batch-size must be a whole number or auto, got {asked!r}"
