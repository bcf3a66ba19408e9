"""What the operations room asks the studio for."""

import pytest

import striate  # noqa: F401 - torch is loaded once
from striate.errors import UsageError
from striate.nn import list_kernels, named_kernel, output_size


def test_the_kernels_are_those_of_filter(empty_studio):
    kernels = {one["name"]: one for one in empty_studio.json("operations/kernels")["kernels"]}
    odd = {name for name in list_kernels() if named_kernel(name).size in ((3, 3), (5, 5), (7, 7))}
    assert kernels.keys() == odd and {"sobel_x", "gaussian_blur", "box_blur"} <= odd
    assert kernels["sobel_x"]["rows"] == [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]


@pytest.mark.parametrize(("size", "kernel", "stride"), [(7, 3, 1), (7, 3, 3), (32, 5, 2), (3, 7, 1)])
def test_a_size_is_told_with_the_strict_refusal(empty_studio, size, kernel, stride):
    told = empty_studio.json(f"operations/size?size={size}&kernel={kernel}&padding=0&stride={stride}&dilation=1")
    try:
        assert told == {"count": output_size(size, kernel, stride=stride, strict=True), "refusal": ""}
    except UsageError as error:
        assert told["refusal"] == str(error)
        assert told["count"] == (0 if kernel > size else output_size(size, kernel, stride=stride))


@pytest.mark.parametrize("value", ["", "0", "-1", "x", "99999", "1e3"])
def test_a_size_that_is_none_is_refused(empty_studio, value):
    answer = empty_studio.get(f"/studio/api/operations/size?size={value}&kernel=3&padding=0&stride=1&dilation=1")
    assert answer.status == 400
    assert "size must be a whole number from 1 to 1024" in answer.json()["detail"]


def test_a_digit_is_there(empty_studio):
    rows = empty_studio.json("operations/digit")["rows"]
    assert len(rows) == len(rows[0]) == 32 and max(map(max, rows)) == 255
