"""A network for sentences that is looked into, and a sentence as it reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from striate.bundle import Bundle
from striate.errors import UsageError
from striate.hooks import held_still
from striate.models.text_network import TextNetwork
from striate.runtime.torch_engine import build_network
from striate.sealing.opening import ModelName, title_of
from striate.seeing.both_classes import answer_for_both
from striate.seeing.class_named import class_named
from striate.seeing.seen_network import SEVERAL, named_labels, thresholds_of
from striate.text import SentenceEncoding
from striate.text.sentences import UNKNOWN, sentence_of
from striate.text.shown_sentence import ShownSentence, shown_sentence
from striate.visualization.targets import Classifier, as_probabilities, logits


@dataclass(frozen=True)
class ReadingNetwork:
    """A network for sentences, with the vocabulary by which it reads them and the names of its classes."""

    network: TextNetwork
    name: str
    encoding: SentenceEncoding
    classes: tuple[str, ...]
    notes: tuple[str, ...] = ()
    """What whoever looks should know, a sentence each."""
    facts: dict[str, str] = field(default_factory=dict)
    """What it is: a name and a value each."""
    temperature: float = 1.0
    """What logits are divided by for a probability: the bundle's."""
    classifier: Classifier = "softmax"
    thresholds: tuple[float, ...] = ()
    """Where each class is a label: from which probability on each is named."""


@dataclass(frozen=True)
class Reading:
    """A sentence, and what a network answers to it."""

    reader: ReadingNetwork
    text: str
    ids: Tensor
    """(1, length) int64."""
    shown: ShownSentence
    """Its words as a person reads them, with the places of their ids."""
    target: int
    """The class that is asked about."""
    probabilities: tuple[float, ...]
    notes: tuple[str, ...]
    """What is to be known of this sentence."""

    @property
    def target_name(self) -> str:
        """The name of the class that is asked about."""
        return self.reader.classes[self.target]

    @property
    def named(self) -> tuple[str, ...] | None:
        """The labels that reach their thresholds; None where one class is answered."""
        return named_labels(self.reader.classes, self.probabilities, self.reader.thresholds)

    def top(self, count: int) -> list[tuple[str, float]]:
        """The most probable classes."""
        order = sorted(range(len(self.probabilities)), key=lambda place: -self.probabilities[place])
        return [(self.reader.classes[place], self.probabilities[place]) for place in order[:count]]


def reading_network(place: ModelName, bundle: Bundle) -> ReadingNetwork:
    """The network of a bundle for sentences.

    Raises:
        BundleError: The bundle is damaged.
    """
    contract, encoding = bundle.contract, bundle.contract.preprocessing
    network = build_network(bundle)
    if not isinstance(network, TextNetwork) or not isinstance(encoding, SentenceEncoding):
        raise UsageError(f"{title_of(place, bundle)} is not for sentences")
    if len(contract.outputs) < len(contract.classes):
        answer_for_both(network)
    several = contract.asked.several
    return ReadingNetwork(
        network,
        title_of(place, bundle),
        encoding,
        contract.classes,
        notes=(SEVERAL,) if several else (),
        facts={
            "network": contract.architecture.title,
            "weights": f"of the bundle {Path(place).resolve().name}",
            "sentences": f"{len(encoding.words):,} words are known; the first {encoding.length} of a sentence are seen",
        },
        temperature=contract.temperature,
        classifier="sigmoid" if several else "softmax",
        thresholds=thresholds_of(contract),
    )


def read_sentence(reader: ReadingNetwork, text: str | bytes, *, target: int | str | None = None) -> Reading:
    """Gives a sentence to a network.

    Raises:
        ItemError: It is no text, or there is no word in it.
        UsageError: There is no such class.
    """
    said = sentence_of(text)
    wanted = class_named(reader.classes, target)
    ids = torch.from_numpy(reader.encoding.ready(reader.encoding.encode(said)[None]))
    with held_still(reader.network), torch.no_grad():
        answer = logits(reader.network, ids)
    if not torch.isfinite(answer).all():
        raise UsageError(f"{reader.name} answers numbers that are not finite; its weights are wrong")
    return Reading(
        reader,
        said,
        ids,
        shown_sentence(reader.encoding, said),
        int(answer.argmax()) if wanted is None else wanted,
        tuple(as_probabilities(answer.double(), reader.temperature, reader.classifier)[0].tolist()),
        _notes(reader.encoding.all_ids(said), reader.encoding),
    )


def _notes(ids: Sequence[int], encoding: SentenceEncoding) -> tuple[str, ...]:
    notes = []
    unknown = ids.count(UNKNOWN)
    if unknown:
        notes.append(
            f"{unknown} of {len(ids)} words are not in the vocabulary, and are all read as the one that stands for such"
        )
    if len(ids) > encoding.length:
        notes.append(f"the network sees the first {encoding.length} of {len(ids)} words")
    return tuple(notes)
