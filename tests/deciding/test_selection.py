"""The rule by which a candidate takes the place, case by case, and what it loses beside stricter ones, by simulation."""

from statistics import NormalDist

import numpy as np
import pytest

from striate.deciding.selection import CHANCE, UNNOTICED, Contender, choose
from striate.errors import UnknownNameError
from striate.evaluation.paired import mcnemar_p_value

COUNT = 100
GIGA = 10**9
LABELS = np.array([0, 1] * (COUNT // 2))


def contender(right, multiply_adds=GIGA):
    """One that is right on so many of the first pictures, and wrong on the others; or on those that an array says."""
    of_each = np.arange(COUNT) < right if isinstance(right, int) else right
    return Contender(np.eye(2)[np.where(of_each, LABELS, 1 - LABELS)] * 0.8 + 0.1, multiply_adds)


@pytest.mark.parametrize(
    ("right", "cost", "takes", "why"),
    [
        (81, GIGA, True, "1 picture won, 0 lost"),
        (81, 2 * GIGA, True, "1 picture won, 0 lost"),
        (82, 2 * GIGA + 1, False, "2 pictures won, 0 lost, at 2.0 times the multiply-adds, which chance may have done"),
        (83, 30 * GIGA, True, "3 pictures won, 0 lost, at 30 times the multiply-adds"),  # p = 0.25
        (80, GIGA // 2, True, "0 pictures won, 0 lost, at 1/2 of the multiply-adds"),
        (80, GIGA // 2 + 1, False, "0 pictures won, 0 lost"),
        (79, GIGA // 1000, False, "0 pictures won, 1 lost, at 1/1,000 of the multiply-adds"),
    ],
)
def test_the_rule(right, cost, takes, why):
    found = choose(contender(right, cost), contender(80), LABELS)
    assert (found.takes, found.why) == (takes, why)


def test_what_nobody_waits_for_is_no_dearer():
    for cost, takes in ((UNNOTICED, True), (2 * UNNOTICED, True), (2 * UNNOTICED + 1, False)):
        found = choose(contender(81, cost), contender(80, 1000), LABELS)
        assert found.takes == takes
    assert found.why == "1 picture won, 0 lost, at 20,000 times the multiply-adds, which chance may have done"
    found = choose(contender(80, 1), contender(80, UNNOTICED), LABELS)
    assert not found.takes and found.why == "0 pictures won, 0 lost"  # nothing is gained by it


def test_a_dearer_one_that_wins_and_loses_needs_more():
    incumbent = contender(80)
    right = np.arange(COUNT) < 80
    right[80:84], right[:2] = True, False
    found = choose(contender(right, 5 * GIGA), incumbent, LABELS)
    assert found.comparison.p_value == mcnemar_p_value(4, 2) > CHANCE and not found.takes
    right[84:88] = True
    found = choose(contender(right, 5 * GIGA), incumbent, LABELS)
    assert found.comparison.p_value == mcnemar_p_value(8, 2) < CHANCE and found.takes


def test_by_another_metric():
    labels = np.array([0] * 90 + [1] * 10)
    always = Contender(np.tile([0.9, 0.1], (100, 1)), 1000)
    finds = np.where(np.arange(100) >= 70, 1, 0)  # all of the rare class, for twenty false alarms
    found = Contender(np.eye(2)[finds] * 0.8 + 0.1, 1000)
    by_accuracy = choose(found, always, labels)
    assert not by_accuracy.takes and by_accuracy.why == "10 pictures won, 20 lost"
    balanced = choose(found, always, labels, metric="balanced_accuracy")
    assert balanced.takes and balanced.why == "balanced accuracy 38.9 points higher (10 pictures won, 20 lost)"
    surer = Contender(np.tile([0.95, 0.05], (100, 1)), 1000)
    by_loss = choose(surer, always, labels, metric="log_loss")
    assert not by_loss.takes and by_loss.why == "log loss 0.021 higher (0 pictures won, 0 lost)"
    assert choose(always, always, labels, metric="f1_macro").why == "the same macro F1"
    with pytest.raises(UnknownNameError, match="unknown metric 'f1'"):
        choose(always, always, labels, metric="f1")


def tournament(rule, right, costs):
    """Which of the columns has the place in the end."""
    place = 0
    for candidate in range(1, right.shape[1]):
        wins = int((right[:, candidate] & ~right[:, place]).sum())
        losses = int((~right[:, candidate] & right[:, place]).sum())
        if rule(wins, losses, costs[candidate] / costs[place]):
            place = candidate
    return place


def ours(wins, losses, ratio):
    if wins == losses:
        return ratio <= 0.5
    return wins > losses and (ratio <= 2 or mcnemar_p_value(wins, losses) < CHANCE)


def proof(wins, losses, ratio):
    """Only what is proven at 5 % takes the place, or what is not worse and clearly cheaper."""
    return wins >= losses and (mcnemar_p_value(wins, losses) < 0.05 or ratio <= 0.5)


def highest(wins, losses, ratio):
    return wins > losses


def test_the_rule_of_the_simulation_is_the_one_that_stands():
    generator = np.random.default_rng(0)
    for _ in range(60):
        one, other = generator.random((2, COUNT)) < 0.9
        cost = int(np.exp(generator.uniform(5, 9)))
        wins, losses = int((one & ~other).sum()), int((~one & other).sum())
        cost *= GIGA // 1000
        assert choose(contender(one, cost), contender(other), LABELS).takes == ours(wins, losses, cost / GIGA)


def test_what_the_rule_loses_beside_stricter_and_laxer_ones():
    """Six candidates of true accuracies about 10 points apart and costs of up to forty times; the figures are in docs/choosing.md."""
    generator, normal = np.random.default_rng(0), NormalDist()
    lost: dict[str, list[float]] = {"ours": [], "proof": [], "highest": []}
    cost: dict[str, list[float]] = {name: [] for name in lost}
    for _ in range(400):
        levels = normal.inv_cdf(generator.uniform(0.6, 0.97)) + generator.normal(0, 0.35, 6)
        true = np.array([normal.cdf(level) for level in levels])
        costs = np.exp(generator.uniform(0, np.log(40), 6))
        # Of 0.7 of the variance all six find the same pictures hard.
        hardness = np.sqrt(0.7) * generator.normal(size=(200, 1)) + np.sqrt(0.3) * generator.normal(size=(200, 6))
        for name, rule in (("ours", ours), ("proof", proof), ("highest", highest)):
            place = tournament(rule, hardness < levels, costs)
            lost[name].append(float(true.max() - true[place]))
            cost[name].append(float(np.log2(costs[place])))
    points = {name: 100 * float(np.mean(values)) for name, values in lost.items()}
    assert points["highest"] < points["ours"] < 0.55 * points["proof"]
    assert points["ours"] < 0.5  # of 100
    assert np.mean(cost["ours"]) < np.mean(cost["highest"]) - 0.1
