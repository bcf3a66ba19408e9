"""How fast this machine trains: multiply-adds a second in steps of two small networks, from which costs are foretold."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from striate.durable_writing import write_durably
from striate.errors import UsageError
from striate.hardware import describe_processor
from striate.inspection.inspection import inspect_network
from striate.models import create_model
from striate.row_writing import json_text
from striate.table_reading import read_dataclass
from striate.training.memory import trim_memory
from striate.training.precision import computes_bf16_natively, time_steps
from striate.training.probes import probe_images
from striate.user_cache import forget_oldest, kind_folder

THUMBNAILS, PHOTOGRAPHS, PICTURES = ("resnet20", 32), ("resnet9_x0_25", 64), 32
"""What is timed: steps of a network with so many pictures of so many pixels a side. bf16 may be no faster than fp32 on the one and
twice as fast on the other: products of large matrices have more of it than those of small ones."""

STEPS = 8
"""At most; the fastest counts: threads that wait for one another by turning round and round make a step longer on a busy machine, never
shorter, and what is measured now is kept."""

FEWEST, ALIKE = 3, 1.03
"""So few steps are enough where the two fastest differ by no more, as on a machine that does nothing else."""

PASSES = 3
"""A training step takes three times the multiply-adds of an answer: forwards, and backwards to the inputs and to the weights."""

FASTER = 1.15
"""So much faster bf16 must be than fp32 to be taken."""

KEPT = 20


@dataclass(frozen=True)
class Rate:
    """Multiply-adds a second in training steps, idle; rounded, so that what is planned from it hangs on no clock's last digit."""

    fp32: float
    bf16: float = 0.0
    """0 where the device does not compute it natively."""

    @property
    def precision(self) -> str:
        """The number format to train in."""
        return "bf16" if self.bf16 >= FASTER * self.fp32 else "fp32"

    @property
    def best(self) -> float:
        """In that format."""
        return self.bf16 if self.precision == "bf16" else self.fp32

    @property
    def plausible(self) -> bool:
        """Whether it can be a rate."""
        return 0 < self.fp32 < math.inf and 0 <= self.bf16 < math.inf


@dataclass(frozen=True)
class MachineRate:
    """How fast a machine trains: a narrow network on pictures of few pixels, and a wider one on larger pictures."""

    thumbnails: Rate
    photographs: Rate


def machine_rate(device: torch.device) -> MachineRate:
    """What was measured once on this machine with so many threads, or is measured now; kept in the user's cache folder.

    So two runs on a machine plan alike, whatever else it does then.
    """
    known = f"{torch.__version__} {torch.get_num_threads()} {device} {describe_processor()}"
    if device.type == "cuda":
        known += f" {torch.cuda.get_device_name(device)}"
    path = kind_folder("rates") / f"{hashlib.sha256(known.encode()).hexdigest()}.json"
    try:
        kept = read_dataclass(MachineRate, json.loads(path.read_text(encoding="utf-8")))
        if kept.thumbnails.plausible and kept.photographs.plausible:
            return kept
    except (OSError, ValueError, UsageError):
        pass  # it is measured anew
    rate = measure_rate(device)
    _keep(path, rate)
    return rate


def measure_rate(device: torch.device) -> MachineRate:
    """Times steps of the two reference networks, in turns where the device computes bf16 natively."""
    rate = MachineRate(_measure(*THUMBNAILS, device), _measure(*PHOTOGRAPHS, device))
    trim_memory()
    return rate


def _measure(model: str, side: int, device: torch.device) -> Rate:
    network = create_model(model, seed=0).to(device).to(memory_format=torch.channels_last)
    macs = inspect_network(network, (network.in_channels, side, side)).macs
    images = probe_images(network, (side, side), count=PICTURES)
    formats = ("fp32", "bf16") if computes_bf16_natively(device) else ("fp32",)
    loss: Callable[[Tensor], Tensor] = lambda logits: logits.square().mean()  # noqa: E731
    seconds = time_steps(network, images, loss, formats, steps=STEPS, of=min, enough=_agree)
    return Rate(*(_rounded(PASSES * macs * PICTURES / taken) for taken in seconds))


def _agree(seconds: Sequence[float]) -> bool:
    """Whether further steps would hardly be faster."""
    if len(seconds) < FEWEST:
        return False
    fastest, second = sorted(seconds)[:2]
    return second <= ALIKE * fastest


def _rounded(rate: float) -> float:
    """The nearest of four steps an octave."""
    return float(round(2 ** (round(math.log2(rate) * 4) / 4)))


def _keep(path: Path, rate: MachineRate) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, (json_text(asdict(rate)) + "\n").encode())
        forget_oldest("rates", most=KEPT)
    except OSError:
        return  # where nothing can be kept it is measured every time
