"""When Python looks for garbage: hardly while a command is imported, which makes many objects that stay; as ever in long work."""

import gc

OWN = gc.get_threshold()
IMPORTED = 100_000
"""More objects that refer to others than a cold prediction makes: it does not wait for a twentieth of its time."""


def collect_little() -> None:
    """For imports and short work."""
    gc.set_threshold(IMPORTED, *OWN[1:])


def collect_as_ever() -> None:
    """As Python does by itself."""
    gc.set_threshold(*OWN)
