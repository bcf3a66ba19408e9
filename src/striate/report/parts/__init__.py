"""The parts of a training report that are of a task, a file each: its data, its words, and under its anchor the fragment of the page."""

from __future__ import annotations

from striate.report.parts.named import PARTS, RESULTS
from striate.report.parts.part import Part

__all__ = ["PARTS", "RESULTS", "Part"]
