"""Pictures of strings, composed of pictures of single signs."""

from __future__ import annotations

from striate.composing.lines import COLUMNS, HEIGHT, LineStyle, draw_line, line_width

__all__ = ["COLUMNS", "HEIGHT", "LineStyle", "draw_line", "line_width"]
