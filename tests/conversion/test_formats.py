"""The table of formats: what tells one, and which packages it needs."""

import sys
from pathlib import Path

import pytest

from striate.conversion.formats import FORMATS, format_of
from striate.errors import UnknownNameError, UsageError


def test_a_format_is_told_by_the_files_name_or_named():
    assert {row.ending: format_of(Path(f"a{row.ending.upper()}"), None).name for row in FORMATS.values()} == {
        ".onnx": "onnx",
        ".xml": "openvino",
        ".pt2": "torch_export",
    }
    assert format_of(Path("a.onnx"), "openvino").endings == (".xml", ".bin")
    with pytest.raises(UsageError) as untold:
        format_of(Path("a.tflite"), None)
    assert str(untold.value) == (
        "the name a.tflite does not tell a format; expected one that ends in .onnx (onnx), .xml (openvino), "
        ".pt2 (torch_export)"
    )
    with pytest.raises(UnknownNameError, match="unknown format 'onxx'; did you mean 'onnx'"):
        format_of(Path("a.onnx"), "onxx")


@pytest.mark.parametrize(
    ("name", "with_preprocessing", "needed"),
    [
        ("onnx", False, True),
        ("onnx", True, True),
        ("openvino", False, False),
        ("openvino", True, True),
        ("torch_export", False, False),
        ("torch_export", True, False),
    ],
)
def test_the_packages_of_onnx_are_asked_for_where_something_goes_through_it(
    monkeypatch, name, with_preprocessing, needed
):
    monkeypatch.setitem(sys.modules, "onnx", None)
    if not needed:
        FORMATS[name].check_packages(with_preprocessing)
        return
    with pytest.raises(UsageError, match=r"ONNX needs the package onnx, which is not installed; install it with: pip"):
        FORMATS[name].check_packages(with_preprocessing)
