"""Deciding how a run on sentences goes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import torch

from striate.deciding.kind_deciding import KindDeciding
from striate.deciding.run_plan import RunSettings
from striate.encodings import Encoding
from striate.errors import UsageError
from striate.models import Network, TextNetwork
from striate.text import SentenceEncoding
from striate.text.sentences import Tally
from striate.text.vectors import WordVectors, read_vectors
from striate.training import Decision


def fill_vectors(network: Network, path: Path, sentences: SentenceEncoding) -> WordVectors:
    """Puts what a file has of a vocabulary into a network's tables, and answers what that is.

    Raises:
        UsageError: It cannot be read, or its vectors have another width.
    """
    if not isinstance(network, TextNetwork):
        raise UsageError(f"{type(network).__name__} has no vectors of words")
    found = read_vectors(path, sentences.ids, width=network.word_tables[0].weight.shape[1])
    network.set_vectors(torch.from_numpy(found.rows), torch.from_numpy(found.vectors))
    return found


class TextDeciding(KindDeciding):
    """A run on sentences while it is decided. The vocabulary comes before the network, whose table has a row for each word."""

    kind: ClassVar[str] = SentenceEncoding.kind
    default_model: ClassVar[str] = "textcnn_rand"
    default_model_why: ClassVar[str] = "Kim's convolutional network, for sentences"
    recipe_name: ClassVar[str] = "text"
    recipe_why: ClassVar[str] = "Kim's Adadelta, from random weights"

    sentences: SentenceEncoding
    """Known after `choose_input`."""
    vectors_sha256: str = ""
    """Of the file of vectors, if there is one."""

    @property
    def encoding(self) -> Encoding:
        """The vocabulary, and how long sentences are."""
        return self.sentences

    def choose_input(self, *, colours: bool = True) -> None:
        """Makes the vocabulary of the training sentences, and says what of the others it does not know."""
        dataset = self.dataset
        read = dataset.pictures.read
        self.sentences = SentenceEncoding.of(bytes(read(int(row))).decode() for row in dataset.indices("train"))
        longest = int(dataset.checked_facts.widths[dataset.indices("train")].max())
        length, words = self.sentences.length, len(self.sentences.words)
        why = (
            "all words of the training sentences" if words < 50_000 else "the commonest words of the training sentences"
        )
        self.decisions.append(
            Decision("vocabulary", f"{words:,} words", f"{why}, by version {self.sentences.rule} of the rule")
        )
        of_all = (
            "as the longest training sentence has"
            if longest <= length
            else f"of up to {longest:,}; what is longer is cut there"
        )
        self.decisions.append(Decision("length", f"{length} words", of_all))
        for name, said in (("train", "training"), ("val", "validation"), ("test", "test")):
            tally = Tally(self.sentences)
            for row in dataset.indices(name):
                tally.add(read(int(row)))
            for remark in tally.remarks():
                self.watcher.note(f"of the {said} sentences: {remark}")

    def choose_network(self, defaults: Mapping[str, Any] | None = None) -> None:
        """Chooses the network and its recipe, and builds it with its initial weights or the file's vectors."""
        super().choose_network(defaults)
        self._take_vectors()

    def _take_vectors(self) -> None:
        """Puts the file's vectors into the network's tables, if there is one.

        Raises:
            UsageError: The row wants a file and there is none, or draws its vectors and there is one.
        """
        path, given = self.request.vectors, getattr(self.row.config, "given", None)
        if given and path is None:
            raise UsageError(
                f"{self.row.name} begins with vectors of words: give a word2vec or GloVe file by --vectors, or take {self.default_model}"
            )
        if path is None:
            return
        if given is False:
            raise UsageError(
                f"{self.row.name} draws its vectors; with --vectors take textcnn_nonstatic, whose vectors learn on"
            )
        found = fill_vectors(self.network, Path(path), self.sentences)
        self.vectors_sha256 = found.sha256
        words = len(self.sentences.words)
        value = f"of {len(found.rows):,} of {words:,} words"
        self.decisions.append(Decision("vectors", value, f"what {Path(path).name} has; the others are drawn"))

    def _settings(self) -> RunSettings:
        path = self.request.vectors
        place = "" if path is None else str(Path(path).absolute())
        return dataclasses.replace(super()._settings(), vectors=place, vectors_sha256=self.vectors_sha256)
