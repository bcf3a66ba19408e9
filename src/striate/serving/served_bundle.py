"""A sealed bundle at work in a server: its classifier, its waiting room, and what it answers to an item."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from striate.errors import ItemError
from striate.hardware import available_processors
from striate.runtime import Classifier, OpenVINOEngine
from striate.runtime.prepared_input import prepared_engine
from striate.serving.item_answer import Answer, ItemAnswer
from striate.serving.limits import ServingLimits
from striate.serving.metrics import ServingMetrics
from striate.serving.model_signature import signature_of
from striate.serving.waiting_room import WaitingRoom

VERSION_DIGITS = 12
"""Of the contract's digest, which tell a version from any other."""

Arrays = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]


Form = Literal["given", "encoded", "ready"]


@dataclass(frozen=True, eq=False)
class Item:
    """Something to be answered."""

    name: str
    """What errors and rows call it."""
    value: Any
    """A file's bytes, a text, or pixels (H, W, C) uint8, of any size, unless `form` says otherwise."""
    form: Form = "given"
    """Whether it was encoded already, as the bundle's encoding does it, or made ready for the network."""
    top: int = 1
    """How many classes its row names at most."""


class ServedBundle:
    """One version of a model: what is sealed in one bundle, until the server has done with it.

    Args:
        name: The model's.
        classifier: Opened and checked.
        limits: The server's.
        metrics: Hear what is done.
    """

    def __init__(self, name: str, classifier: Classifier, limits: ServingLimits, metrics: ServingMetrics) -> None:
        self.name = name
        self.classifier = classifier
        self.version = classifier.bundle.digest[:VERSION_DIGITS]
        self.signature = signature_of(classifier)
        self._limits = limits
        self._metrics = metrics.of_model(name)
        self._opening = Lock()
        self._prepared: OpenVINOEngine | None = None
        engine = classifier.engine
        self.room: WaitingRoom[Item, Answer] = WaitingRoom(
            self._work,
            # Where pictures go one at a time, one more than the engine takes: it decodes while the others wait for their answers.
            # Of small ones a further thread would make the batches smaller, and cost more than it saves.
            threads=max(engine.requests, available_processors()) + (engine.batch == 1),
            batch=engine.batch,
            limit=limits.waiting,
            observe=self._metrics.worked,
            name=f"striate-{name}",
        )

    @property
    def place(self) -> Path:
        """The bundle's folder."""
        return self.classifier.bundle.folder

    def close(self) -> None:
        """Answers what waits, and ends."""
        self.room.close()

    def infer_ready(self, ready: npt.NDArray[np.float32]) -> Arrays:
        """Logits and features of (n, C, H, W) float32; what runs it is opened, and held to the canaries, when it is first asked."""
        with self._opening:
            if self._prepared is None:
                self._prepared = prepared_engine(self.classifier.bundle, self.classifier.engine.precision)
        return self._prepared.infer(ready)

    def _work(self, items: Sequence[Item]) -> list[Answer]:
        encoding = self.classifier.contract.preprocessing
        answers: dict[int, Answer] = {}
        encoded: dict[int, npt.NDArray[Any]] = {}
        ready: dict[int, npt.NDArray[Any]] = {}
        for place, item in enumerate(items):
            if item.form != "given":
                (ready if item.form == "ready" else encoded)[place] = item.value
                continue
            try:
                encoded[place] = encoding.encode(item.value, name=item.name, limit=self._limits.pixels)
            except ItemError as error:
                # Its traceback holds this function's variables, and they it: with all that was decoded, until garbage is searched for.
                answers[place] = error.with_traceback(None)
        answers |= self._answered(items, encoded, self.classifier.answers_to_pixels)
        answers |= self._answered(items, ready, self.infer_ready)
        in_order = [answers[place] for place in range(len(items))]
        self._metrics.answered(in_order, encoded.values())
        return in_order

    def _answered(
        self,
        items: Sequence[Item],
        given: Mapping[int, npt.NDArray[Any]],
        infer: Callable[[npt.NDArray[Any]], Arrays],
    ) -> dict[int, ItemAnswer]:
        """What is said of some of the items, by their places."""
        if not given:
            return {}
        logits, features = infer(np.stack(list(given.values())))
        probabilities = self.classifier.probabilities(logits)
        asked = [items[place] for place in given]
        names, most = [item.name for item in asked], max(item.top for item in asked)
        rows = self.classifier.rows(names, logits, features, top=most, probabilities=probabilities)
        cut = [
            row if len(row.top) <= item.top else replace(row, top=row.top[: item.top])
            for row, item in zip(rows, asked, strict=True)
        ]
        told = zip(cut, probabilities, logits, features, strict=True)
        return {place: ItemAnswer(*one) for place, one in zip(given, told, strict=True)}
