"""The ways to measure an arm, a row each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from striate.errors import StriateError, UnknownNameError, UsageError
from striate.reproductions import counting, learning
from striate.reproductions.experiment import Experiment, Pictures
from striate.reproductions.networks import check_network
from striate.reproductions.sources import SOURCES
from striate.reproductions.work import Measured, Work
from striate.table_reading import read_dataclass


@dataclass(frozen=True)
class Method:
    """A way to measure an arm."""

    says: str
    measure: Callable[[Work], Measured]
    measures: Callable[[Experiment], frozenset[str]]
    """The names of what it measures."""
    check: Callable[[Experiment], None]
    """Refuses what could not be measured, before anything is."""


def _check_learning(experiment: Experiment) -> None:
    learning.read_tests(experiment.tests)
    for name, arm in experiment.arms.items():
        _named(name, lambda arm=arm: check_network(arm))  # type: ignore[misc]
        read_dataclass(Pictures, arm.options, f"arms.{name}.options.", what="experiment")
        learning.recipe_of(experiment.recipe, arm.recipe, epochs=1, seed=0)
        source = arm.data or experiment.data
        if source not in SOURCES:
            raise UnknownNameError("data", source, SOURCES)


def _check_counting(experiment: Experiment) -> None:
    for name, arm in experiment.arms.items():
        _named(name, lambda arm=arm: check_network(arm))  # type: ignore[misc]
        if not arm.model:
            raise UsageError(f"arms.{name}: what is counted is a row of the catalogue, got layers")


def _named(name: str, check: Callable[[], None]) -> None:
    try:
        check()
    except StriateError as error:
        raise UsageError(f"arms.{name}: {error}") from error


METHODS = MappingProxyType(
    {
        "learn": Method(
            "networks learn from pictures and are asked others",
            learning.learn,
            lambda experiment: learning.measures(experiment.tests),
            _check_learning,
        ),
        "count": Method("networks are counted", counting.count, lambda experiment: counting.MEASURES, _check_counting),
    }
)
"""By name."""


def check_experiment(experiment: Experiment) -> Method:
    """The experiment's method, once it is known that it can measure what is asked.

    Raises:
        UsageError: There is no such method, it measures nothing of a name, or an arm makes no sense.
    """
    if experiment.method not in METHODS:
        raise UnknownNameError("method", experiment.method, METHODS)
    method = METHODS[experiment.method]
    known = method.measures(experiment)
    asked = [
        *experiment.shown,
        *(rule.measure for rule in experiment.rules),
        *(row.measure for row in experiment.published),
    ]
    try:
        for name in asked:
            if name not in known:
                raise UnknownNameError(f"measure of the method {experiment.method}", name, sorted(known))
        method.check(experiment)
    except StriateError as error:
        raise UsageError(f"the experiment {experiment.name!r} cannot be used: {error}") from error
    return method
