"""From wishes to rules: thresholds by the functions of `evaluation`, and sentences where the pictures cannot promise."""

import numpy as np
import pytest

from striate.errors import DataError, UsageError
from striate.evaluation.abstention import threshold_for_coverage, threshold_for_error
from striate.evaluation.conformal import conformal_thresholds
from striate.tasks.decision_rule import Costs
from striate.tasks.doubting import Doubting
from striate.tasks.rule_fitting import Answers, fit_rule
from striate.tasks.rule_wish import RuleWish, wish

CLASSES = ("cat", "dog")


def answers(count, *, seed=0):
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, count)
    sure = generator.uniform(0.5, 1, count)
    right = generator.random(count) < 1 - 0.5 * (2 * (1 - sure)) ** 6
    places = np.where(right, labels, 1 - labels)
    probabilities = np.stack([np.where(places == 0, sure, 1 - sure), np.where(places == 1, sure, 1 - sure)], axis=1)
    features = generator.normal(size=(count, 8)) + 4 * np.eye(8)[labels]
    return Answers(probabilities, np.log(probabilities), features, labels), sure, right


def test_each_part_is_what_its_function_finds():
    found, sure, right = answers(600)
    rule = fit_rule(wish("error=0.05", conformal=0.9), found, CLASSES, None).rule
    expected = threshold_for_error(sure, right, 0.05)
    assert rule.least_sure.target == "error=0.05"
    assert (rule.least_sure.least_probability, rule.least_sure.answered, rule.least_sure.wrong) == (
        expected.threshold,
        expected.answered,
        expected.wrong,
    )
    least = conformal_thresholds(found.probabilities, found.labels, 0.9)
    assert rule.sets.least_probability == dict(zip(CLASSES, least.tolist(), strict=True))
    assert rule.unfamiliar is None and rule.costs is None


def test_unlike_pictures_get_no_answer_and_count_as_such():
    found, sure, right = answers(600)
    training = answers(100, seed=1)[0].features
    fitted = fit_rule(wish("coverage=0.8,unfamiliar=0.05"), found, CLASSES, training)
    assert fitted.bank.shape == (100, 8) and np.allclose(np.linalg.norm(fitted.bank, axis=1), 1, atol=1e-3)
    decided = Doubting(fitted.rule, CLASSES, fitted.bank).decide(found.probabilities, found.logits, found.features)
    assert 0 < decided.unlike.sum() <= 30
    plain = threshold_for_coverage(sure, right, 0.8)
    assert (~decided.abstains).sum() == fitted.rule.least_sure.answered == plain.answered
    assert fitted.rule.least_sure.least_probability < plain.threshold  # others are answered in their place


@pytest.mark.parametrize(
    ("asked", "count", "said"),
    [
        (wish("error=0.01"), 200, "200 validation pictures are too few to promise error=0.01: it takes 299 at least"),
        (
            wish("coverage=0.99"),
            200,
            "200 validation pictures are too few to promise coverage=0.99: it takes 299 at least",
        ),
        (wish("unfamiliar=0.01"), 200, "too few to promise unfamiliar=0.01: it takes 299 at least"),
        (
            wish(conformal=0.95),
            18,
            "18 validation pictures are too few to promise conformal=0.95: it takes 19 at least",
        ),
        (
            wish(conformal=0.95, by_class=True),
            30,
            "by class needs 19 validation pictures of each class; '(cat|dog)' has 1[0-5]",
        ),
        (
            wish("error=0.0001"),
            40_000,
            "no threshold promises error=0.0001: of the 40,000 validation pictures, also the surest",
        ),
    ],
)
def test_what_cannot_be_promised(asked, count, said):
    found, _, _ = answers(count)
    with pytest.raises(DataError, match=said):
        fit_rule(asked, found, CLASSES, found.features)


def test_too_few_training_pictures_to_compare_with():
    found, _, _ = answers(600)
    with pytest.raises(DataError, match="needs 5 training pictures at least to compare with; there are 4"):
        fit_rule(wish("unfamiliar=0.05"), found, CLASSES, found.features[:4])


def test_a_coverage_that_unlike_pictures_leave_no_room_for():
    found, _, _ = answers(600)
    with pytest.raises(
        DataError, match=r"no threshold promises coverage=0.99: .* are taken for unlike anything learnt"
    ):
        fit_rule(wish("coverage=0.99,unfamiliar=0.2"), found, CLASSES, found.features[:50] * 1.01)


def test_costs_are_of_the_classes():
    found, _, _ = answers(50)
    table = {"cat": {"cat": 0.0, "owl": 1.0}, "owl": {"cat": 5.0, "owl": 0.0}}
    with pytest.raises(UsageError, match="the rows of the costs lack the class 'dog'"):
        fit_rule(RuleWish(costs=Costs(table)), found, CLASSES, None)
    table = {"cat": {"cat": 0.0, "dog": 1.0}, "dog": {"cat": 5.0, "dog": 0.0}}
    assert fit_rule(RuleWish(costs=Costs(table)), found, CLASSES, None).rule.costs.table == table
