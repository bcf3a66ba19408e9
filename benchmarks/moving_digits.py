"""Which way does the digit move? A convolutional LSTM over frames, made of the built-in digits; beside it the same network on one frame.

    python benchmarks/moving_digits.py [--seeds 3] [--output benchmarks/results/moving_digits.json]

A digit of 8 x 8 pixels moves over a field of 16 x 16, by a pixel a frame, up, down, left or right. No frame by itself tells the way:
places are drawn so that the last frame says nothing of it. Digits of training and test are different ones.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

import striate
from striate.hardware import describe_processor
from striate.nn import ConvLSTMCell

WAYS = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}
FIELD, DIGIT, FRAMES = 16, 8, 4
FREE = FIELD - DIGIT


def digit_pictures() -> np.ndarray:
    """(n, 8, 8) float32 in 0..1: the built-in digits."""
    pictures = striate.load_data("digits").pictures
    return np.stack(
        [np.asarray(pictures.read(row)).reshape(DIGIT, DIGIT) for row in range(len(pictures))]
    ) / np.float32(255)


def moving(digits: np.ndarray, count: int, *, seed: int, frames: int = FRAMES) -> tuple[np.ndarray, np.ndarray]:
    """Sequences of frames, and which way each digit moves.

    The place in the last frame is drawn first, among those that a digit can have come to by any way: it is the same for all ways.

    Args:
        digits: (n, 8, 8) in 0..1.
        count: How many sequences.
        seed: Of all that is drawn.
        frames: How many each has, at most 5.

    Returns:
        (count, frames, 1, 16, 16) float32 in 0..1, and (count,) int64, places in `WAYS`.

    Example:
        >>> sequences, ways = moving(np.ones((1, 8, 8), np.float32), 3, seed=0)
        >>> sequences.shape, sequences.sum(axis=(2, 3, 4)).tolist()[0]
        ((3, 4, 1, 16, 16), [64.0, 64.0, 64.0, 64.0])
    """
    generator = np.random.default_rng(seed)
    steps = frames - 1
    ways = generator.integers(len(WAYS), size=count)
    ends = generator.integers(steps, FREE - steps + 1, size=(count, 2))
    chosen = generator.integers(len(digits), size=count)
    sequences = np.zeros((count, frames, 1, FIELD, FIELD), np.float32)
    moves = np.array(list(WAYS.values()))[ways]
    for row in range(count):
        for frame in range(frames):
            y, x = ends[row] - (steps - frame) * moves[row]
            sequences[row, frame, 0, y : y + DIGIT, x : x + DIGIT] = digits[chosen[row]]
    return sequences, ways


class WayClassifier(nn.Module):
    """A ConvLSTM cell over the frames; the greatest value of each hidden map of the last one; a dense layer."""

    def __init__(self, maps: int = 8) -> None:
        super().__init__()
        self.cell = ConvLSTMCell(1, maps, 3, size=(FIELD, FIELD))
        self.output = nn.Linear(maps, len(WAYS))

    def forward(self, frames: Tensor) -> Tensor:
        """(N, T, 1, 16, 16) -> (N, 4) logits."""
        state = None
        for frame in frames.unbind(dim=1):
            state = self.cell(frame, state)
        hidden, _ = state
        logits: Tensor = self.output(hidden.amax(dim=(2, 3)))
        return logits


def learn(sequences: np.ndarray, ways: np.ndarray, *, steps: int, seed: int) -> WayClassifier:
    """A classifier after so many steps of Adam on batches of 32."""
    torch.manual_seed(seed)
    network = WayClassifier()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=steps)
    generator = np.random.default_rng(seed)
    for _ in range(steps):
        rows = generator.integers(len(sequences), size=32)
        loss = nn.functional.cross_entropy(network(torch.from_numpy(sequences[rows])), torch.from_numpy(ways[rows]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return network.eval()


def accuracy(network: WayClassifier, sequences: np.ndarray, ways: np.ndarray) -> float:
    """The share that it has right, in 0..1."""
    with torch.no_grad():
        return float((network(torch.from_numpy(sequences)).argmax(dim=1).numpy() == ways).mean())


def measure(*, seed: int, steps: int = 300, training: int = 3000, held_out: int = 1000) -> dict[str, float]:
    """The accuracy over all frames and over the last alone, of digits that training has not seen."""
    digits = digit_pictures()
    order = np.random.default_rng(seed).permutation(len(digits))
    seen, unseen = digits[order[: len(order) * 4 // 5]], digits[order[len(order) * 4 // 5 :]]
    sequences, ways = moving(seen, training, seed=2 * seed)
    tested, true = moving(unseen, held_out, seed=2 * seed + 1)
    begun = time.process_time()
    network = learn(sequences, ways, steps=steps, seed=seed)
    seconds = time.process_time() - begun
    alone = learn(sequences[:, -1:], ways, steps=steps, seed=seed)
    return {
        "seed": seed,
        "frames": accuracy(network, tested, true),
        "last frame": accuracy(alone, tested[:, -1:], true),
        "processor seconds": round(seconds, 1),
    }


def main() -> None:
    """Measures some seeds, prints a line each, and writes them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    rows = []
    for seed in range(options.seeds):
        rows.append(measure(seed=seed))
        print(json.dumps(rows[-1]), flush=True)
    if options.output is not None:
        made_on = {"processor": describe_processor(), "python": platform.python_version(), "torch": torch.__version__}
        options.output.write_text(json.dumps({"made on": made_on, "rows": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
