"""Numbers that the pages state are those of the code."""

import re
from pathlib import Path

import striate

ROOT = Path(__file__).parents[1]


def test_the_number_of_networks():
    for page in ("README.md", "CHANGELOG.md"):
        stated = re.findall(r"\b(\d+) networks", (ROOT / page).read_text(encoding="utf-8"))
        assert stated and {int(number) for number in stated} == {len(striate.list_models())}, page
