"""The findings in a data set as a page: one HTML file that needs nothing else, and no script."""

from __future__ import annotations

from striate.report.check_contents import CheckReport, ShownFile
from striate.report.environment import environment
from striate.report.thumbnails import Thumbnail, thumbnail

TEMPLATE = "check.html.j2"
SIDE = 132
"""CSS pixels of a picture's longer side."""


def render(report: CheckReport) -> str:
    """The findings as one self-contained HTML page; nothing is loaded from anywhere, and nothing is run.

    Args:
        report: What it tells.

    Example:
        >>> report = CheckReport("photos", "photos/", ["10 pictures"], [], ["Broken"], "striate check photos/")
        >>> "<script" in render(report), "10 pictures" in render(report)
        (False, True)
    """
    shown = [
        (kind, [(finding, [(file, _drawn(file)) for file in finding.files]) for finding in kind.findings])
        for kind in report.kinds
    ]
    return environment().get_template(TEMPLATE).render(report=report, kinds=shown) + "\n"


def _drawn(file: ShownFile) -> Thumbnail | None:
    return None if file.picture is None else thumbnail(file.picture, side=SIDE)
