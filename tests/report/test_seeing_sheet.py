"""Everything that was seen as one picture that is no longer than a screen or two, whatever the network."""

import dataclasses

import numpy as np
import pytest

from striate.report import seeing_sheet
from striate.report.seeing_contents import Panel, SeeingReport, Shown, StagePanels
from striate.report.seeing_sheet import EVERYTHING, draw_everything, draw_panel, leaves_out

RED = np.full((64, 64, 3), [255, 0, 0], np.uint8)
BLUE = np.full((64, 64, 3), [0, 0, 255], np.uint8)


def panel(method, rows, **more):
    return Panel(method, method.title(), "What it shows.", rows, **more)


def stage(name):
    columns = ["in the picture", "DeconvNet"] * 2
    return StagePanels(
        name,
        "8 maps",
        [
            panel("feature-maps", [[Shown(np.zeros((70, 1200, 1), np.uint8))]], layer=name, on_sheet=False),
            panel("deconvnet", [[Shown(RED, (f"unit of {name}",))] * 4] * 2, columns=columns, layer=name),
            panel("deconvnet", [[Shown(RED, ("whole",))] * 3], layer=name),
        ],
    )


def report_of(stages):
    return SeeingReport(
        network="net",
        picture_name="cat.jpg",
        picture=RED,
        predictions=[("cat", 0.75)],
        target="cat",
        where=[panel("grad-cam", [[Shown(BLUE, ("heat",)), Shown(BLUE, ("picture",))]], warnings=["it failed"])] * 4,
        stages=[stage(f"layer{number}") for number in range(stages)],
        units=[panel("maximize", [[Shown(BLUE, (f"map {number}",))] for number in range(9)])],
    )


@pytest.fixture
def drawn(monkeypatch):
    """What is asked of the contact sheets."""
    asked = []
    real = seeing_sheet.draw_contact_sheet

    def recorded(title, rows, **more):
        asked.append((title, [[list(tile.lines) for tile in row] for row in rows], more))
        return real(title, rows, **more)

    monkeypatch.setattr(seeing_sheet, "draw_contact_sheet", recorded)
    return asked


def test_a_sheet_of_everything_has_a_bounded_height_however_deep_the_network_is():
    shallow, deep = (draw_everything(report_of(stages)) for stages in (5, 60))
    assert shallow.shape == deep.shape and deep.shape[0] < 2600 and deep.shape[1] < 1400


def test_it_says_that_it_is_a_choice_and_of_what(drawn):
    draw_everything(report_of(60), notes=("the weights are random",))
    (where, rows, more), (stages, units, _), (likes, liked, _) = drawn
    assert where == "Where it looks for cat: net, cat.jpg"
    assert more["notes"][:2] == ["the weights are random", EVERYTHING] and more["notes"].count("it failed") == 4
    assert rows[0][0] == ["as the network gets it", "cat 75.0\u202f%"] and rows[0][1] == [
        "Grad-Cam",
        "heat",
        "see the note",
    ]
    assert stages == "The strongest unit of 5 of 60 stages, and its whole map: net"
    assert [row[0][0] for row in units] == ["layer0", "layer14", "layer29", "layer44", "layer59"]
    assert [len(row) for row in units] == [5] * 5
    assert likes == "Maximize: net, cat.jpg" and [tile[0] for tile in liked[0]] == [
        f"map {number}" for number in range(6)
    ]


def test_what_is_of_the_network_alone_is_drawn_too(drawn):
    alone = dataclasses.replace(report_of(0), picture=None, picture_name="", where=())
    draw_everything(alone)
    assert [title for title, *_ in drawn] == ["Maximize: net"] and drawn[0][2]["notes"] == [EVERYTHING]
    drawn.clear()
    few = dataclasses.replace(alone.units[0], rows=alone.units[0].rows[:4])
    whole = dataclasses.replace(alone, units=[few, few])
    draw_everything(whole)
    assert not leaves_out(whole) and leaves_out(alone) and [more["notes"] for *_, more in drawn] == [[], []]


def test_one_panel_is_drawn_whole(drawn):
    report = report_of(1)
    draw_panel(report, report.stages[0].panels[1], notes=("be careful",))
    (title, rows, more) = drawn[0]
    assert title == "Deconvnet of layer0: net, cat.jpg" and len(rows) == 2 and more["notes"] == ["be careful"]
