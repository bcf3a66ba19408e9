"""The page of reproductions is made of results that are kept, and says of each experiment what it came to."""

import importlib.util
from pathlib import Path

import pytest

from striate.reproductions.experiment import list_experiments

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def reproductions():
    place = importlib.util.spec_from_file_location("reproductions", ROOT / "benchmarks" / "reproductions.py")
    module = importlib.util.module_from_spec(place)
    place.loader.exec_module(module)
    return module


def test_the_page_is_made_of_the_results_that_are_kept(reproductions):
    text = (ROOT / "docs" / "reproductions.md").read_text(encoding="utf-8")
    told, made = text.split(reproductions.BEGIN)
    assert made == "\n" + reproductions.page(reproductions.kept_results())
    assert "make reproduce-small" in told


def test_every_experiment_is_told_once_and_those_that_were_not_run_are_told_so(reproductions):
    kept = reproductions.kept_results()
    rows = reproductions.page(kept).partition("###")[0]
    for name in list_experiments():
        done = [key for key, result in kept.items() if result["experiment"] == name]
        assert rows.count(f"| [{name}](#") == len(done), name
        assert rows.count(f"| {name} |") == (not done), name
    assert all(key == f"{result['experiment']}-{result['form']}" for key, result in kept.items())


def test_a_section_has_figures_verdicts_and_the_machine(reproductions):
    result = {
        "experiment": "googlenet-against-alexnet",
        "claim": "It is so.",
        "claims": [53],
        "source": "a paper",
        "about": "What is done.",
        "arms": {"one": {"says": "the first", "parameters": {"values": [1000.0, 1000.0]}, "macs": {"values": [5.0]}}},
        "rules": [{"verdict": "holds", "says": "it has more", "aside": True, "told": "parameters: 1,000"}],
        "published": [{"arm": "one", "measure": "parameters", "value": 999.0, "where": "Table 1"}],
        "cells": [
            {
                "made_on": {
                    "device": "cpu",
                    "processor": "a processor",
                    "processors": 2,
                    "threads": 1,
                    "torch": "2.15",
                    "striate": "0.1.0",
                }
            }
        ],
        "seeds": [0, 1],
        "seconds": 90.0,
    }
    assert list(reproductions.section(result)) == [
        "It is so. (a paper; claim 53 of the texts)",
        "",
        "What is done.",
        "",
        "| arm | what it is | parameters | multiply-adds |",
        "|---|---|---|---|",
        "| one | the first | 1,000 | 5 |",
        "",
        "- holds: it has more (told aside). parameters: 1,000",
        "- published: one, parameters 999: Table 1",
        "",
        "2 seeds, 1.5 minutes of processor time; cpu with a processor, 2 processors, 1 thread of torch 2.15, Striate 0.1.0.",
    ]
