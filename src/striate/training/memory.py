"""Keeping memory between steps, where the C library would hand it back to the system after each, and running out of it."""

from __future__ import annotations

import ctypes

import torch

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


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that a device has no memory left; torch says so in several ways.

    Example:
        >>> ran_out_of_memory(MemoryError()), ran_out_of_memory(RuntimeError("shapes do not match"))
        (True, False)
    """
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    # The processor's allocator and oneDNN raise a plain RuntimeError.
    return isinstance(error, RuntimeError) and any(
        text in str(error) for text in ("can't allocate memory", "not enough memory", "could not allocate", "bad_alloc")
    )
