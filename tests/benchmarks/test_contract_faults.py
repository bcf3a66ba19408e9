"""Faults that no digest tells are refused when a bundle is loaded, and a bundle without a fault never is."""

import importlib.util
import sys
from pathlib import Path

import pytest

import striate

PATH = Path(__file__).parents[2] / "benchmarks/trust/contract_faults.py"
spec = importlib.util.spec_from_file_location("contract_faults", PATH)
contract_faults = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = contract_faults  # dataclasses look there for the types of their fields
spec.loader.exec_module(contract_faults)
OF_ALL_FORMATS = [fault for fault in contract_faults.FAULTS if "fp32" in fault.precisions]
KINDS = (
    "BGR, /255 twice, no antialias, crop for squash, EXIF off, class permutation, wrong mean, wrong size, "
    "bilinear for bicubic, head rows swapped, int8 broken, gamma"
)


def test_there_are_twelve_kinds():
    assert list(dict.fromkeys(fault.kind for fault in contract_faults.FAULTS)) == KINDS.split(", ")


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("fault", OF_ALL_FORMATS, ids=lambda fault: fault.name)
def test_each_is_refused(finished_run, fault, precision):
    said = contract_faults.told(fault, finished_run.folder / "bundle", precision)
    assert any(
        part in said
        for part in (
            "the canaries do not give their sealed logits: ",
            "is prepared otherwise than it was sealed: ",
            "the canaries cannot be run: ",
        )
    )
    assert "\n" not in said


def test_no_clean_load_is_refused(finished_run):
    assert max(striate.load(finished_run.folder).canary_difference for _ in range(20)) < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("fault", contract_faults.FAULTS, ids=lambda fault: fault.name)
def test_each_is_refused_in_int8(finished_run, striped, once, fault):
    pytest.importorskip("nncf")

    def quantize(folder):
        striate.quantize(finished_run.folder, striped, output=folder, max_drop=100)

    bundle = once("bundles/striped-int8", quantize)
    assert striate.load(bundle, precision="int8").canary_difference < 0.5
    assert contract_faults.told(fault, bundle, "int8")
