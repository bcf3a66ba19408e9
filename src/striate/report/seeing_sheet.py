"""What was seen inside a network as one picture: a panel as it is, or of everything a choice that fits a screen or two."""

from __future__ import annotations

import dataclasses

import numpy as np

from striate.choosing import evenly
from striate.report.contact_sheet import SIDE, Picture, Tile, draw_contact_sheet
from striate.report.seeing_contents import Panel, SeeingReport, Shown, StagePanels
from striate.wording import probability

SHEET_SIDES = {1: 960, 2: 420, 3: 320}
"""Pixels: of each picture of a sheet that has so few side by side."""
MOST_STAGES, MOST_UNITS, MOST_ROWS, MOST_PANELS = 5, 6, 8, 8
"""So many stages, pictures that units would most like to see, rows of any other panel, and panels of sentences, are on the sheet of
everything."""
EVERYTHING = "this is a choice; the page that --html writes (in Python: to_html()) shows everything"


def draw_panel(report: SeeingReport, panel: Panel, *, notes: tuple[str, ...] = ()) -> Picture:
    """A panel under its title, with its warnings.

    Args:
        report: What it is a part of.
        panel: What to draw.
        notes: Warnings that are not its own.

    Returns:
        (H, W, 3) uint8, RGB.
    """
    return draw_contact_sheet(
        _titled(report, panel),
        [[Tile(shown.picture, shown.lines) for shown in row] for row in panel.rows],
        columns=panel.columns,
        notes=[*notes, *panel.warnings],
        side=SHEET_SIDES.get(max(len(row) for row in panel.rows), SIDE),
    )


def draw_everything(report: SeeingReport, *, notes: tuple[str, ...] = ()) -> Picture:
    """All panels of a report as one sheet, of bounded height: a choice of them, which is said.

    The picture and where its answer comes from in one row; of the stages the first, the last and some between, a row each with
    its strongest unit; what units would most like to see in one row. Panels of other kinds follow with their first rows.

    Args:
        report: What was seen.
        notes: What whoever looks should know, on top.

    Returns:
        (H, W, 3) uint8, RGB.
    """
    notes = (*notes, EVERYTHING) if leaves_out(report) else notes
    sheets: list[Picture] = []
    if report.where and report.picture is not None:
        sheets.append(_where(report, report.picture, notes))
    if report.stages:
        sheets.append(_stages(report, notes if not sheets else ()))
    for panel in _of_sentences(report)[:MOST_PANELS]:
        sheets.append(draw_panel(report, panel, notes=notes if not sheets else ()))
    for panel in report.units:
        chosen = dataclasses.replace(panel, rows=_in_rows(panel))
        sheets.append(draw_panel(report, chosen, notes=notes if not sheets else ()))
    width = max(sheet.shape[1] for sheet in sheets)
    return np.concatenate(
        [np.pad(sheet, ((0, 0), (0, width - sheet.shape[1]), (0, 0)), constant_values=255) for sheet in sheets]
    )


def leaves_out(report: SeeingReport) -> bool:
    """Whether `draw_everything` draws less than all."""
    return bool(report.where or report.stages or len(_of_sentences(report)) > MOST_PANELS) or any(
        sum(map(len, _in_rows(panel))) < sum(map(len, panel.rows)) for panel in report.units
    )


def _of_sentences(report: SeeingReport) -> list[Panel]:
    return [panel for sentence in report.sentences for panel in sentence.panels]


def _where(report: SeeingReport, picture: Picture, notes: tuple[str, ...]) -> Picture:
    answers = [f"{name} {probability(share)}" for name, share in report.predictions[:3]]
    tiles = [Tile(picture, ["as the network gets it", *answers])]
    for panel in report.where:
        shown = panel.rows[0][0]
        failed = ["see the note"] if panel.warnings else []
        tiles.append(Tile(shown.picture, [panel.title, *shown.lines, *failed]))
    said = [warning for panel in report.where for warning in panel.warnings]
    title = f"Where it looks for {report.target}: {report.network}, {report.picture_name}"
    return draw_contact_sheet(title, [tiles], notes=[*notes, *said])


def _stages(report: SeeingReport, notes: tuple[str, ...]) -> Picture:
    count = len(report.stages)
    places = evenly(count, MOST_STAGES)
    rows = [_strongest_unit(report.stages[place]) for place in places]
    heads: list[str] = []
    for stage in report.stages:
        for panel in stage.panels:
            heads = heads or list(dict.fromkeys(panel.columns))
    said = [warning for place in places for panel in report.stages[place].panels for warning in panel.warnings]
    every = f"{len(places)} of {count} stages" if len(places) < count else "every stage"
    return draw_contact_sheet(
        f"The strongest unit of {every}, and its whole map: {report.network}",
        rows,
        columns=heads,
        notes=[*notes, *dict.fromkeys(said)],
    )


def _strongest_unit(stage: StagePanels) -> list[Tile]:
    """The unit's part of the picture and what was sent back from it, then what was sent back from its whole map."""
    tiles: list[Tile] = []
    for panel in stage.panels:
        if panel.columns:
            kinds = len(dict.fromkeys(panel.columns))
            tiles[:0] = [
                Tile(shown.picture, [stage.layer, *shown.lines] if place == 0 else shown.lines)
                for place, shown in enumerate(panel.rows[0][:kinds])
            ]
        elif panel.on_sheet:
            tiles += [Tile(shown.picture, [*shown.lines, "whole map"]) for shown in panel.rows[0]]
    return tiles or [Tile(shown.picture, [stage.layer, *shown.lines]) for shown in stage.panels[0].rows[0]]


def _in_rows(panel: Panel) -> list[list[Shown]]:
    """The panel's own rows if they are of different kinds, else its pictures in one row; no more than so many of either."""
    if panel.columns or len(panel.rows) == 1 or any(len(row) > MOST_UNITS for row in panel.rows):
        return [list(row) for row in panel.rows[:MOST_ROWS]]
    return [[shown for row in panel.rows for shown in row][:MOST_UNITS]]


def _titled(report: SeeingReport, panel: Panel) -> str:
    what = f"{report.network}, {report.picture_name}" if report.picture_name else report.network
    return f"{panel.heading}: {what}"
