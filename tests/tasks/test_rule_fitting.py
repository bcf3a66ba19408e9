"""From wishes to rules: thresholds by the functions of `evaluation`, and sentences where the pictures cannot promise."""

import numpy as np
import pytest

from striate.errors import DataError, UsageError
from striate.evaluation.abstention import threshold_for_coverage, threshold_for_error
from striate.evaluation.conformal import conformal_thresholds
from striate.tasks import MULTI_LABEL, SINGLE_LABEL, TWO_CLASS_SIGMOID
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
    decided = Doubting(fitted.rule, SINGLE_LABEL, CLASSES, fitted.bank).decide(
        found.probabilities, found.logits, found.features
    )
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


def test_two_classes_by_one_number_have_the_rule_of_two_logits():
    found, *_ = answers(600)
    levels = found.logits[:, 1:] - found.logits[:, :1]
    one_number = Answers(found.probabilities, levels, found.features, found.labels)
    both = Answers(found.probabilities, np.concatenate([0 * levels, levels], axis=1), found.features, found.labels)
    asked = wish("coverage=0.8,unfamiliar=0.05", conformal=0.9)
    expected = fit_rule(asked, both, CLASSES, found.features, task=SINGLE_LABEL)
    fitted = fit_rule(asked, one_number, CLASSES, found.features, task=TWO_CLASS_SIGMOID)
    assert fitted.rule == expected.rule


def several(count, seed=0):
    """Answers of several labels whose probabilities are true."""
    generator = np.random.default_rng(seed)
    levels = generator.normal(0, 12, (count, 2))
    chances = 1 / (1 + np.exp(-levels))
    labels = generator.random((count, 2)) < chances
    return Answers(chances, levels, generator.normal(0, 0.1, (count, 8)) + 1 + labels[:, :1], labels)


def test_of_several_labels_all_are_right_or_the_answer_is_wrong():
    found = several(2000)
    rule = fit_rule(wish("error=0.05"), found, CLASSES, None, task=MULTI_LABEL).rule
    named = found.probabilities >= 0.5
    sure = np.where(named, found.probabilities, 1 - found.probabilities).prod(axis=1)
    expected = threshold_for_error(sure, (named == found.labels).all(axis=1), 0.05)
    assert (rule.least_sure.least_probability, rule.least_sure.answered) == (expected.threshold, expected.answered)
    new = several(4000, seed=1)
    decided = Doubting(rule, MULTI_LABEL, CLASSES).decide(new.probabilities, new.logits, new.features)
    wrong = (decided.answers != new.labels).any(axis=1)[~decided.abstains]
    assert 0.3 < (~decided.abstains).mean() < 1 and wrong.mean() < 0.05


def test_thresholds_by_label_decide_what_is_answered():
    found = several(600)
    task = MULTI_LABEL.with_thresholds({"cat": 0.9}, CLASSES)
    rule = fit_rule(wish("coverage=0.9"), found, CLASSES, None, task=task).rule
    decided = Doubting(rule, task, CLASSES).decide(found.probabilities, found.logits, found.features)
    np.testing.assert_array_equal(decided.answers[:, 0], found.probabilities[:, 0] >= 0.9)


def test_pictures_unlike_what_was_learnt_are_told_of_several_labels_too():
    found, training = several(600), several(100, seed=1).features
    fitted = fit_rule(wish("unfamiliar=0.05"), found, CLASSES, training, task=MULTI_LABEL)
    doubting = Doubting(fitted.rule, MULTI_LABEL, CLASSES, fitted.bank)
    assert doubting.decide(found.probabilities, found.logits, found.features).unlike.mean() < 0.05
    far = np.full((5, 8), -1.0)
    assert doubting.decide(found.probabilities[:5], found.logits[:5] - 9, far).unlike.all()


@pytest.mark.parametrize(
    ("asked", "because"),
    [
        (RuleWish(conformal=0.9), "--conformal makes sets of classes with the one that is true among them"),
        (RuleWish(costs=Costs({"cat": {}})), "--costs weighs one class that is answered against one that is true"),
    ],
)
def test_rules_of_one_class_are_refused_of_several_labels(asked, because):
    with pytest.raises(UsageError, match=because):
        fit_rule(asked, several(60), CLASSES, None, task=MULTI_LABEL)
