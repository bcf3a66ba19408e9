"""A page has every method that one picture is enough for, in the order of the rows, each map with its test."""

import numpy as np
import pytest
import torch
from torch import nn

from striate.report.seeing_contents import Panel
from striate.seeing import page
from striate.seeing.methods import METHODS, Method
from striate.seeing.observation import observe
from striate.seeing.page import seeing_report
from striate.seeing.question import Question
from striate.seeing.seen_network import seen_network
from striate.watching import Watcher

PICTURE = np.random.default_rng(0).integers(0, 256, (12, 12, 3), dtype=np.uint8)


def brightness_panels(method, question):
    """A way of seeing that a test adds."""
    heat = question.observation.pixels.mean(axis=2).astype(np.float32)
    return (Panel(method.name, method.title, f"How bright the picture is, for {question.seen.name}.", [], heat=heat),)


@pytest.fixture(scope="module")
def seen():
    """A network of nothing but one layer of maps and one of classes."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(2 * 10 * 10, 3))
    return seen_network(network, size=12)


def test_a_new_way_is_a_row_and_a_function(seen, monkeypatch):
    """Asked for alone, and on a page, here of one layer: after those that stand before it, untested if it has no test."""
    bright = Method("brightness", "Brightness", "picture", "where", f"{__name__}.brightness_panels")
    alone = Method("itself", "Itself", "nothing", "units", f"{__name__}.brightness_panels")
    monkeypatch.setattr(page, "METHODS", {**METHODS, "brightness": bright, "itself": alone})
    observation = observe(seen, PICTURE)
    assert [panel.title for panel in seeing_report(Question(seen, "brightness", observation)).where] == ["Brightness"]
    report = seeing_report(Question(seen, "all", observation, layer="0"))
    where = ["grad-cam", "occlusion", "integrated-gradients", "saliency", "brightness"]
    assert [panel.method for panel in report.where] == where
    assert [panel.method for panel in report.units] == ["filters", "maximize", "itself"]
    assert [bool(panel.checks) for panel in report.where] == [True, True, True, True, False]
    (stage,) = report.stages
    assert stage.layer == "0" and not any(panel.checks for panel in stage.panels)


@pytest.mark.parametrize(("answers", "said"), [(10**9, True), (0, False)])
def test_a_dear_page_says_so_before_it_is_made(seen, monkeypatch, answers, said):
    heard = []
    watcher = Watcher()
    monkeypatch.setattr(watcher, "note", heard.append)
    monkeypatch.setattr(watcher, "task", lambda *how_far: heard.append("works"))
    monkeypatch.setattr(page, "ANSWERS", answers)
    monkeypatch.setattr(page, "_tested", lambda question, where, stages: (where, stages))
    monkeypatch.setattr(page, "_on_page", lambda part: [])
    monkeypatch.setattr(page, "_stage_panels", lambda question, layer: [])
    picture = np.zeros((*seen.preprocessing.size, 3), np.uint8)
    seeing_report(Question(seen, "all", observed=observe(seen, picture), watcher=watcher))
    assert heard[0].startswith("all methods together take as long as some 1,000,000,000 answers") is said
    assert heard[-1] == "works"


def test_what_was_tested_is_said(seen):
    report = seeing_report(Question(seen, "all", observe(seen, PICTURE)))
    assert [panel.checks[0][0] for panel in report.where] == ["Test"] * 4
    tested = {stage.layer: [bool(panel.checks) for panel in stage.panels] for stage in report.stages}
    assert tested == {"0": [False] * 3, "1": [False] * 3, "2": [False] * 3, "3": [False] * 3, "head": [True, False]}
