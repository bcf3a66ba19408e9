"""Keeping memory between steps, where the C library would hand it back to the system after each."""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # glibc's malloc.h


def keep_freed_memory() -> bool:
    """Tells glibc to keep what is freed for the next allocation; answers whether there is a glibc that listened.

    Activations of some hundred megabytes are freed and allocated anew in every step. By default each comes straight from the system,
    which must clear it page by page: a third of a training step's processor time. This holds for the whole process from then on, whose
    memory does not shrink any more.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return False  # another C library: macOS, Windows, musl
    return bool(mallopt(_MMAP_MAX, 0)) and bool(mallopt(_TRIM_THRESHOLD, 2**31 - 1))
