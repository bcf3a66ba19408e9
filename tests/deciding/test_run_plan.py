import dataclasses

import pytest

from striate.deciding.run_plan import RunPlan, RunSettings, recipe_part
from striate.errors import UsageError
from striate.pixels import Preprocessing
from striate.training import Decision, Recipe, read_recipe_table

PLAN = RunPlan(
    RunSettings(data="/photos", data_name="photos", total_steps=10, created="2026-01-01T00:00:00+00:00"),
    Recipe(model="resnet20", seed=7),
    Preprocessing(colour="rgb", resize="none", crop=(32, 32), mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25)),
    ("cat", "dog"),
    (Decision("model", "resnet20", "small pictures"),),
)


def test_a_plan_survives_its_file(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text(PLAN.to_toml())
    assert RunPlan.from_toml(path) == PLAN


def test_a_runs_recipe_serves_another_run(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text(PLAN.to_toml())
    assert Recipe.from_dict(recipe_part(read_recipe_table(path))) == PLAN.recipe


def test_a_bare_recipe_is_not_that_of_a_run(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text("seed = 3\n")
    with pytest.raises(UsageError) as caught:
        RunPlan.from_toml(path)
    assert str(caught.value) == f"{path} is not the recipe of a run: 'run' is missing"


def test_names_of_any_bytes_come_back_where_they_lead_to_files(tmp_path):
    settings = dataclasses.replace(
        PLAN.settings, data="/f\udcf6to/100% é", root="/\udcff", weights="/w\udcfc.pth", data_name="f\udcf6to"
    )
    plan = dataclasses.replace(PLAN, settings=settings, notes=("in /f\udcf6to:\n\x1b[2J",))
    path = tmp_path / "recipe.toml"
    path.write_text(plan.to_toml(), encoding="utf-8")
    assert 'data = "file:///f%F6to/100%25%20%C3%A9"' in path.read_text()
    again = RunPlan.from_toml(path)
    assert again.settings == dataclasses.replace(settings, data_name="f\\udcf6to")
    assert again.notes == ("in /f\\udcf6to:\n\\x1b[2J",)
