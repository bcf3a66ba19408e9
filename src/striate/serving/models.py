"""The models of a server: names, the bundles behind them, and new bundles that take the place of those that are served."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from striate.bundle.folder import CONTRACT, find_bundle
from striate.errors import StriateError, UsageError, closest
from striate.folder_exchange import Identity, identity_of
from striate.runtime import load_classifier
from striate.serving.limits import ServingLimits
from striate.serving.metrics import ServingMetrics
from striate.serving.named_bundles import NamedBundle
from striate.serving.problems import ProblemError
from striate.serving.served_bundle import ServedBundle

Told = Callable[[Mapping[str, Any]], None]
"""Hears what happens, as a line of the log."""


@dataclass(eq=False)
class _Place:
    """A place that is looked at again and again, and what of it is served."""

    path: Path
    bundle: ServedBundle
    seen: Identity | None
    """Of what was there when it was last opened, or refused."""
    refusal: str = ""
    """Why what is there now is not served."""


@dataclass(eq=False)
class _Use:
    """How many requests have a bundle in hand."""

    requests: int = 0
    retired: bool = False


@dataclass(eq=False)
class Models:
    """All models of a server.

    Args:
        named: Names and places.
        limits: The server's.
        metrics: Hear what is done.
        precision: As `striate.load` takes it.
        told: Hears what is loaded and refused.

    Raises:
        BundleError: If a bundle was changed, or does not do what its contract says.
    """

    named: Iterable[NamedBundle]
    limits: ServingLimits
    metrics: ServingMetrics
    precision: str = "auto"
    told: Told = lambda event: None
    _places: dict[str, list[_Place]] = field(default_factory=dict, init=False)
    _uses: dict[ServedBundle, _Use] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        for one in self.named:
            seen = identity_of(find_bundle(one.path) / CONTRACT)
            bundle = self._opened(one.name, one.path)
            self._places.setdefault(one.name, []).append(_Place(one.path, bundle, seen))

    @property
    def names(self) -> tuple[str, ...]:
        """Of all models, in their order."""
        return tuple(self._places)

    def all(self) -> list[ServedBundle]:
        """Everything that is served."""
        return [bundle for name in self._places for bundle in self.versions(name)]

    def versions(self, name: str) -> list[ServedBundle]:
        """Those of a model that are served, the one that answers unasked first.

        Raises:
            ProblemError: 404 if there is no such model.
        """
        if name not in self._places:
            close = closest(name, self._places)
            offered = f"; did you mean {close[0]!r}?" if close else f"; there is {', '.join(map(repr, self._places))}"
            raise ProblemError(404, f"there is no model {name!r}{offered}")
        with self._lock:
            return [place.bundle for place in reversed(self._places[name])]

    def find(self, name: str | None, version: str | None = None) -> ServedBundle:
        """The bundle that is asked for.

        Args:
            name: None: the only model.
            version: None: the newest.

        Raises:
            ProblemError: 404 if there is none, 400 if several might be meant.
        """
        if not self._places:
            raise ProblemError(404, "there is no model here: it was started without a run or bundle")
        if name is None:
            if len(self._places) > 1:
                raise ProblemError(
                    400, f"which model? name one of {', '.join(map(repr, self._places))}: ?model={self.names[0]}"
                )
            name = self.names[0]
        versions = self.versions(name)
        if version is None:
            return versions[0]
        for bundle in versions:
            if bundle.version == version:
                return bundle
        served = ", ".join(repr(bundle.version) for bundle in versions)
        raise ProblemError(404, f"model {name!r} has no version {version!r}; there is {served}")

    def refusals(self, name: str) -> list[str]:
        """Why bundles that took the place of served ones are not served."""
        return [place.refusal for place in self._places[name] if place.refusal]

    @contextmanager
    def using(self, bundle: ServedBundle) -> Iterator[ServedBundle]:
        """While it lasts the bundle answers, also when another has taken its place."""
        with self._lock:
            if bundle not in self._uses:  # it was retired after it was found
                bundle = self._places[bundle.name][-1].bundle
            self._uses[bundle].requests += 1
        try:
            yield bundle
        finally:
            with self._lock:
                use = self._uses[bundle]
                use.requests -= 1
                ended = self._ended(bundle, use)
            if ended:
                bundle.close()

    @property
    def in_use(self) -> int:
        """Requests that are being answered."""
        with self._lock:
            return sum(use.requests for use in self._uses.values())

    def look_again(self) -> None:
        """Opens what took the place of a served bundle since; where it does not do what its contract says, the old one stays."""
        for name, places in self._places.items():
            for place in places:
                found = _identity(place.path)
                if found is not None and found != place.seen:
                    place.seen = found
                    self._take(name, place)

    def close(self) -> None:
        """Answers what waits, and ends."""
        for places in self._places.values():
            for place in places:
                place.bundle.close()

    def _opened(self, name: str, path: Path) -> ServedBundle:
        bundle = ServedBundle(name, load_classifier(path, precision=self.precision), self.limits, self.metrics)
        with self._lock:
            self._uses[bundle] = _Use()
        self.metrics.version.labels(name, bundle.version).set(1)
        return bundle

    def _take(self, name: str, place: _Place) -> None:
        figures = self.metrics.of_model(name)
        try:
            new = self._opened(name, place.path)
        except (StriateError, OSError) as error:
            place.refusal = str(error)
            figures.refused.inc()
            self.told({"event": "refused", "model": name, "version": place.bundle.version, "reason": place.refusal})
            return
        with self._lock:
            old, place.bundle, place.refusal = place.bundle, new, ""
            self._uses[old].retired = True
            ended = self._ended(old, self._uses[old])
        if ended:
            old.close()
        if all(bundle.version != old.version for bundle in self.versions(name)):
            self.metrics.version.remove(name, old.version)
        figures.taken.inc()
        self.told({"event": "taken", "model": name, "version": new.version, "before": old.version})

    def _ended(self, bundle: ServedBundle, use: _Use) -> bool:
        """Whether nobody has a bundle in hand that another has replaced; it is forgotten then."""
        if use.retired and not use.requests:
            del self._uses[bundle]
            return True
        return False


def _identity(path: Path) -> Identity | None:
    """What is at a place now; None while there is nothing."""
    try:
        return identity_of(find_bundle(path) / CONTRACT)
    except (UsageError, OSError):
        return None
