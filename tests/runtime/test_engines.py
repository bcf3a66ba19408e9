import os
from pathlib import Path

import pytest

from striate.errors import BundleError
from striate.runtime import OpenVINOEngine, available_processors, engines


def test_processors_are_those_that_may_be_used(monkeypatch):
    assert 1 <= available_processors() <= len(os.sched_getaffinity(0))
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(64)))
    monkeypatch.setattr(Path, "read_text", lambda self, **options: "150000 100000\n")
    assert engines.available_processors() == 2
    monkeypatch.setattr(Path, "read_text", lambda self, **options: "max 100000\n")
    assert engines.available_processors() == 64


def test_a_graph_that_is_none(tmp_path):
    (tmp_path / "engine.xml").write_text("<net>")
    with pytest.raises(BundleError, match=r"^OpenVINO cannot read engine.xml: "):
        OpenVINOEngine(tmp_path / "engine.xml")
