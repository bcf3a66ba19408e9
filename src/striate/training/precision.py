"""Which number format a network trains in fastest: looked up, then timed, never assumed."""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

import torch
from torch import Tensor, nn

from striate.timing import own_seconds


def computes_bf16_natively(device: torch.device) -> bool:
    """Whether the device has instructions for bf16 matrix products; without them bf16 is emulated and slower than fp32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    return False


def autocast(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """The context in which a forward pass runs in a recipe's precision."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16")


@contextmanager
def fast_arithmetic(device: torch.device) -> Iterator[None]:
    """On a GPU: cuDNN tries its algorithms and takes the fastest, and fp32 products of matrices use TF32; as it was before, afterwards.

    TF32 has fp32's range and 10 bits of its mantissa; for convolutions torch uses it by default. Which algorithm is the fastest can
    differ from run to run, and some add up in no fixed order: the same seed gives the same bits on a processor, on a GPU nearly
    the same.

    Args:
        device: On a processor nothing changes.

    Example:
        >>> with fast_arithmetic(torch.device("cuda")):
        ...     torch.backends.cudnn.benchmark, torch.get_float32_matmul_precision()
        (True, 'high')
    """
    if device.type != "cuda":
        yield
        return
    before = torch.backends.cudnn.benchmark, torch.get_float32_matmul_precision()
    torch.backends.cudnn.benchmark = True
    torch.set_float32_matmul_precision("high")
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before[0]
        torch.set_float32_matmul_precision(before[1])


def time_step(
    network: nn.Module, images: Tensor, loss: Callable[[Tensor], Tensor], precision: str, *, steps: int = 3
) -> float:
    """Median seconds of a forward and backward pass on a copy of the network, which is left as it was.

    On a processor they are `own_seconds`: what the step takes where nothing else runs, also while something does.

    Args:
        network: The network.
        images: (N, C, H, W) float: one batch, on the network's device.
        loss: From logits to a scalar.
        precision: `"fp32"` or `"bf16"`.
        steps: How many passes are timed, after one that is not.
    """
    return time_steps(network, images, loss, (precision,), steps=steps)[0]


def time_steps(
    network: nn.Module,
    images: Tensor,
    loss: Callable[[Tensor], Tensor],
    precisions: Sequence[str],
    *,
    steps: int = 3,
    of: Callable[[Sequence[float]], float] = statistics.median_high,
    enough: Callable[[Sequence[float]], bool] = lambda seconds: False,
) -> list[float]:
    """`time_step` of each number format, timed in turns; `of` the steps' seconds answers what counts.

    No more steps are taken once those of every format so far are `enough`.
    """
    trial = copy.deepcopy(network).train()
    clock = time.perf_counter if images.is_cuda else own_seconds
    seconds: list[list[float]] = [[] for _ in precisions]
    with torch.random.fork_rng(devices=[images.device] if images.is_cuda else []):
        for _ in range(steps + 1):
            for precision, taken in zip(precisions, seconds, strict=True):
                start = clock()
                with autocast(images.device, precision):
                    logits = trial(images)
                loss(logits.float()).backward()  # type: ignore[no-untyped-call]
                trial.zero_grad(set_to_none=True)
                if images.is_cuda:
                    torch.cuda.synchronize(images.device)
                taken.append(clock() - start)
            if all(enough(taken[1:]) for taken in seconds):
                break
    return [of(taken[1:]) for taken in seconds]


def choose_precision(network: nn.Module, images: Tensor, loss: Callable[[Tensor], Tensor]) -> tuple[str, str]:
    """The faster of fp32 and bf16 on this device, and the reason in words.

    bf16 is only tried where the device computes it natively. The fastest of three passes counts: a busy machine makes some longer, bf16's
    above all, whose threads wait for one another by turning round and round.
    """
    if not computes_bf16_natively(images.device):
        return "fp32", "this device does not compute bf16 natively"
    fp32, bf16 = time_steps(network, images, loss, ("fp32", "bf16"), of=min)
    reason = f"timed on one batch: fp32 {fp32 * 1e3:.0f} ms, bf16 {bf16 * 1e3:.0f} ms"
    return ("bf16" if bf16 < 0.95 * fp32 else "fp32"), reason
