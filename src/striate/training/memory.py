"""Keeping memory between steps, where the C library would hand it back to the system after each, and running out of it."""

from __future__ import annotations

import ctypes

import torch

# glibc's malloc.h
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
_MIB = 1 << 20


def keep_freed_memory() -> bool:
    """Tells glibc to keep what is freed for the next allocation; answers whether there is a glibc that listened.

    Activations of some hundred megabytes are freed and allocated anew in every step. By default each comes straight from the system,
    which must clear it page by page: a third of a training step's processor time. This holds for the whole process from then on, whose
    memory does not shrink any more.
    """
    return _tell_allocator({_MMAP_MAX: 0, _TRIM_THRESHOLD: 2**31 - 1})


def hand_back_freed_memory() -> bool:
    """Tells glibc to do what it does by default, for measuring what `keep_freed_memory` is worth; answers whether it listened.

    By default its thresholds follow the sizes that are freed, up to 32 MiB, which training soon reaches: larger pieces come from the
    system and go back to it, and so does what is free at the end of the heap beyond twice that.
    """
    return _tell_allocator({_MMAP_MAX: 65536, _MMAP_THRESHOLD: 32 * _MIB, _TRIM_THRESHOLD: 64 * _MIB})


def _tell_allocator(settings: dict[int, int]) -> bool:
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return False  # another C library: macOS, Windows, musl
    return all(mallopt(name, value) for name, value in settings.items())


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
