"""The ways to measure an arm, a row each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from striate.errors import StriateError, UnknownNameError, UsageError
from striate.reproductions import counting, learning, noise_through_pooling, reading, transferring
from striate.reproductions.experiment import Arm, Experiment, Pictures
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
    check: Callable[[Experiment, Arm], None]
    """Refuses an arm that could not be measured, before anything is."""


def _check_learner(experiment: Experiment, arm: Arm) -> None:
    """What all arms need whose network learns."""
    check_network(arm)
    learning.recipe_of(experiment.recipe, arm.recipe, epochs=1, seed=0)
    source = arm.data or experiment.data
    if source not in SOURCES:
        raise UnknownNameError("data", source, SOURCES)


def _check_learning(experiment: Experiment, arm: Arm) -> None:
    learning.read_tests(experiment.tests)
    _check_learner(experiment, arm)
    read_dataclass(Pictures, arm.options, "options.", what="experiment")


def _check_counting(experiment: Experiment, arm: Arm) -> None:
    check_network(arm)
    if not arm.model:
        raise UsageError("what is counted is a row of the catalogue, got layers")


def _check_transferring(experiment: Experiment, arm: Arm) -> None:
    _check_learner(experiment, arm)
    transferring.read_options(arm)


def _check_noise(experiment: Experiment, arm: Arm) -> None:
    if noise_through_pooling.read_options(arm).of == "maps":
        _check_learner(experiment, arm)


def _check_reading(experiment: Experiment, arm: Arm) -> None:
    _check_learner(experiment, arm)
    reading.check_arm(arm)


METHODS = MappingProxyType(
    {
        "learn": Method(
            "networks learn from pictures and are asked others",
            learning.learn,
            lambda experiment: learning.measures(experiment.tests),
            _check_learning,
        ),
        "count": Method("networks are counted", counting.count, lambda experiment: counting.MEASURES, _check_counting),
        "transfer": Method(
            "networks with trained weights learn other pictures, as much of them as each arm says",
            transferring.transfer,
            lambda experiment: transferring.MEASURES,
            _check_transferring,
        ),
        "noise": Method(
            "noise and contrast are measured before and behind a pooling",
            noise_through_pooling.pool_noise,
            lambda experiment: noise_through_pooling.MEASURES,
            _check_noise,
        ),
        "read": Method(
            "networks learn from sentences and are asked others",
            reading.read,
            lambda experiment: reading.MEASURES,
            _check_reading,
        ),
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
        for name, arm in experiment.arms.items():
            _check_arm(method, experiment, name, arm)
    except StriateError as error:
        raise UsageError(f"the experiment {experiment.name!r} cannot be used: {error}") from error
    return method


def _check_arm(method: Method, experiment: Experiment, name: str, arm: Arm) -> None:
    try:
        method.check(experiment, arm)
    except StriateError as error:
        raise UsageError(f"arms.{name}: {error}") from error
