"""Tasks by name, in recipes and contracts."""

import pytest

from striate.errors import UnknownNameError
from striate.tasks import DEFAULT_TASK, SINGLE_LABEL, TASKS, named_task
from striate.training import Recipe
from striate.training.objectives import OBJECTIVES


def test_a_task_is_found_by_its_name():
    assert named_task("single_label") is SINGLE_LABEL and DEFAULT_TASK == "single_label"
    assert all(task.name == name for name, task in TASKS.items())


def test_an_unknown_name_is_refused_with_the_one_most_like_it():
    with pytest.raises(
        UnknownNameError, match=r"^unknown task 'singel_label'; did you mean 'single_label', 'multi_label'\?$"
    ):
        named_task("singel_label")


def test_a_recipe_names_its_task_and_refuses_an_unknown_one():
    assert Recipe().to_dict()["task"] == Recipe.from_dict({}).task == "single_label"
    with pytest.raises(UnknownNameError, match=r"^unknown task 'single'; did you mean 'single_label'\?$"):
        Recipe.from_dict({"task": "single"})


def test_every_task_is_learnt_by_an_objective():
    assert OBJECTIVES.keys() == TASKS.keys()
