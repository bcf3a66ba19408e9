"""The runs that a studio knows, by name: those of its folder, and what it was opened on. No address reaches another place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from striate.errors import UsageError, closest
from striate.printable_text import printable
from striate.runs.listed_runs import ListedRun, listed_run, listed_runs
from striate.serving.problems import ProblemError
from striate.studio.studio import Studio

PAGES = 20
"""Pages of a run's folder that are offered."""


def found_runs(studio: Studio) -> dict[str, ListedRun]:
    """All runs by name, what the studio was opened on first."""
    opened = studio.settings.opened
    places = [*(one.path for one in opened.bundles), *opened.runs]
    runs = {_name(run): run for run in map(_run_of, places)}
    try:
        listed = listed_runs(studio.runs)
    except UsageError:  # there is no such folder yet
        listed = ()
    for run in listed:
        if run.state != "other":
            runs.setdefault(_name(run), run)
    return runs


def found_run(studio: Studio, name: str) -> ListedRun:
    """The run of a name.

    Raises:
        ProblemError: 404 if there is none.
    """
    runs = found_runs(studio)
    if name not in runs:
        close = closest(name[:200], runs)
        offered = f"; did you mean {', '.join(map(repr, close))}?" if close else ""
        raise ProblemError(404, f"there is no run {name[:200]!r}{offered}")
    return runs[name]


def pages_of(run: ListedRun) -> list[str]:
    """The names of the pages in a run's folder: its report, and what was written beside it, such as a limits card."""
    try:
        found = sorted(
            path.name
            for path in run.folder.glob("*.html")
            if path.is_file() and not path.is_symlink() and path.name == printable(path.name)
        )
    except OSError:
        return []
    return sorted(found, key=lambda name: name != "report.html")[:PAGES]


def _run_of(place: Path) -> ListedRun:
    """A bundle within a run stands for the run."""
    folder = place.resolve()
    run = listed_run(folder.parent if folder.name == "bundle" and (folder.parent / "recipe.toml").is_file() else folder)
    if run.state == "other":
        return replace(run, state="damaged", reason="what was opened is no longer in its folder")
    return run


def _name(run: ListedRun) -> str:
    """What the run is called and addressed by: what steers a terminal, or is no UTF-8, is written out."""
    return printable(run.folder.resolve().name)
