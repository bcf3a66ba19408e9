"""Memory: keeping it between steps, running out of it, and how much a step takes."""

from __future__ import annotations

import contextlib
import copy
import ctypes
import gc
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from striate.training.precision import autocast

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


def release_memory() -> None:
    """After memory ran out: hands everything that is free back to the device, and on a processor goes on doing so.

    What `keep_freed_memory` keeps lies in pieces, of which none may be large enough; steps are slower from here on, but they fit.
    """
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if hand_back_freed_memory():
        ctypes.CDLL(None).malloc_trim(0)


def trim_memory() -> None:
    """Hands back what `keep_freed_memory` has kept for a next step, when there is none; it goes on keeping."""
    with contextlib.suppress(OSError, AttributeError, TypeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


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
    # The processor's allocator raises a plain RuntimeError, and so does oneDNN, which does not say what it lacked.
    return isinstance(error, RuntimeError) and any(
        text in str(error)
        for text in ("can't allocate memory", "not enough memory", "bad_alloc", "could not create a primitive")
    )


def kept_for_backward(network: nn.Module, images: Tensor, loss: Callable[[Tensor], Tensor], precision: str) -> int:
    """Bytes that a forward pass in training mode keeps for the backward pass, weights not counted.

    Each piece of memory counts once, however many layers keep it. The network's weights and its mode are left as they are.

    Args:
        network: The network.
        images: (N, C, H, W) float on its device.
        loss: From logits to a scalar.
        precision: `"fp32"` or `"bf16"`.

    Example:
        >>> layer = nn.Linear(100, 10)
        >>> kept_for_backward(layer, torch.rand(8, 100, requires_grad=True), torch.sum, "fp32")  # 8 x 100 numbers of 4 bytes
        3200
    """
    trial = copy.deepcopy(network).train()
    own = {tensor.untyped_storage().data_ptr() for tensor in (*trial.parameters(), *trial.buffers())}
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    fork = torch.random.fork_rng(devices=[images.device] if images.is_cuda else [])
    with (
        fork,
        torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor),
        autocast(images.device, precision),
    ):
        loss(trial(images).float())
    return sum(kept.values())


def available_memory(device: torch.device) -> int | None:
    """Bytes that a program may still take on a device; None where the system does not say.

    On Linux what `/proc/meminfo` calls available, or what is left of the control group's limit (a container's), if that is less.
    """
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        available = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration):
        return None
    try:
        group = Path("/sys/fs/cgroup")
        limit, used = ((group / name).read_text(encoding="ascii").strip() for name in ("memory.max", "memory.current"))
        return min(available, max(0, int(limit) - int(used)))
    except (OSError, ValueError):
        return available  # no limit, which is written as a word, or no control group
