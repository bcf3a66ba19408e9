"""The page of trust is made of what each part measured."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def trust():
    sys.path.insert(0, str(FOLDER))
    try:
        spec = importlib.util.spec_from_file_location("benchmarks_trust", FOLDER / "trust.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(FOLDER))


def test_the_page_is_made_of_the_results_that_are_kept(trust):
    assert trust.PAGE.read_text(encoding="utf-8") == trust.page()
    assert all((trust.RESULTS / f"{part.NAME}.json").is_file() for part in trust.PARTS)


def test_what_was_measured_of_the_doctor_holds(trust):
    kept = json.loads((trust.RESULTS / "doctor.json").read_text(encoding="utf-8"))["measured"]
    for table in kept["planted"].values():
        for kind, row in table.items():
            assert row["right"] >= 0.98 * row["planted"] and row["right"] >= 0.98 * row["found"], kind
    assert kept["time"]["pictures"] == 10_000 and kept["time"]["processor_seconds"] <= 150
