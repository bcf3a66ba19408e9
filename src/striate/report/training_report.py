"""The page that a training run leaves behind: one HTML file that needs nothing else, and no script."""

from __future__ import annotations

from pathlib import Path

from striate.durable_writing import write_durably, write_whole
from striate.errors import StriateError
from striate.report.contents import TrainingReport
from striate.report.environment import environment
from striate.report.page import page

TEMPLATE = "training.html.j2"

REFRESH_SECONDS = 3
"""So often a browser reads the page of a run that goes on again."""

ENDED = '<meta name="striate-run" content="ended">'
"""What the template writes into the head of a page only when the run has ended."""

HEAD_BYTES = 2048
"""The mark is within so many bytes of the page's beginning."""


def render(report: TrainingReport) -> str:
    """The report as one self-contained HTML page.

    Nothing is loaded from anywhere and nothing is run: pictures travel as `data:` addresses, curves as inline SVG, and a
    content security policy forbids the rest. Names are escaped, and what cannot be shown or turns the direction of writing is written out.

    Args:
        report: What to tell.

    Raises:
        UsageError: If the scores are not what `Scores.to_dict` gives, or a picture is no picture.

    Example:
        >>> from striate.report import DataSummary, TrainingReport
        >>> data = DataSummary("photos", {"cat": {"train": 8}, "dog": {"train": 9}})
        >>> text = render(TrainingReport("photos · lenet5", "photos-lenet5", "1 May 2026", "lenet5", data))
        >>> "No epoch has ended yet." in text
        True
    """
    template = environment().get_template(TEMPLATE)
    return template.render(page=page(report), refresh_seconds=REFRESH_SECONDS) + "\n"


def write(report: TrainingReport, path: str | Path) -> None:
    """Writes the report, all of it or nothing: a page that was there stays until the new one is whole.

    Args:
        report: What to tell.
        path: Where to; its folder must exist.

    Raises:
        StriateError: If the file cannot be written.
        UsageError: If the scores are not what `Scores.to_dict` gives, or a picture is no picture.

    Example:
        >>> import tempfile
        >>> from striate.report import DataSummary, TrainingReport
        >>> report = TrainingReport("photos · lenet5", "photos-lenet5", "1 May 2026", "lenet5", DataSummary("photos", {}))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write(report, Path(folder) / "report.html")
        ...     [path.name for path in Path(folder).iterdir()]
        ['report.html']
    """
    path = Path(path)
    text = render(report)
    try:
        write_durably(path, text.encode())
    except OSError as error:
        raise StriateError(f"cannot write the report {path}: {error.strerror or error}") from error


def write_while_running(report: TrainingReport, path: str | Path) -> None:
    """Writes the report of a run that goes on, whole, without waiting for the disk.

    Args:
        report: What to tell.
        path: Where to; its folder must exist.

    Raises:
        OSError: If the file cannot be written.
        UsageError: If a picture is no picture.
    """
    write_whole(Path(path), render(report).encode())


def says_ended(path: str | Path) -> bool:
    """Whether there is a report at `path`, and it is that of a run that has ended.

    Example:
        >>> import tempfile
        >>> from striate.report import DataSummary, TrainingReport
        >>> report = TrainingReport("photos · lenet5", "photos-lenet5", "1 May 2026", "lenet5", DataSummary("photos", {}))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "report.html"
        ...     before = says_ended(path)
        ...     write(report, path)
        ...     before, says_ended(path)
        (False, True)
    """
    try:
        with Path(path).open("rb") as file:
            return ENDED.encode() in file.read(HEAD_BYTES)
    except FileNotFoundError:
        return False
