"""Try it: a picture of one's own, the answer to it, and how far the picture may change before the answer does."""

from striate.studio.rooms.try_it.room import ROOM

__all__ = ["ROOM"]
