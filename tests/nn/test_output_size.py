import itertools

import pytest
import torch
from torch.nn import functional

from striate.errors import UsageError
from striate.nn import output_size, same_padding

WHY = "output_size: stride 3 does not fit: (7 + 2*0 - 3) / 3 = 4/3 is not whole, so "
FITS = "; it fits with stride 1 (5 outputs), stride 2 (3 outputs) or padding 1 (3 outputs)"


@pytest.mark.parametrize(
    ("n", "kernel", "stride", "padding", "expected"),
    [
        (32, 5, 1, 2, 32),
        (32, 5, 1, 0, 28),
        (7, 3, 1, 1, 7),
        (7, 3, 2, 0, 3),
        (7, 3, 3, 0, 2),
        (227, 11, 4, 0, 55),
        (55, 3, 2, 0, 27),
        (224, 7, 2, 3, 112),
        (224, 2, 2, 0, 112),
        (1, 1, 1, 0, 1),
        (5, 3, 2, "same", 3),
        (6, 4, 1, "same", 6),
        (6, 3, 1, "valid", 4),
    ],
)
def test_sizes_by_hand(n, kernel, stride, padding, expected):
    assert output_size(n, kernel, stride, padding) == expected


def test_every_size_is_that_of_torch_s_convolution():
    for n, kernel, stride, padding, dilation in itertools.product(
        range(1, 10), (1, 2, 3, 4), (1, 2, 3), range(4), (1, 2)
    ):
        arguments = (n, kernel, stride, padding, dilation)
        if n + 2 * padding < dilation * (kernel - 1) + 1:
            with pytest.raises(UsageError, match="is larger than the padded input"):
                output_size(*arguments)
            continue
        expected = functional.conv1d(torch.zeros(1, 1, n), torch.zeros(1, 1, kernel), None, stride, padding, dilation)
        assert output_size(*arguments) == expected.shape[2], arguments


def test_every_size_in_ceil_mode_is_that_of_torch_s_pooling():
    for n, kernel, stride, dilation in itertools.product(range(1, 12), (1, 2, 3, 4, 5), (1, 2, 3, 4), (1, 2)):
        for padding in range(kernel // 2 + 1):
            arguments = (n, kernel, stride, padding, dilation)
            inputs = torch.zeros(1, 1, n)
            try:
                expected = functional.max_pool1d(inputs, kernel, stride, padding, dilation, ceil_mode=True).shape[2]
            except RuntimeError:
                with pytest.raises(UsageError, match="is larger than the padded input"):
                    output_size(*arguments, ceil=True)
                continue
            assert output_size(*arguments, ceil=True) == expected, arguments


@pytest.mark.parametrize(("kernel", "dilation"), [(1, 1), (3, 1), (5, 1), (7, 1), (1, 2), (2, 2), (3, 2), (4, 2)])
def test_same_is_that_of_torch(kernel, dilation):
    weight = torch.zeros(1, 1, kernel)
    expected = functional.conv1d(torch.zeros(1, 1, 15), weight, padding="same", dilation=dilation)
    assert output_size(15, kernel, padding="same", dilation=dilation) == expected.shape[2] == 15
    assert output_size(15, kernel, padding=same_padding(kernel, dilation), dilation=dilation) == 15


def test_strict_refuses_seven_three_three():
    with pytest.raises(UsageError) as error:
        output_size(7, 3, stride=3, strict=True)
    assert str(error.value) == WHY + "the last pixel is in no window" + FITS
    with pytest.raises(UsageError) as error:
        output_size(7, 3, stride=3, strict=True, ceil=True)
    assert str(error.value) == WHY + "the last window hangs over the end by 2 pixels" + FITS
    with pytest.raises(
        UsageError, match=r"= 4/3 is not whole, so the last pixel is in no window; it fits with stride 1"
    ):
        output_size(5, 1, stride=3, strict=True, ceil=True)  # a third window would begin past the end


def test_strict_names_what_fits_and_only_that():
    with pytest.raises(UsageError) as error:
        output_size(224, 7, 2, 3, strict=True)  # an even span stays odd over 2, whatever the padding
    assert str(error.value) == (
        "output_size: stride 2 does not fit: (224 + 2*3 - 7) / 2 = 223/2 is not whole, so the last pixel is in no window; "
        "it fits with stride 1 (224 outputs)"
    )
    with pytest.raises(UsageError) as error:
        output_size(10, 5, 3, strict=True)
    assert str(error.value) == (
        "output_size: stride 3 does not fit: (10 + 2*0 - 5) / 3 = 5/3 is not whole, so the last 2 pixels are in no window; "
        "it fits with stride 1 (6 outputs), stride 5 (2 outputs), padding 2 (4 outputs)".replace(
            ", padding", " or padding"
        )
    )


def test_every_remedy_fits():
    for n, kernel, stride, padding in itertools.product(range(3, 15), (2, 3, 5), (2, 3, 4), range(3)):
        if n + 2 * padding < kernel:
            continue
        try:
            count = output_size(n, kernel, stride, padding, strict=True)
        except UsageError as error:
            for remedy in str(error).rpartition("fits with ")[2].replace(" or ", ", ").split(", "):
                what, value, outputs = remedy.split()[:3]
                changed = {"stride": stride, "padding": padding, what: int(value)}
                assert output_size(n, kernel, **changed, strict=True) == int(outputs.removeprefix("("))
        else:
            assert (count - 1) * stride + kernel == n + 2 * padding


@pytest.mark.parametrize("arguments", [(7, 3, 2), (7, 3, 1, 1), (6, 4, 3, "same"), (9, 3, 2, 1), (9, 3, 3)])
def test_strict_accepts_what_fits(arguments):
    assert output_size(*arguments, strict=True) == output_size(*arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0, "kernel": 3}, "n must be a whole number of at least 1, got 0"),
        ({"n": 7, "kernel": 2.0}, "kernel must be a whole number of at least 1, got 2.0"),
        ({"n": 7, "kernel": 3, "stride": 0}, "stride must be a whole number of at least 1, got 0"),
        ({"n": 7, "kernel": 3, "padding": -1}, "padding must be a whole number of at least 0, got -1"),
        ({"n": 7, "kernel": 3, "padding": "full"}, "padding must be a whole number, 'valid' or 'same', got 'full'"),
        ({"n": 7, "kernel": 3, "dilation": 0}, "dilation must be a whole number of at least 1, got 0"),
        (
            {"n": 7, "kernel": 5, "dilation": 3, "padding": 2},
            "a kernel that spans 13 pixels is larger than the padded input, 7 + 2*2 = 11 pixels",
        ),
    ],
)
def test_what_makes_no_sense(arguments, message):
    with pytest.raises(UsageError) as error:
        output_size(**arguments)
    assert str(error.value) == f"output_size: {message}"


def test_same_padding():
    assert [same_padding(kernel) for kernel in (1, 3, 5, 7, 11)] == [0, 1, 2, 3, 5]
    assert [same_padding(kernel, dilation=2) for kernel in (1, 2, 3, 4)] == [0, 1, 2, 3]
    with pytest.raises(UsageError) as error:
        same_padding(4)
    assert str(error.value) == (
        "same_padding: a kernel that spans 4 pixels needs 3 zeros in all, which cannot be equal on both sides; "
        "pad 1 before and 2 after, or take a kernel of 3 or 5"
    )
    with pytest.raises(
        UsageError, match=r"needs 1 zero in all, .* pad 0 before and 1 after, or take a kernel of 1 or 3$"
    ):
        same_padding(2)
    with pytest.raises(UsageError, match=r"^same_padding: kernel must be a whole number of at least 1, got 0$"):
        same_padding(0)
