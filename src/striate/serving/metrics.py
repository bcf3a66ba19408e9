"""What a server counts and measures, as Prometheus reads it."""

from __future__ import annotations

from collections import Counter as Tally
from collections import deque
from collections.abc import Iterable, Sequence
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from striate.errors import ItemError

if TYPE_CHECKING:
    from striate.serving.item_answer import Answer

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
ITEMS = (1, 2, 4, 8, 16, 32, 64)

SPARSE = 8
"""Of so many rows and columns of pixels one is measured: a mean over all of them would take as long as a small network."""

WINDOW = 1000
"""The newest items, of which the figures are that show drift."""


class ServingMetrics:
    """All figures of one server."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.requests = Counter(
            "striate_requests", "Requests, by route and status.", ["route", "status"], registry=registry
        )
        self.request_seconds = Histogram(
            "striate_request_seconds", "From header to answer.", ["route"], buckets=SECONDS, registry=registry
        )
        self.items = Counter(
            "striate_items",
            "What was given to a model, by outcome: answered, abstained, unreadable.",
            ["model", "outcome"],
            registry=registry,
        )
        self.waiting = Gauge("striate_waiting_items", "What waits for the engine.", ["model"], registry=registry)
        self.waiting_seconds = Histogram(
            "striate_waiting_seconds",
            "Of the longest waiting of a batch, before it was begun.",
            ["model"],
            buckets=SECONDS,
            registry=registry,
        )
        self.batch_seconds = Histogram(
            "striate_batch_seconds", "Decoding and inference of a batch.", ["model"], buckets=SECONDS, registry=registry
        )
        self.batch_items = Histogram(
            "striate_batch_items", "Computed together.", ["model"], buckets=ITEMS, registry=registry
        )
        self.reloads = Counter(
            "striate_reloads",
            "New bundles in the place of one that is served: taken, refused.",
            ["model", "outcome"],
            registry=registry,
        )
        self.version = Gauge(
            "striate_model_version", "1 for each version that is served.", ["model", "version"], registry=registry
        )
        self.brightness = Gauge(
            "striate_mean_brightness",
            f"Mean of the prepared pixels, 0 to 255, of the newest {WINDOW} pictures.",
            ["model"],
            registry=registry,
        )
        self.top_share = Gauge(
            "striate_top_class_share",
            f"Share of the most frequent answer among the newest {WINDOW}, 0 to 1.",
            ["model"],
            registry=registry,
        )
        self._models: dict[str, ModelMetrics] = {}

    def of_model(self, name: str) -> ModelMetrics:
        """Those of a model, which stay when a new version takes its place."""
        if name not in self._models:
            self._models[name] = ModelMetrics(self, name)
        return self._models[name]

    def text(self) -> bytes:
        """In the text format of Prometheus, version 0.0.4."""
        for model in self._models.values():
            model.settle()
        return generate_latest(self.registry)


class ModelMetrics:
    """The figures of one model."""

    def __init__(self, metrics: ServingMetrics, name: str) -> None:
        self._lock = Lock()
        self._brightness: deque[float] = deque(maxlen=WINDOW)
        self._labels: deque[str] = deque(maxlen=WINDOW)
        self._outcomes = {
            outcome: metrics.items.labels(name, outcome) for outcome in ("answered", "abstained", "unreadable")
        }
        self._waiting_seconds = metrics.waiting_seconds.labels(name)
        self._batch_seconds = metrics.batch_seconds.labels(name)
        self._batch_items = metrics.batch_items.labels(name)
        self._mean_brightness = metrics.brightness.labels(name)
        self._top_share = metrics.top_share.labels(name)
        self.taken = metrics.reloads.labels(name, "taken")
        self.refused = metrics.reloads.labels(name, "refused")
        self.waiting = metrics.waiting.labels(name)

    def worked(self, waited: float, worked: float, items: int) -> None:
        """A batch was computed."""
        self._waiting_seconds.observe(waited)
        self._batch_seconds.observe(worked)
        self._batch_items.observe(items)

    def answered(self, answers: Sequence[Answer], encoded: Iterable[npt.NDArray[np.generic]]) -> None:
        """Items were answered; of those that were given as bytes, `encoded` has the prepared pixels, if they are pixels."""
        unreadable = sum(isinstance(answer, ItemError) for answer in answers)
        predictions = [answer.prediction for answer in answers if not isinstance(answer, ItemError)]
        abstained = sum(answer.abstained for answer in answers if not isinstance(answer, ItemError))
        for outcome, count in (
            ("unreadable", unreadable),
            ("abstained", abstained),
            ("answered", len(predictions) - abstained),
        ):
            if count:
                self._outcomes[outcome].inc(count)
        with self._lock:
            self._labels.extend(row.label or "" for row in predictions)
            self._brightness.extend(
                float(pixels[::SPARSE, ::SPARSE].mean()) for pixels in encoded if pixels.dtype == np.uint8
            )

    def settle(self) -> None:
        """Brings those up to date that are computed only when they are asked for."""
        with self._lock:
            labels, brightness = list(self._labels), list(self._brightness)
        if labels:
            self._top_share.set(Tally(labels).most_common(1)[0][1] / len(labels))
        if brightness:
            self._mean_brightness.set(sum(brightness) / len(brightness))
