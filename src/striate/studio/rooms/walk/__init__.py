"""Walk through a network: the maps that a picture makes stage by stage, and the arithmetic of every unit."""

from striate.studio.rooms.walk.room import ROOM as ROOM

__all__ = ["ROOM"]
