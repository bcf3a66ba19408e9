"""Decision rules as they are sealed: what is refused."""

import dataclasses

import pytest

from striate.errors import UsageError
from striate.evaluation.familiarity import UsualScores
from striate.table_reading import read_dataclass
from striate.tasks.decision_rule import Costs, DecisionRule, LabelSets, LeastSure, Unfamiliar

CLASSES = ("cat", "dog")
USUAL = UsualScores(5, 0.2, 0.05, 9.0, 2.0)
WHOLE = DecisionRule(
    LeastSure("error=0.01", 0.9, 500, 450, 1),
    Unfamiliar(0.01, 3.2, USUAL, 500),
    LabelSets(0.95, False, {"cat": 0.2, "dog": 0.2}, 500),
    Costs({"cat": {"cat": 0.0, "dog": 1.0}, "dog": {"cat": 5.0, "dog": 0.0}}, None),
)


def test_a_rule_comes_back_from_its_json_types():
    WHOLE.check(CLASSES)
    assert read_dataclass(DecisionRule, WHOLE.to_dict()) == WHOLE
    assert DecisionRule(WHOLE.least_sure).to_dict().keys() == {"least_sure"}


def test_what_abstains():
    assert DecisionRule(WHOLE.least_sure).abstains and DecisionRule(unfamiliar=WHOLE.unfamiliar).abstains
    assert not DecisionRule(sets=WHOLE.sets).abstains and not DecisionRule(costs=WHOLE.costs).abstains
    assert DecisionRule(costs=dataclasses.replace(WHOLE.costs, abstaining=0.5)).abstains


@pytest.mark.parametrize(
    ("part", "changes", "said"),
    [
        ("least_sure", {"least_probability": 1.5}, "least_probability is 1.5; expected 0 to 1"),
        ("least_sure", {"least_probability": float("nan")}, "least_probability is nan"),
        ("least_sure", {"answered": 501}, "answered is 501; expected 0 to 500"),
        ("least_sure", {"wrong": 451}, "wrong is 451; expected 0 to 450"),
        ("least_sure", {"target": "x" * 99}, "expected a target such as error=0.01"),
        ("unfamiliar", {"largest": float("inf")}, "largest is inf"),
        ("unfamiliar", {"share": -1}, "share is -1"),
        ("unfamiliar", {"usual": dataclasses.replace(USUAL, neighbours=0)}, "neighbours is 0; expected 1 to 100"),
        ("unfamiliar", {"usual": dataclasses.replace(USUAL, energy_deviation=0.0)}, "energy_deviation is 0"),
        ("unfamiliar", {"usual": dataclasses.replace(USUAL, distance_mean=3.0)}, "distance_mean is 3; expected"),
        ("sets", {"least_probability": {"cat": 0.2}}, "least_probability lack the class 'dog'"),
        ("sets", {"least_probability": {"cat": 0.2, "dog": 0.1, "owl": 0.1}}, "name 'owl', which is no class"),
        ("sets", {"least_probability": {"cat": 0.2, "dog": -0.1}}, "least_probability is -0.1"),
        ("costs", {"table": {"cat": {"cat": 0.0, "dog": 1.0}}}, "the rows of the costs lack the class 'dog'"),
        (
            "costs",
            {"table": {name: {"cat": 0.0} for name in CLASSES}},
            "costs where 'cat' is true lack the class 'dog'",
        ),
        ("costs", {"table": {name: {"cat": 0.0, "dog": -1.0} for name in CLASSES}}, "a cost where 'cat' is true is -1"),
        ("costs", {"abstaining": -2.0}, "the cost of abstaining is -2"),
    ],
)
def test_what_no_sealing_makes_is_refused(part, changes, said):
    broken = dataclasses.replace(WHOLE, **{part: dataclasses.replace(getattr(WHOLE, part), **changes)})
    with pytest.raises(UsageError, match=said):
        broken.check(CLASSES)


def test_an_empty_rule_and_too_many_classes_are_refused():
    with pytest.raises(UsageError, match="without any part"):
        DecisionRule().check(CLASSES)
    names = [str(place) for place in range(201)]
    with pytest.raises(UsageError, match="costs are for 200 classes at most; there are 201"):
        Costs({}).check(names)


def test_promises_are_said_in_words():
    said = dict(WHOLE.facts())
    assert said["abstains"] == (
        "below a probability of 0.9000, to promise that at most 1% of the answers to new pictures are wrong; of 500 validation pictures it "
        "answers 450 (90.0%), 1 of them wrong"
    )
    assert (
        said["sets"]
        == "the classes of a probability of 0.2000 or more: the true one is among them in 95.0% of new pictures"
    )
    by_class = DecisionRule(sets=LabelSets(0.9, True, {"cat": 0.2, "dog": 0.3}, 500)).facts()
    assert by_class == [
        (
            "sets",
            "the classes of a probability of 0.2000 to 0.3000, by class, or more: the true one is among them in 90.0% of the new pictures "
            "of each class",
        )
    ]
    targets = ("coverage=0.9", "error=0.0005", "another")
    assert [dataclasses.replace(WHOLE.least_sure, target=target).promise("pictures") for target in targets] == [
        "that at least 90% of new pictures get an answer",
        "that at most 0.05% of the answers to new pictures are wrong",
        "another of new pictures",
    ]
