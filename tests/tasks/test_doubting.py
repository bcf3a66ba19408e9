"""A decision rule at work, by hand."""

import numpy as np

from striate.evaluation.familiarity import UsualScores
from striate.tasks import MULTI_LABEL, SINGLE_LABEL, Prediction
from striate.tasks.decision_rule import Costs, DecisionRule, LabelSets, LeastSure, Unfamiliar
from striate.tasks.doubting import Doubting

CLASSES = ("cat", "dog", "owl")
PROBABILITIES = np.array([[0.9, 0.08, 0.02], [0.5, 0.1, 0.4], [0.34, 0.33, 0.33]])
SURE = LeastSure("coverage=0.5", 0.6, 100, 60, 3)


def doubts(rule, **answers):
    doubting = Doubting(rule, SINGLE_LABEL, CLASSES, answers.pop("bank", None))
    return doubting.doubts(PROBABILITIES, doubting.decide(PROBABILITIES, **answers))


def test_it_is_torn_between_the_two_most_probable():
    first, second, third = doubts(DecisionRule(SURE))
    assert (first.abstains, first.reason, first.label, first.probability) == (False, None, "cat", 0.9)
    assert (second.abstains, second.reason) == (True, "torn between cat and owl")
    assert (third.reason, third.label) == ("torn between cat and dog", "cat")
    assert first.to_dict() == {"abstains": False, "reason": None}


def test_a_probability_that_is_just_enough_is_answered():
    assert not doubts(DecisionRule(LeastSure("coverage=0.5", 0.5, 100, 60, 3)))[1].abstains


def test_sets_are_in_order_of_probability_and_may_be_empty():
    rule = DecisionRule(sets=LabelSets(0.9, True, {"cat": 0.35, "dog": 0.3, "owl": 0.3}, 100))
    found = doubts(rule)
    assert [doubt.labels for doubt in found] == [("cat",), ("cat", "owl"), ("dog", "owl")]
    assert found[1].to_dict() == {"set": ["cat", "owl"]}
    assert [doubt.to_text() for doubt in found] == ["", "one of {cat, owl}", "one of {dog, owl}"]
    nothing = DecisionRule(sets=LabelSets(0.9, False, dict.fromkeys(CLASSES, 0.95), 100))
    assert doubts(nothing)[0].to_text() == "no class is probable enough"


def test_what_is_unlike_the_training_is_said_before_all_else():
    usual = UsualScores(1, 0.0, 0.1, 1.0, 1.0)
    rule = DecisionRule(SURE, Unfamiliar(0.01, 3.0, usual, 100))
    features = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.1]])
    # One logit of 1: an energy of 1, which is usual. Distances are 0, 1 and 0.005 from the only picture.
    found = doubts(rule, logits=np.ones((3, 1)), features=features, bank=np.array([[1.0, 0.0]], np.float32))
    assert [doubt.reason for doubt in found] == [
        None,
        "unlike what I was trained on",
        "torn between cat and dog",
    ]
    np.testing.assert_allclose([doubt.unfamiliarity for doubt in found], [0, 10, 10 * (1 - 1 / 1.01**0.5)], atol=1e-5)
    assert found[0].to_dict().keys() == {"abstains", "reason", "unfamiliarity"}


def test_costs_change_the_label_and_have_a_price_for_none():
    table = {
        "cat": {"cat": 0.0, "dog": 1.0, "owl": 1.0},
        "dog": {"cat": 1.0, "dog": 0.0, "owl": 1.0},
        "owl": {"cat": 10.0, "dog": 10.0, "owl": 0.0},
    }
    # Expected: 0.28, 1.1, 0.98; 4.1, 4.5, 0.6; 3.63, 3.64, 0.67.
    found = doubts(DecisionRule(costs=Costs(table)))
    assert [(doubt.label, doubt.probability, doubt.abstains) for doubt in found] == [
        ("cat", 0.9, None),
        ("owl", 0.4, None),
        ("owl", 0.33, None),
    ]
    priced = doubts(DecisionRule(costs=Costs(table, 0.65)))
    assert [doubt.reason for doubt in priced] == [None, None, "every answer costs more than abstaining, owl the least"]


def test_a_prediction_tells_its_doubt_after_all_else():
    doubt = doubts(DecisionRule(SURE))[1]
    plain = Prediction("a.jpg", "cat", 0.5, (("cat", 0.5), ("owl", 0.4)))
    doubted = Prediction("a.jpg", "cat", 0.5, (("cat", 0.5), ("owl", 0.4)), doubt=doubt)
    assert plain.to_dict().keys() == {"path", "label", "probability", "top", "error"}
    assert list(doubted.to_dict()) == [*plain.to_dict(), "abstains", "reason"]
    assert doubted.to_text() == f"{plain.to_text()}  abstains: torn between cat and owl"
    assert "torn between" in doubted._repr_html_() and "torn" not in plain._repr_html_()


def test_of_several_labels_the_least_sure_is_named():
    task = MULTI_LABEL.with_thresholds({"cat": 0.5, "dog": 0.2, "owl": 0.5}, CLASSES)
    doubting = Doubting(DecisionRule(SURE), task, CLASSES)
    chances = np.array([[0.95, 0.02, 0.9], [0.95, 0.3, 0.1], [0.1, 0.1, 0.1]])
    decided = doubting.decide(chances)
    first, second, third = doubting.doubts(chances, decided)
    assert (first.label, first.reason, first.abstains) == ("cat|owl", None, False)
    assert first.probability == 0.95 * 0.98 * 0.9
    assert (second.label, second.reason) == ("cat|dog", "not sure of dog")
    assert (third.label, third.reason) == ("", None) and third.probability == 0.9 * 0.9 * 0.9
    said = Prediction("a.png", "cat", 0.3, (), doubt=second, labels=(("cat", 0.95), ("dog", 0.3)))
    assert said.to_text() == "a.png  cat 95.0%, dog 30.0%  abstains: not sure of dog"
    assert said.to_dict()["reason"] == "not sure of dog"
