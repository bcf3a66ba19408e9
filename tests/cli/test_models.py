"""`striate models`: the catalogue, whose table is made once and kept."""

import json
from pathlib import Path

import platformdirs
import pytest

import striate


def test_every_network_is_listed(striate_command):
    code, out, _ = striate_command("models")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[1:]] == striate.list_models()
    assert out.splitlines()[1].split()[:3] == ["lenet5", "60,000", "326,520"]


def test_the_table_as_json(striate_command):
    code, out, _ = striate_command("models", "--json")
    assert code == 0
    rows = {row["name"]: row for row in json.loads(out)}
    assert list(rows) == striate.list_models()
    assert all(
        row["parameters"] and row["macs"] and row["year"] and row["paper"] and row["input_size"]
        for row in rows.values()
    )
    assert rows["lenet5"]["parameters"] == 60_000 and rows["lenet5"]["year"] == 1998
    assert rows["mobilenet_v2"]["parameters"] == 3_504_872


def test_it_is_kept(striate_command, monkeypatch):
    shown = striate_command("models")
    monkeypatch.delattr("striate.catalogue.totals._row")
    assert shown.code == 0 and striate_command("models") == shown


@pytest.mark.slow
def test_a_damaged_table_is_made_anew(striate_command):
    rows = striate_command("models", "--json")
    for path in Path(platformdirs.user_cache_dir("striate"), "catalogue").glob("*.json"):
        path.write_text("{", encoding="utf-8")
    assert striate_command("models", "--json") == rows
