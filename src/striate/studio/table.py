"""The rooms of the studio, in the order of its bar."""

from __future__ import annotations

from striate.studio.room import Room
from striate.studio.rooms import catalogue, home, operations, runs, try_it, walk

ROOMS: tuple[Room, ...] = (home.ROOM, try_it.ROOM, walk.ROOM, operations.ROOM, runs.ROOM, catalogue.ROOM)
"""All there are; a further one is a file in `rooms/`, and its line here."""
