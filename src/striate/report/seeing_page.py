"""The page of what is seen inside a network: one HTML file that needs nothing else, and no script."""

from __future__ import annotations

from dataclasses import dataclass

from striate import wording
from striate.report.environment import environment
from striate.report.seeing_contents import SMALL, Panel, SeeingReport, Shown
from striate.report.thumbnails import Thumbnail, thumbnail
from striate.report.words_page import render_words

TEMPLATE = "seeing.html.j2"

PICTURE_SIDE = 320
"""CSS pixels: of the picture that the network was shown."""


@dataclass(frozen=True)
class Figure:
    """A picture as the page shows it."""

    thumbnail: Thumbnail
    lines: tuple[str, ...]
    alt: str


@dataclass(frozen=True)
class Card:
    """A panel as the page shows it."""

    panel: Panel
    large: tuple[Figure, ...]
    small: tuple[tuple[Figure, ...], ...]
    """In groups that belong together: a unit's part of the picture and its projections."""


@dataclass(frozen=True)
class Stage:
    """A layer's cards under its name."""

    anchor: str
    layer: str
    what: str
    cards: tuple[Card, ...]
    warnings: tuple[str, ...]
    """What several of its panels would say, said once."""


@dataclass(frozen=True)
class Bar:
    """A predicted class."""

    name: str
    share: float
    text: str


def render(report: SeeingReport) -> str:
    """What was seen as one self-contained HTML page.

    Nothing is loaded from anywhere and nothing is run: pictures travel as `data:` addresses, and a content security policy
    forbids the rest. Names are escaped, and what cannot be shown, or turns the direction of writing, is written out.

    Args:
        report: What was seen.

    Raises:
        UsageError: A picture is no picture.

    Example:
        >>> import numpy as np
        >>> black = np.zeros((8, 8, 1), np.uint8)
        >>> report = SeeingReport("lenet5", "seven.png", black, [("7", 0.9)], "7", [], [], [])
        >>> "<script" in render(report), "seven.png" in render(report)
        (False, True)
    """
    if report.sentences or report.kind != SeeingReport.kind:
        return render_words(report)
    stages = tuple(
        Stage(
            anchor=f"stage-{place}",
            layer=stage.layer,
            what=stage.what,
            cards=tuple(_card(panel) for panel in stage.panels),
            warnings=tuple(dict.fromkeys(warning for panel in stage.panels for warning in panel.warnings)),
        )
        for place, stage in enumerate(report.stages, start=1)
    )
    bars = [Bar(name, share, wording.probability(share)) for name, share in report.predictions]
    said = dict.fromkeys(warning for stage in stages for warning in stage.warnings)
    return (
        environment()
        .get_template(TEMPLATE)
        .render(
            report=report,
            picture=None if report.picture is None else thumbnail(report.picture, side=PICTURE_SIDE),
            bars=bars,
            where=[_card(panel) for panel in report.where],
            stages=stages,
            stage_warnings=list(said),
            units=[_card(panel) for panel in report.units],
            seconds=wording.duration(report.seconds),
        )
        + "\n"
    )


def _card(panel: Panel) -> Card:
    kinds = len(dict.fromkeys(panel.columns))
    groups: list[tuple[Figure, ...]] = []
    for row in panel.rows:
        plain = [_figure(shown, panel) for shown in row if kinds or shown.side <= SMALL]
        groups += [tuple(plain[at : at + (kinds or 1)]) for at in range(0, len(plain), kinds or 1)]
    alone = () if kinds else tuple(_figure(shown, panel) for row in panel.rows for shown in row if shown.side > SMALL)
    return Card(panel, alone, tuple(groups))


def _figure(shown: Shown, panel: Panel) -> Figure:
    return Figure(
        thumbnail(shown.picture, side=shown.side),
        shown.lines,
        f"{panel.heading}: {', '.join(shown.lines) or 'picture'}",
    )
