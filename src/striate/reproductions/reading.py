"""The method `read`: a network learns from sentences, and is asked others; what that takes is processor time."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from striate.errors import UsageError
from striate.inspection import inspect_network
from striate.models import Network
from striate.reproductions.experiment import Arm
from striate.reproductions.learning import read_recipe, steps_of, take_steps
from striate.reproductions.networks import arm_row, build_network
from striate.reproductions.sources import drawn_rows
from striate.reproductions.work import Measured, Work
from striate.text import SentenceEncoding
from striate.training import TrainingState

MEASURES = frozenset({"error", "epoch_seconds", "predict_seconds", "single_seconds", "seconds", "macs"})
BATCH = 50
"""Sentences that are asked together."""
SINGLE = 200
"""Sentences that are asked one by one."""


@dataclass(frozen=True, eq=False)
class Sentences:
    """Sentences as the ids of their words; implements `striate.training.inputs.ReadyExamples`."""

    ids: npt.NDArray[np.int64]
    """(n, length)."""
    labels: npt.NDArray[np.int64]
    samples: npt.NDArray[np.int64]

    def maps(self, positions: npt.NDArray[np.int64], epoch: int) -> npt.NDArray[np.int64]:
        """(k, length) ids, the same in every epoch."""
        return self.ids[positions]

    def key(self, position: int) -> str:
        """The sentence's row in the data."""
        return str(self.samples[position])


def read(work: Work) -> Measured:
    """Trains the arm's network on sentences and measures it.

    The vocabulary is that of the training sentences, and the longest of all sentences settles the length.

    Raises:
        StoppedError: A signal came.
        UsageError: The data is no sentences.
    """
    training, testing, encoding = _sentences(work)
    recipe, words = read_recipe(work), encoding.channels
    network = build_network(work.arm, num_classes=work.classes, in_channels=words, size=None, seed=work.seed)
    macs = inspect_network(network, encoding.shape).macs
    network = network.to(work.session.device).train()
    state = TrainingState.begin(network, recipe, total_steps=steps_of(recipe, len(training.labels)))
    spent = take_steps(state, recipe, training, work)
    learnt = state.averaged.eval()
    wrong, seconds = _asked(learnt, testing, BATCH)
    _, alone = _asked(learnt, testing, 1, most=SINGLE)
    values = {
        "error": float(wrong.mean()),
        "epoch_seconds": statistics.median(spent) if spent else float("nan"),
        "predict_seconds": seconds,
        "single_seconds": alone,
        "seconds": sum(spent),
        "macs": float(macs),
    }
    return Measured(values, {"error": wrong})


def _sentences(work: Work) -> tuple[Sentences, Sentences, SentenceEncoding]:
    dataset = work.session.dataset(work.data)
    if dataset.kind != SentenceEncoding.kind:
        raise UsageError(f"the method read is for sentences, and {work.data} is of the kind {dataset.kind!r}")
    scale = work.scale
    rows = drawn_rows(
        dataset, training=work.arm.pictures or scale.pictures, testing=scale.test_pictures, seed=work.seed
    )
    texts = [[bytes(dataset.pictures.read(int(row))).decode() for row in part] for part in rows]
    longest = SentenceEncoding.of(texts[0] + texts[1]).length
    encoding = SentenceEncoding(SentenceEncoding.of(texts[0]).words, longest)
    labels = dataset.labels.astype(np.int64)
    training, testing = (
        Sentences(encoding.ready(np.stack([encoding.encode(text) for text in part])), labels[own], own)
        for part, own in zip(texts, rows, strict=True)
    )
    return training, testing, encoding


def _asked(
    network: Network, sentences: Sentences, together: int, *, most: int | None = None
) -> tuple[npt.NDArray[np.bool_], float]:
    """Which of the first so many sentences are answered wrong, and the processor time of a thousand answers."""
    count = min(len(sentences.labels), most or len(sentences.labels))
    ids, found = torch.from_numpy(sentences.ids[:count]), []
    device = next(network.parameters()).device
    with torch.inference_mode():
        network(ids[:together].to(device))  # the first answer also makes ready
        begun = time.process_time()
        for part in torch.split(ids, together):
            found.append(network(part.to(device)).argmax(1).cpu())
        spent = time.process_time() - begun
    return torch.cat(found).numpy() != sentences.labels[:count], 1000 * spent / count


def check_arm(arm: Arm) -> None:
    """Refuses an arm whose network is not one for sentences.

    Raises:
        UsageError: So it is.
    """
    if not arm.model or arm_row(arm).kind != SentenceEncoding.kind:
        raise UsageError(f"the method read needs a row for sentences, got {arm.model or 'layers'!r}")
    if arm.options:
        raise UsageError(f"the method read asks no options, got {', '.join(arm.options)}")
