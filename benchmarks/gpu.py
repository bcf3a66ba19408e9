"""One GPU: how fast Striate's loop trains beside timm's networks, and how long CIFAR-10 takes.

    python benchmarks/gpu.py --output results
    python benchmarks/gpu.py --cifar10 cifar10_jpeg.npz --output results        # CIFAR-10 too
    python benchmarks/gpu.py --device cpu --models resnet18 --size 64 --batch-size 4 --steps 2 --rounds 1 --no-compile   # does it run?

Three ways train each network, in turns, in one process:
- `striate loop`: `striate.training.fit`, from bytes in the computer's memory, with the standard augmentation, gradient clipping and
  averaging; figures are read every 20 steps.
- `striate step` and `timm step`: Striate's network and timm's own in the same plain loop, on one batch that lies ready on the GPU:
  channels-last, bf16 autocast, `torch.compile`, fused SGD. They compute the same function of the same number of weights.
All ways use bf16, except on a processor that only emulates it. Pictures/s is of the median round; a ratio is shown with the smallest
and largest over the rounds.

CIFAR-10 is trained by `striate train`'s own defaults for the network given with --cifar10-model, until all epochs are done. The file
holds JPEGs of quality 75, which is lossy: the accuracy cannot be compared with figures for the lossless set. The speed recipe's
published time is printed beside it as what it is: another network, on the lossless set.

Where there is no GPU it says so and ends with exit code 0. Writes `gpu.json` into --output.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

TIMM_NAMES = {
    "resnet18": "resnet18",
    "resnet50_v1_5": "resnet50",  # timm's has the stride in the 3x3, which is the row v1_5
    "mobilenet_v2": "mobilenetv2_100",
    "efficientnet_b0": "efficientnet_b0",
}
CLASSES = 1000
STORED = 1024
"""Pictures that are kept in memory."""
SPEED_RECIPE = (
    "94 % on lossless CIFAR-10 in 3.29 s on one A100 (Jordan, '94% on CIFAR-10 in 3.29 Seconds on a Single GPU', 2024). It is another "
    "network on other pictures; only runs on the same pictures can be compared."
)


class StoredNoise:
    """Random bytes with labels, as a cache of decoded pictures would give them; beyond `STORED` they come again."""

    reverses_channels = False

    def __init__(self, count: int, size: int) -> None:
        generator = np.random.default_rng(0)
        self.stored = generator.integers(0, 256, (min(count, STORED), size, size, 3), dtype=np.uint8)
        self.labels = generator.integers(0, CLASSES, count)
        self.samples = np.arange(count)
        self.mean, self.std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

    def pixels(self, positions: np.ndarray) -> np.ndarray:
        """(k, H, W, 3) uint8."""
        return self.stored[positions % STORED]

    def key(self, position: int) -> str:
        """The number."""
        return str(position)


def main() -> int:
    """Parses, measures, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=list(TIMM_NAMES), choices=list(TIMM_NAMES))
    parser.add_argument("--batch-size", type=int, default=256, help="pictures a step; default 256")
    parser.add_argument("--size", type=int, default=224, help="side of the input in pixels; default 224")
    parser.add_argument("--steps", type=int, default=40, help="steps of each way in a round; default 40")
    parser.add_argument("--rounds", type=int, default=5, help="how often each way is timed; default 5")
    parser.add_argument("--device", default="cuda", help="cuda, or cpu to see whether it runs")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True, help="use torch.compile")
    parser.add_argument("--cifar10", type=Path, help="an .npz of JPEGs; see cifar10_folders.py")
    parser.add_argument("--cifar10-model", default="resnet20", help="the network for it; default resnet20")
    parser.add_argument("--cifar10-epochs", type=int, default=30, help="passes over it; default 30")
    parser.add_argument("--cifar10-target", type=float, default=0.85, help="accuracy whose time is told; default 0.85")
    parser.add_argument("--cifar10-limit", type=int, help="only so many pictures of each split")
    parser.add_argument("--output", type=Path, help="a folder for gpu.json")
    arguments = parser.parse_args()
    if arguments.device.startswith("cuda") and not torch.cuda.is_available():
        print("skipped: there is no GPU here; --device cpu shows that the file runs")
        return 0
    if not has_timm():
        print("skipped: timm is not installed; install it with: pip install timm")
        return 0
    device = torch.device(arguments.device)
    result: dict[str, Any] = {"hardware": hardware(device), "versions": versions(), "models": {}}
    print(f"{result['hardware']}; {result['versions']}")
    print(f"{arguments.batch_size} pictures of {arguments.size} x {arguments.size} a step; {arguments.rounds} rounds\n")
    print("| network | way | pictures/s | beside `timm step` (smallest to largest) |\n|---|---|---|---|")
    for model in arguments.models:
        result["models"][model] = measure(model, arguments, device)
    if arguments.cifar10 is not None:
        result["cifar10"] = train_cifar10(arguments)
    if arguments.output is not None:
        arguments.output.mkdir(parents=True, exist_ok=True)
        (arguments.output / "gpu.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0


def measure(model: str, arguments: argparse.Namespace, device: torch.device) -> dict[str, Any]:
    """Pictures a second of the three ways, printed as rows of a table."""
    import timm

    from striate.models import create_model
    from striate.timing import time_side_by_side
    from striate.training.memory import keep_freed_memory
    from striate.training.precision import computes_bf16_natively, fast_arithmetic

    keep_freed_memory()
    precision = "bf16" if computes_bf16_natively(device) else "fp32"
    ours, peers = create_model(model, num_classes=CLASSES, seed=0), timm.create_model(TIMM_NAMES[model])
    counts = [sum(parameter.numel() for parameter in network.parameters()) for network in (ours, peers)]
    if counts[0] != counts[1]:
        sys.exit(
            f"{model} has {counts[0]:,} weights and timm's {TIMM_NAMES[model]} {counts[1]:,}: not the same network"
        )
    with fast_arithmetic(device):
        work = {
            "striate loop": loop(model, arguments, device, precision),
            "striate step": plain_loop(ours, arguments, device, precision),
            "timm step": plain_loop(peers, arguments, device, precision),
        }
        timing = time_side_by_side(work, rounds=arguments.rounds, warm_up=1)
    rows: dict[str, Any] = {"precision": precision, "weights": counts[0]}
    for way in work:
        speed = arguments.steps * arguments.batch_size / timing.median(way)
        median, low, high = timing.ratio(way, "timm step")
        rows[way] = {"pictures_per_second": speed, "ratio": [median, low, high], "seconds": timing.seconds[way]}
        print(f"| {model} | {way} | {speed:,.1f} | {median:.2f} ({low:.2f} to {high:.2f}) |", flush=True)
    return rows


def loop(model: str, arguments: argparse.Namespace, device: torch.device, precision: str) -> Callable[[], None]:
    """So many steps of Striate's training loop."""
    from striate.augmentation import named_policy
    from striate.models import create_model
    from striate.training import Recipe, TrainingState, fit

    recipe = Recipe.from_dict(
        {
            "model": model,
            "batch_size": arguments.batch_size,
            "precision": precision,
            "compile": arguments.compile,
            "optimizer": {"learning_rate": 0.01, "gradient_clip": 5.0},
            "augmentation": named_policy("standard", drawn=False).to_dict(),
        }
    )
    network = create_model(model, num_classes=CLASSES, seed=0).to(device).to(memory_format=torch.channels_last)
    state = TrainingState.begin(network, recipe, total_steps=10**6)
    # An epoch is a round: it is begun with no batch prepared, and ends when all figures are read.
    training, nothing = (StoredNoise(count, arguments.size) for count in (arguments.steps * arguments.batch_size, 0))
    epochs = fit(state, recipe, training, nothing, device=device)

    def steps() -> None:
        next(epochs)
        wait(device)

    return steps


def plain_loop(
    network: nn.Module, arguments: argparse.Namespace, device: torch.device, precision: str
) -> Callable[[], None]:
    """So many bare steps on one batch that lies ready."""
    network = network.to(device).to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.SGD(
        network.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4, nesterov=True, fused=True
    )
    forward = torch.compile(network, dynamic=False) if arguments.compile else network
    images = torch.randn(arguments.batch_size, 3, arguments.size, arguments.size)
    images = images.to(device, memory_format=torch.channels_last)
    labels = torch.randint(0, CLASSES, (arguments.batch_size,)).to(device)

    def step(images: Tensor, labels: Tensor) -> None:
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16"):
            logits = forward(images)
        functional.cross_entropy(logits.float(), labels).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    def steps() -> None:
        for _ in range(arguments.steps):
            step(images, labels)
        wait(device)

    return steps


def train_cifar10(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains on the JPEGs as `striate train` does, and tells when the target was reached."""
    import striate

    sys.path.insert(0, str(Path(__file__).parent))
    from cifar10_folders import lay_out

    with tempfile.TemporaryDirectory() as folder:
        lay_out(arguments.cifar10, Path(folder) / "cifar10", limit=arguments.cifar10_limit)
        begun = time.perf_counter()
        run = striate.train(
            Path(folder) / "cifar10",
            model=arguments.cifar10_model,
            epochs=arguments.cifar10_epochs,
            device=arguments.device,
            output=Path(folder) / "run",
            settings=[f"compile={str(arguments.compile).lower()}"],
        )
        whole = time.perf_counter() - begun
        history = run.history()
        accuracy = run.metrics["test"]["accuracy"]
    seconds = np.cumsum([row["seconds"] for row in history]).tolist()
    reached = [at for row, at in zip(history, seconds, strict=True) if row["val_accuracy"] >= arguments.cifar10_target]
    print(f"\nCIFAR-10 as JPEGs of quality 75, {arguments.cifar10_model}, {len(history)} epochs:")
    when = f"reached after {reached[0]:.1f} s" if reached else "not reached"
    print(
        f"{accuracy:.2%} on the test pictures after {seconds[-1]:.1f} s of training ({whole:.1f} s with reading and sealing)"
    )
    print(f"{arguments.cifar10_target:.0%}: {when}")
    print(f"beside it, not comparable: {SPEED_RECIPE}")
    return {
        "model": arguments.cifar10_model,
        "accuracy": accuracy,
        "target": arguments.cifar10_target,
        "seconds_to_target": reached[0] if reached else None,
        "training_seconds": seconds[-1],
        "whole_seconds": whole,
        "speed_recipe": SPEED_RECIPE,
    }


def wait(device: torch.device) -> None:
    """Until the GPU has done what it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def has_timm() -> bool:
    """Whether timm is installed."""
    from importlib.util import find_spec

    return find_spec("timm") is not None


def hardware(device: torch.device) -> str:
    """The name of what computes."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or platform.machine()


def versions() -> str:
    """Of what is compared."""
    import timm

    import striate

    return f"Striate {striate.__version__}, torch {torch.__version__}, timm {timm.__version__}, Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main())
