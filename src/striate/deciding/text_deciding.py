"""Deciding how a run on sentences goes: fewer questions than pictures ask."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from striate.choosing import evenly
from striate.data import Dataset, load_data
from striate.data.facts import DataFacts
from striate.data.preparation import prepare_data
from striate.deciding.deciding import Decided, Deciding
from striate.deciding.run_plan import RunSettings
from striate.deciding.time_fit import LARGEST_RESERVE, LEAST_RESERVE, RESERVE_OF_A_PICTURE, TimedRun, decide_steps
from striate.deciding.training_request import AUTO, TrainingRequest
from striate.encodings import Encoding
from striate.errors import UsageError
from striate.models import Network, TextNetwork, create_model, model_row
from striate.text import SentenceEncoding
from striate.text.sentences import Tally
from striate.text.vectors import WordVectors, read_vectors
from striate.training import Decision, Recipe, TimePlan, choose_precision, merge, time_step
from striate.training.batches import batch_sizes
from striate.training.defaults import describe_steps, read_shipped_recipe
from striate.training.objectives import OBJECTIVES
from striate.watching import Watcher

MODEL = "textcnn_rand"

OF_PICTURES = ("weights", "mean", "std", "augment", "size", "metric")
"""What can be said of a run on pictures alone."""


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


def decide_text(request: TrainingRequest, *, watcher: Watcher, begun: float) -> Decided:
    """Reads sentences, and decides everything that was not said.

    Args:
        request: What was said.
        watcher: Hears how it goes, and every decision.
        begun: `time.monotonic()` at which the time limit began.

    Raises:
        UsageError: If something that was asked for makes no sense.
        DataError: If the data cannot be used.
    """
    deciding = TextDeciding(request, watcher, begun=begun)
    deciding.check_request()
    deciding.read_data()
    deciding.choose_input()
    deciding.choose_network()
    deciding.to_device()
    deciding.choose_precision()
    deciding.fit_time()
    return deciding.plan()


class TextDeciding(Deciding):
    """A run on sentences while it is decided. The vocabulary comes before the network, whose table has a row for each word."""

    sentences: SentenceEncoding
    """Known after `choose_input`."""
    vectors_sha256: str = ""
    """Of the file of vectors, if there is one."""

    @property
    def encoding(self) -> Encoding:
        """The vocabulary, and how long sentences are."""
        return self.sentences

    def check_request(self) -> None:
        """Refuses what cannot be done with any sentences."""
        request = self.request
        self.refuse_other_kind(SentenceEncoding.kind)
        given = [name for name in OF_PICTURES if getattr(request, name) is not None]
        if request.transfer not in (None, AUTO, "scratch"):
            given.append("transfer")
        if given:
            verb = "is" if len(given) == 1 else "are"
            raise UsageError(
                f"{' and '.join(f'--{name}' for name in given)} {verb} for pictures; sentences are trained on without"
            )
        if request.batch_size == AUTO:
            raise UsageError("--batch-size auto times pictures; for sentences give a number, or leave it out")
        data = request.data
        self.data = data if isinstance(data, Dataset) else load_data(data, root=request.root)

    def read_data(self, *, most: int | None = None) -> None:
        """Checks and splits the sentences."""
        self.dataset = prepare_data(self.data, seed=self.asked["seed"], root=None, watcher=self.watcher)
        self.facts = DataFacts(len(self.dataset.indices("train")), len(self.dataset.classes), 0, False)

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
        """Chooses the network and its recipe, and builds it with its initial weights."""
        if "model" not in self.asked:
            self.asked["model"] = MODEL
            self.decisions.append(Decision("model", MODEL, "Kim's convolutional network, for sentences"))
        self.row = model_row(self.asked["model"])
        self._choose_recipe(defaults or {})
        self.network = create_model(
            self.row.name,
            num_classes=self.dataset.task.width(self.dataset.classes),
            in_channels=self.sentences.channels,
            init=self.recipe.initialization,
            seed=self.recipe.seed,
        )
        self._take_vectors()

    def _take_vectors(self) -> None:
        """Puts the file's vectors into the network's tables, if there is one.

        Raises:
            UsageError: The row wants a file and there is none, or draws its vectors and there is one.
        """
        path, given = self.request.vectors, getattr(self.row.config, "given", None)
        if given and path is None:
            raise UsageError(
                f"{self.row.name} begins with vectors of words: give a word2vec or GloVe file by --vectors, or take {MODEL}"
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

    def _choose_recipe(self, defaults: Mapping[str, Any]) -> None:
        count = self.facts.training_pictures
        table = read_shipped_recipe("text")
        views, fewest, most = table.pop("epochs_from")["views_fewest_most"]
        epochs = min(most, max(fewest, round(views / count)))
        table.setdefault("schedule", {})["epochs"] = epochs
        self.decisions.append(Decision("recipe", "text", "Kim's Adadelta, from random weights"))
        why = f"the recipe wants about {views:,} looks, in {fewest} to {most} epochs"
        self.decisions.append(Decision("epochs", str(epochs), why))
        size = int(table["batch_size"])
        while size > 8 and count < 8 * size:
            size //= 2
        if size != table["batch_size"]:
            table["batch_size"] = size
            self.decisions.append(
                Decision("batch size", str(size), describe_steps(count, size).replace("pictures", "sentences"))
            )
        self.recipe = Recipe.from_dict(merge(table, defaults, self.asked))

    def _probe(self) -> torch.Tensor:
        """Training sentences to time a step with."""
        rows = self.dataset.indices("train")
        rows = rows[evenly(len(rows), self.recipe.batch_size)]
        encoded = [self.sentences.encode(self.dataset.pictures.read(int(row))) for row in rows]
        ids = torch.stack([torch.from_numpy(row) for row in encoded]).to(torch.int64)
        return ids.to(self.device)

    def choose_precision(self) -> None:
        """Takes the faster of the number formats, where none was asked for."""
        if "precision" in self.asked:
            return
        precision, why = choose_precision(self.network, self._probe(), OBJECTIVES[self.recipe.task].probe)
        self.recipe = dataclasses.replace(self.recipe, precision=precision)
        self.decisions.append(Decision("precision", precision, why))

    def fit_time(self) -> None:
        """Measures how many steps fit the time limit, if there is one.

        Raises:
            UsageError: If not a single one fits.
        """
        if self.limit is None:
            return
        ids, deadline = self._probe(), self.begun + self.limit
        seconds = time_step(self.network, ids, OBJECTIVES[self.recipe.task].probe, self.recipe.precision, steps=2)
        counts = {name: len(self.dataset.indices(name)) for name in ("train", "val", "test")}
        forward = seconds / len(ids) / 3
        reserve = (
            LEAST_RESERVE + 1.5 * forward * (counts["val"] + counts["test"]) + RESERVE_OF_A_PICTURE * len(self.dataset)
        )
        left = max(0.0, deadline - time.monotonic())
        plan = TimePlan(
            deadline,
            reserve=min(reserve, LARGEST_RESERVE * left),
            step_seconds=seconds,
            validation_seconds=forward * (counts["val"] or counts["test"]),
        )
        per_epoch = len(batch_sizes(counts["train"], self.recipe.batch_size))
        steps = plan.steps_left(steps_per_epoch=per_epoch, batch=0)
        if steps < 1:
            raise UsageError(
                f"the time limit leaves no time to train after {plan.reserve:.0f} s for sealing and evaluating; give more time"
            )
        decision = decide_steps(steps, self.recipe.schedule.epochs * per_epoch, per_epoch, seconds)
        self.timed = TimedRun(plan, None, steps, [decision])
        self.decisions.append(decision)
