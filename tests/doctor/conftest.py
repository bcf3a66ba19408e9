"""A data set with defects of every kind, made once, and what was found in it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

import striate

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="session")
def planted_defects():
    """The module of the benchmark that plants them."""
    path = BENCHMARKS / "trust" / "planted_defects.py"
    spec = importlib.util.spec_from_file_location("benchmarks_planted_defects", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their own up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def planted(planted_defects, tmp_path_factory):
    random = np.random.default_rng(1)

    def pictures(count):
        return [planted_defects.drawn_picture(random, int(random.integers(110, 150))) for _ in range(count)]

    spoilt = pictures(planted_defects.needed(180, each=12, huge=1))
    return planted_defects.plant(tmp_path_factory.mktemp("planted"), pictures(180), spoilt, each=12, huge=1)


@pytest.fixture(scope="session")
def checked(planted):
    return striate.check(planted.root)
