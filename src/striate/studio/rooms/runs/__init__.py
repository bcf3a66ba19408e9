"""Runs: the list, one of them while it learns and afterwards, two side by side, and their answers picture by picture."""

from striate.studio.rooms.runs.pages import ROOM

__all__ = ["ROOM"]
