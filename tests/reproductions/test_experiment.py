"""Experiments as data: what is refused, and that all that are shipped can be carried out."""

import pytest

from striate.errors import UnknownNameError, UsageError
from striate.reproductions.experiment import list_experiments, named_experiment, read_experiment
from striate.reproductions.methods import METHODS, check_experiment
from striate.reproductions.sources import SOURCES

WHOLE = """
claim = "One is less than two."
claims = [1]
source = "lesson 0"
method = "count"
shown = ["macs"]
[arms.one]
model = "lenet5"
[arms.two]
model = "alexnet"
[quick]
seeds = 1
minutes = 1
[whole]
seeds = 1
minutes = 1
[[rules]]
says = "one is less"
measure = "macs"
of = "one"
to = "two"
below = 0.0
"""


@pytest.mark.parametrize("name", list_experiments())
def test_every_experiment_that_is_shipped_can_be_carried_out(name):
    """Its networks, fields, recipes, measures, data and arms are there, and its claims are among the texts'."""
    experiment = named_experiment(name)
    check_experiment(experiment)
    assert experiment.method in METHODS
    assert all(
        not (arm.data or experiment.data) or (arm.data or experiment.data) in SOURCES
        for arm in experiment.arms.values()
    )
    assert any(not rule.aside for rule in experiment.rules)
    assert experiment.claim.endswith(".")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("claims = [1]", "claims = [81]", "claims must be numbers in 1..80, got [81]"),
        ('source = "lesson 0"', 'sauce = "lesson 0"', "unknown experiment key 'sauce'; did you mean 'source'?"),
        ('source = "lesson 0"', "", "the experiment lacks source"),
        ("seeds = 1", "seeds = 0", "quick.seeds must be 1 or more, got 0"),
        ('of = "one"', 'of = "won"', "unknown arm in rules[0] 'won'; did you mean 'one', 'two'?"),
        (
            "below = 0.0",
            "below = 0.0\nabove = 1.0",
            "rules[0] must be one of below, above and between, got ['below', 'above']",
        ),
        ("below = 0.0", "between = [2.0, 1.0]", "rules[0].between must be two numbers, the less first, got [2.0, 1.0]"),
        ('to = "two"', "ratio = true", "rules[0] must be an arm `to` that the ratio is to, got ''"),
        ("claim = ", "claim = = ", "is not TOML"),
        ("[arms.one]", "[arms.'../one']", "the arms' names must be words of a-z, 0-9, _ and -"),
        ("seeds = 1\nminutes = 1\n[whole]", "seeds = 1\nminutes = 0\n[whole]", "quick.minutes must be above 0, got 0"),
    ],
)
def test_what_makes_no_sense_is_refused_and_said(before, after, said):
    assert before in WHOLE
    with pytest.raises(UsageError) as error:
        read_experiment("toy", WHOLE.replace(before, after, 1))
    assert said in str(error.value)
    assert str(error.value).startswith("the experiment 'toy'")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('method = "count"', 'method = "conut"', "unknown method 'conut'"),
        ('shown = ["macs"]', 'shown = ["mac"]', "unknown measure of the method count 'mac'; did you mean 'macs'?"),
        ('model = "alexnet"', 'model = "alexnut"', "arms.two: unknown model 'alexnut'; did you mean"),
        (
            'model = "alexnet"',
            'model = "alexnet"\nconfig = { dropuot = 0.1 }',
            "unknown field of alexnet 'dropuot'; did you mean 'dropout'",
        ),
        (
            'model = "alexnet"',
            'model = "alexnet"\nauxiliary = false',
            "alexnet has no auxiliary heads that could be left out",
        ),
        ('model = "alexnet"', 'layers = ["flatten"]', "what is counted is a row of the catalogue, got layers"),
        ('model = "alexnet"', 'says = "nothing"', "an arm needs either a model or layers, got model '' and 0 layers"),
    ],
)
def test_what_no_method_could_measure_is_refused_before_anything_is(before, after, said):
    assert before in WHOLE
    with pytest.raises(UsageError) as error:
        check_experiment(read_experiment("toy", WHOLE.replace(before, after, 1)))
    assert said in str(error.value)


def test_a_name_that_is_not_there_is_refused_with_the_closest():
    with pytest.raises(UnknownNameError, match="did you mean 'googlenet-against-alexnet'"):
        named_experiment("googlenet-against-alexnets")
    with pytest.raises(UsageError, match=r"cannot read the experiment /nowhere/x\.toml: No such file or directory"):
        named_experiment("/nowhere/x.toml")


def test_a_cell_is_known_by_all_that_decides_it_and_nothing_else():
    experiment = read_experiment("toy", WHOLE)
    own = experiment.cell_digest("one", "quick")
    same = (
        WHOLE.replace("seeds = 1", "seeds = 5")
        .replace("minutes = 1", "minutes = 2")
        .replace("below = 0.0", "above = 0.0")
    )
    assert read_experiment("toy", same).cell_digest("one", "quick") == own
    assert experiment.cell_digest("two", "quick") != own
    other = read_experiment("toy", WHOLE.replace('model = "lenet5"', 'model = "lenet5"\ninit = "he_normal"'))
    assert other.cell_digest("one", "quick") != own
    longer = read_experiment("toy", WHOLE.replace("seeds = 1", "seeds = 1\nepochs = 3", 1))
    assert longer.cell_digest("one", "quick") != own
    assert longer.cell_digest("one", "whole") == own
