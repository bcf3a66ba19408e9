"""Handwritten digits as LeNet-5 takes them, and a LeNet-5 that learns to read them while one waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from striate.data import load_data
from striate.models import create_model
from striate.pixels import decode
from striate.reproductions.sources import HeldPictures
from striate.seeing.seen_network import SeenNetwork, seen_network
from striate.studio.rooms.walk.strokes import write
from striate.training import Recipe, TrainingState, fit
from striate.training.batches import batch_sizes

BOX, FRAME = 20, 28
"""Sides, in pixels, of what a digit is made to fit into, and of the picture whose middle is its centre of mass."""
TESTED = 297
"""Of the 1,797 digits so many are not learnt from."""
INK = (90.0, 190.0)
"""From which brightness on a pixel is rather ink than paper: drawn for each picture, so that strokes are thick and thin."""
WRITTEN = 1500
"""Digits of pen strokes that are learnt beside the scanned ones."""
RECIPE = Recipe.from_dict(
    {
        "model": "lenet5",
        "batch_size": 64,
        "optimizer": {"name": "adamw", "learning_rate": 0.005, "weight_decay": 0.01},
        "schedule": {"epochs": 10, "warmup_epochs": 1.0},
        "loss": {"name": "lenet_map"},
        "averaging": {"span": 0.05},
        "augmentation": {"scaling": {"factor": 1.15}, "shear": {"degrees": 10.0}, "rotation": {"degrees": 10.0}},
    }
)
"""With the paper's own loss, under which F6 comes to draw the glyph of what it reads."""


def centred(ink: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """A digit as MNIST has them: (H, W) uint8, ink bright -> (28, 28), fitted into 20 x 20, its centre of mass in the middle.

    Without any ink it is all dark.

    Example:
        >>> picture = np.zeros((90, 90), np.uint8)
        >>> picture[10:50, 20:40] = 255
        >>> found = centred(picture)
        >>> rows = np.flatnonzero(found.any(axis=1))
        >>> found.shape, len(rows), int(rows[0])
        ((28, 28), 20, 4)

    Source: LeCun, Cortes, Burges, The MNIST database of handwritten digits.
    """
    frame = np.zeros((FRAME, FRAME), np.uint8)
    rows, columns = np.flatnonzero((ink > 32).any(axis=1)), np.flatnonzero((ink > 32).any(axis=0))
    if not len(rows):
        return frame
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = BOX / max(cut.shape)
    height, width = (max(1, round(side * scale)) for side in cut.shape)
    small = np.asarray(
        Image.fromarray(cut).resize((width, height), Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC)
    )
    mass = small.sum(dtype=float)
    if not mass:  # a few specks, far apart
        return frame
    middle = [(small.sum(axis=1 - axis, dtype=float) * np.arange(small.shape[axis])).sum() / mass for axis in (0, 1)]
    top, left = (
        min(max(round((FRAME - 1) / 2 - at), 0), FRAME - side) for at, side in zip(middle, small.shape, strict=True)
    )
    frame[top : top + height, left : left + width] = small
    return frame


def drawn_digit(content: bytes, *, limit: int) -> npt.NDArray[np.uint8]:
    """(28, 28, 1) uint8 of a drawing, bright ink on dark.

    Raises:
        PictureError: It is no picture, or it has more than `limit` pixels.
    """
    grey = decode(content, channels=1, max_pixels=limit, name="the drawing")
    return centred(grey.reshape(grey.shape[:2]))[..., None]


def _pictures(network: SeenNetwork) -> tuple[HeldPictures, HeldPictures]:
    """Those to learn from, and those to test on."""
    data = load_data("digits")
    rule = network.preprocessing
    draws = np.random.default_rng(0)
    order = draws.permutation(len(data.labels))
    small = [np.asarray(data.pictures.read(int(place))) for place in order]
    scanned = np.stack([rule.resized(framed_digit(one, draws.uniform(*INK))) for one in small])
    written = np.stack([rule.resized(centred(write(number % 10, draws))[..., None]) for number in range(WRITTEN)])
    labels = data.labels[order].astype(np.int64)
    learnt = np.concatenate([scanned[TESTED:], written]), np.concatenate([labels[TESTED:], np.arange(WRITTEN) % 10])
    parts = learnt, (scanned[:TESTED], labels[:TESTED])
    made = [HeldPictures(array, told, np.arange(len(told)), rule.mean, rule.std) for array, told in parts]
    return made[0], made[1]


def framed_digit(small: npt.NDArray[np.uint8], level: float = 110.0) -> npt.NDArray[np.uint8]:
    """One of 8 x 8 pixels, made to look like one that is drawn: enlarged, its edges steeper, centred in (28, 28, 1).

    Args:
        small: (8, 8) uint8, ink bright.
        level: From which brightness on a pixel is rather ink than paper.
    """
    large = Image.fromarray(small.reshape(8, 8)).resize((BOX, BOX), Image.Resampling.BICUBIC)
    steep = ((np.asarray(large, float) - level) * 2.5 + 128).clip(0, 255).astype(np.uint8)
    return centred(steep)[..., None]


def learnt_digits(progress: Callable[[float], None], stop: Callable[[], bool]) -> tuple[SeenNetwork, float]:
    """LeNet-5 after it has learnt scikit-learn's digits, and the share of those kept back that it reads right.

    Args:
        progress: Told which share is done.
        stop: Answers True when it is no longer wanted.

    Raises:
        StoppedError: `stop` said so.
    """
    seen = seen_network("lenet5")
    training, testing = _pictures(seen)
    network = create_model("lenet5", seed=0)
    steps = len(batch_sizes(len(training.labels), RECIPE.batch_size)) * RECIPE.schedule.epochs
    state = TrainingState.begin(network, RECIPE, total_steps=steps)
    accuracy = 0.0
    epochs = fit(
        state, RECIPE, training, testing, device=torch.device("cpu"), stop=stop,
        watch=lambda report: progress(report.step / report.total_steps),
    )  # fmt: skip
    for epoch in epochs:
        accuracy = epoch.val_accuracy
    return replace(seen, network=state.averaged.eval(), classes=tuple("0123456789"), notes=()), accuracy
