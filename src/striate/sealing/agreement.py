"""Whether two ways to run a network answer the same; of an exported file also on which pictures, and by how much they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageEnhance

from striate.bundle import Bundle
from striate.choosing import evenly
from striate.conversion.formats import Answers, Runner
from striate.data import Dataset
from striate.errors import DataError, PictureError
from striate.pixels import Preprocessing, decode
from striate.runtime import Classifier
from striate.tasks import Task
from striate.tasks.task import Targets
from striate.text import SentenceEncoding
from striate.text.sentences import sentence_of
from striate.text.words import split_words
from striate.watching import Watcher

FEWEST_PICTURES = 100

Pixels = npt.NDArray[np.uint8]
BATCH = 16


@dataclass(frozen=True)
class Agreement:
    """How an exported file's answers compare with those of the network in torch, in fp32."""

    pictures: int
    pictures_from: str
    same_label: int
    """Of `pictures`, those whose answer, such as the most probable class, is the network's."""
    logits_difference: float
    """The largest difference of a logit, as a share of the range of all logits; of the features alike."""
    features_difference: float
    canaries: int
    canaries_difference: float
    """The largest difference of a canary's logit from the sealed one, as a share of the range of the sealed ones."""
    tolerance: float
    """The largest share that is allowed."""
    many: str = "pictures"
    """What they are called."""

    @property
    def passed(self) -> bool:
        """Whether every label is the same and every difference within the tolerance."""
        differences = (self.logits_difference, self.features_difference, self.canaries_difference)
        return self.same_label == self.pictures and all(value <= self.tolerance for value in differences)

    def summary(self) -> str:
        """The numbers, in one clause."""
        return (
            f"the label is the network's on {self.same_label:,} of {self.pictures:,} {self.many} ({self.pictures_from}); "
            f"logits differ by {self.logits_difference:.1e} of their range at most, features by {self.features_difference:.1e}, "
            f"the sealed logits of {self.canaries} canaries by {self.canaries_difference:.1e} (allowed: {self.tolerance:.0e})"
        )


def compare_answers(
    run: Runner,
    reference: Classifier,
    items: Sequence[Any],
    *,
    pictures_from: str,
    with_preprocessing: bool,
    watcher: Watcher,
) -> Agreement:
    """Runs a file and the network on the same pictures or sentences and on the canaries.

    Args:
        run: Runs the file.
        reference: The classifier with its network in torch.
        items: Decoded pictures (H, W, C), of any sizes, or sentences.
        pictures_from: Where they come from, for the result.
        with_preprocessing: Whether the file takes decoded pictures.
        watcher: Hears how far it is.
    """
    contract, sheet = reference.contract, reference.bundle.canaries
    rule = contract.preprocessing
    canaries = canaries_of(reference.bundle)
    every = [*canaries, *items]
    networks: list[Answers] = []
    files: list[Answers] = []
    watcher.task("comparing", 0, len(every))
    for start in range(0, len(every), BATCH):
        batch = every[start : start + BATCH]
        encoded = np.stack([rule.encode(item) for item in batch])
        networks.append(reference.engine.infer(encoded))
        if with_preprocessing:
            files += [run(picture[np.newaxis]) for picture in batch]
        else:
            files.append(run(rule.ready(encoded)))
        watcher.task("comparing", start + len(batch), len(every))
    logits, features = (np.concatenate(parts) for parts in zip(*networks, strict=True))
    other_logits, other_features = (np.concatenate(parts) for parts in zip(*files, strict=True))
    task = reference.task
    answers, others = (answers_of(found, task, contract.calibration) for found in (logits, other_logits))
    return Agreement(
        pictures=len(items),
        pictures_from=pictures_from,
        same_label=int(task.same(answers, others)[len(canaries) :].sum()),
        logits_difference=largest_difference(logits, other_logits),
        features_difference=largest_difference(features, other_features),
        canaries=len(canaries),
        canaries_difference=largest_difference(
            sheet.logits(contract.outputs), other_logits[: len(canaries)].astype(np.float64)
        ),
        tolerance=contract.precisions["fp32"].tolerance,
        many=reference.kind.plural,
    )


def canaries_of(bundle: Bundle) -> list[Any]:
    """A bundle's canaries as items: decoded pictures of its channels, or what its text files hold."""
    rule = bundle.contract.preprocessing
    paths = [bundle.canary_path(canary.file) for canary in bundle.canaries.canaries]
    if isinstance(rule, Preprocessing):
        return [decode(path, channels=rule.channels) for path in paths]
    return [path.read_bytes() for path in paths]


def answers_of(logits: npt.NDArray[np.floating[Any]], task: Task, calibration: Mapping[str, int | float]) -> Targets:
    """What (n, classes) logits come to, calibrated; those that are not finite to an answer too, which is hardly ever right."""
    with np.errstate(invalid="ignore"):
        return task.decide(task.probabilities(logits, calibration))


def share_alike(task: Task, answers: Targets, others: Targets) -> float:
    """The share of pictures whose answers are the same; against what is right, the accuracy."""
    return float(np.mean(task.same(answers, others)))


def largest_difference(reference: npt.NDArray[np.floating], other: npt.NDArray[np.floating]) -> float:
    """The largest difference between two tables, as a share of the first one's range; infinite where one is not finite.

    Example:
        >>> largest_difference(np.array([[0.0, 10.0]]), np.array([[0.5, 10.0]]))
        0.05
    """
    if reference.shape != other.shape or not np.isfinite(other).all():
        return float("inf")
    return float(np.abs(reference - other).max() / max(float(reference.max() - reference.min()), 1e-30))


def pictures_of_data(dataset: Dataset, *, channels: int, count: int, watcher: Watcher) -> list[Pixels]:
    """Decoded pictures of a data set, evenly from the first to the last; those that cannot be read are passed over.

    Raises:
        DataError: If none can be read.
    """
    rows = evenly(len(dataset), count)
    pictures = []
    for done, row in enumerate(rows):
        watcher.task("reading", done, len(rows))
        try:
            pictures.append(decode(dataset.pictures.read(int(row)), channels=channels))
        except PictureError:
            continue
    watcher.task("reading", len(rows), len(rows))
    if not pictures:
        raise DataError(f"none of the pictures of {dataset.location} can be read")
    return pictures


def sentences_of_data(dataset: Dataset, *, count: int) -> list[str]:
    """Sentences of a data set, evenly from the first to the last; those without a word are passed over.

    Raises:
        DataError: If there are none.
    """
    read = (sentence_of(dataset.pictures.read(int(row))) for row in evenly(len(dataset), count))
    if not (sentences := [sentence for sentence in read if split_words(sentence)]):
        raise DataError(f"none of the sentences of {dataset.location} has a word")
    return sentences


def sentences_like(encoding: SentenceEncoding, count: int, *, seed: int = 0) -> list[str]:
    """Sentences of words that are drawn from a vocabulary, as short as one word and longer than the network sees.

    Args:
        encoding: Whose vocabulary and length.
        count: How many to make.
        seed: Of what is drawn.
    """
    generator = np.random.default_rng(seed)
    lengths = generator.integers(1, encoding.length + encoding.length // 4 + 1, count)
    return [" ".join(generator.choice(encoding.words, length)) for length in lengths]


def pictures_like(originals: Sequence[Pixels], count: int, *, seed: int = 0) -> list[Pixels]:
    """Pictures made from a few: parts of them in other sizes, mirrored, brighter or darker, with more or less contrast, with noise.

    So they are of the kind that the network knows, and of many sizes and proportions.

    Args:
        originals: Decoded pictures (H, W, C).
        count: How many to make.
        seed: Of what is drawn.
    """
    generator = np.random.default_rng(seed)
    made = []
    for number in range(count):
        original = originals[number % len(originals)]
        height, width, channels = original.shape
        tall, wide = (max(1, int(side * generator.uniform(0.5, 1))) for side in (height, width))
        top, left = int(generator.integers(0, height - tall + 1)), int(generator.integers(0, width - wide + 1))
        part = original[top : top + tall, left : left + wide]
        if generator.random() < 0.5:
            part = part[:, ::-1]
        picture = Image.fromarray(np.ascontiguousarray(part if channels == 3 else part[:, :, 0]))
        size = (max(1, int(wide * generator.uniform(0.5, 3))), max(1, int(tall * generator.uniform(0.5, 3))))
        picture = picture.resize(size, Image.Resampling.BICUBIC)
        for change in (ImageEnhance.Brightness, ImageEnhance.Contrast):
            picture = change(picture).enhance(generator.uniform(0.6, 1.4))
        pixels = np.asarray(picture).reshape(size[1], size[0], channels)
        noise = generator.normal(0, generator.uniform(0, 12), pixels.shape)
        made.append((pixels + noise).clip(0, 255).astype(np.uint8))
    return made
