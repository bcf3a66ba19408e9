"""The page of trust is made of what each part measured, and what was measured holds."""

import importlib.util
import json
import os
import subprocess
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


@pytest.fixture(scope="module")
def kept(trust):
    return {
        part.NAME: json.loads((trust.RESULTS / f"{part.NAME}.json").read_text())["measured"] for part in trust.PARTS
    }


def test_the_page_is_made_of_the_results_that_are_kept(trust):
    assert trust.PAGE.read_text(encoding="utf-8") == trust.page()
    assert {path.stem for path in trust.RESULTS.iterdir()} == {part.NAME for part in trust.PARTS}


@pytest.mark.slow
def test_parts_are_listed_without_data():
    command = [sys.executable, str(FOLDER / "trust.py")]
    surroundings = {name: value for name, value in os.environ.items() if name != "STRIATE_TEST_DATA"}
    done = subprocess.run([*command, "--list"], capture_output=True, text=True, env=surroundings, check=True)
    assert [line.split()[0] for line in done.stdout.splitlines()][:3] == ["doctor", "copies", "intervals"]
    done = subprocess.run([*command, "doctor"], capture_output=True, text=True, env=surroundings, check=False)
    assert done.returncode == 2 and "name the folder of the test data by --data, or in STRIATE_TEST_DATA" in done.stderr


def test_what_was_measured_of_the_doctor_holds(kept):
    for table in kept["doctor"]["planted"].values():
        for kind, row in table.items():
            assert row["right"] >= 0.98 * row["planted"] and row["right"] >= 0.98 * row["found"], kind
    assert kept["doctor"]["time"]["pictures"] == 10_000 and kept["doctor"]["time"]["processor_seconds"] <= 150


def test_what_was_measured_of_near_copies_holds(kept):
    for row in kept["copies"]["near_copies"].values():
        assert min(share for change, share in row["recall"].items() if "8 %" not in change) >= 0.98
        assert min(row["recall"].values()) >= 0.85 and row["found_unplanted"] <= row["pairs"] / 100_000
    assert all(row["right_faults"] >= 0.98 * row["faults"] for row in kept["copies"]["label_errors"])


def test_what_was_measured_of_honest_numbers_holds(kept):
    cells = [cell["coverage"] for cell in kept["intervals"]["coverage"]]
    assert len(cells) == 12 and min(cells) >= 0.91 and max(cells) <= 0.98 and 0.945 <= sum(cells) / 12 <= 0.96
    assert max(row["share"] for row in kept["intervals"]["told apart"]) <= 0.055
    chosen = "fifth nearest neighbour and energy"
    assert kept["numbers"]["far"][chosen] >= 0.98 and kept["numbers"]["near"][chosen] >= 0.88
    assert kept["numbers"]["calibration error"] <= 0.03
    assert all(both["LAC"]["inside the 99 % band"] >= 0.95 for both in kept["numbers"]["sets"].values())


def test_what_was_measured_of_the_limits_card_holds(kept):
    assert all(card["same_bytes"] for card in kept["stress"]["cards"].values())


def test_nothing_was_lost_or_let_in(kept):
    assert kept["contract_faults"]["kinds_caught"] == 12 and kept["contract_faults"]["false_alarms"] == 0
    assert kept["contract_faults"]["loads"] == 1000
    assert kept["kills"]["equal"] == kept["kills"]["kills"] >= 8 and not kept["kills"]["faults"]
    assert not any(row["faults"] for row in kept["full_disk"].values())
