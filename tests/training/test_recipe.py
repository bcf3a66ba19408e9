import tomllib
from importlib import resources

import pytest

from striate.errors import UnknownNameError, UsageError
from striate.training import Recipe, merge, read_recipe_table, read_settings
from striate.training.recipe import NAMED_RECIPES
from striate.training.schedule import learning_rate_factor


def message(call, *arguments):
    with pytest.raises(UsageError) as caught:
        call(*arguments)
    return str(caught.value)


def test_a_recipe_survives_toml():
    recipe = Recipe.from_dict({"model": "resnet20", "seed": 3, "optimizer": {"name": "adamw", "learning_rate": 0.002}})
    assert Recipe.from_dict(tomllib.loads(recipe.to_toml())) == recipe


@pytest.mark.parametrize("name", ["fine_tune", "lenet", "scratch", "scratch_few", "text", "clips"])
def test_shipped_recipes_are_recipes(name):
    text = resources.files("striate.training").joinpath("recipes", f"{name}.toml").read_text()
    table = tomllib.loads(text)
    views, fewest, most = table.pop("epochs_from")["views_fewest_most"]
    assert 1 <= fewest <= most <= views
    Recipe.from_dict(table)


def test_no_shipped_recipe_is_left_out():
    files = {path.name for path in resources.files("striate.training").joinpath("recipes").iterdir()}
    asked_for = {f"{name}.toml" for name in NAMED_RECIPES}
    assert asked_for == {"lenet5_1998.toml"}
    assert files - asked_for == {
        "fine_tune.toml",
        "lenet.toml",
        "scratch.toml",
        "scratch_few.toml",
        "text.toml",
        "clips.toml",
        "strings.toml",
    }


def test_a_whole_number_is_a_number():
    assert Recipe.from_dict({"optimizer": {"learning_rate": 1}}).optimizer.learning_rate == 1.0


def test_unknown_keys_are_errors():
    text = message(Recipe.from_dict, {"optimizer": {"learning_rat": 0.1}})
    assert text.startswith("unknown recipe key 'optimizer.learning_rat'; did you mean 'optimizer.learning_rate'")
    with pytest.raises(UnknownNameError):
        Recipe.from_dict({"epochs": 3})


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ({"seed": "three"}, "seed must be a whole number, got 'three'"),
        ({"seed": True}, "seed must be a whole number, got True"),
        ({"batch_size": 0}, "batch_size must be 1 or more, got 0"),
        ({"optimizer": {"learning_rate": -1.0}}, "optimizer.learning_rate must be above 0, got -1.0"),
        ({"optimizer": {"learning_rate": float("nan")}}, "optimizer.learning_rate must be above 0, got nan"),
        ({"optimizer": 3}, "optimizer must be a table, got 3"),
        ({"schedule": {"epochs": 0}}, "schedule.epochs must be 1 or more, got 0"),
        ({"optimizer": {"damping": 0.0}}, "optimizer.damping must be above 0, got 0.0"),
        (
            {"schedule": {"stairs": [[2, 1.0], [3]]}},
            "each of schedule.stairs must be a pair of epochs, above 0, and a share in 0..1, got [3.0]",
        ),
        (
            {"schedule": {"stairs": [[0, 1.0]]}},
            "each of schedule.stairs must be a pair of epochs, above 0, and a share in 0..1, got [0.0, 1.0]",
        ),
        ({"schedule": {"stairs": [2, 3]}}, "schedule.stairs[0] must be a list, got 2"),
        ({"schedule": {"epochs": 1.5}}, "schedule.epochs must be a whole number, got 1.5"),
        ({"precision": "fp16"}, "unknown precision 'fp16'; did you mean 'bf16'?"),
        ({"loss": {"label_smoothing": 1.0}}, "loss.label_smoothing must be in 0..1, got 1.0"),
    ],
)
def test_values_that_make_no_sense(table, text):
    assert message(Recipe.from_dict, table) == text


def test_merge_goes_table_by_table_and_changes_nothing():
    first, second = {"a": {"x": 1, "y": 2}, "b": 3}, {"a": {"y": 5}, "c": {"z": 1}}
    assert merge(first, second) == {"a": {"x": 1, "y": 5}, "b": 3, "c": {"z": 1}}
    assert first == {"a": {"x": 1, "y": 2}, "b": 3}


def test_settings():
    settings = ["optimizer.learning_rate=0.1", "optimizer.name=adamw", "seed=4", "loss.name = 'lenet_mle'"]
    assert read_settings(settings) == {
        "optimizer": {"learning_rate": 0.1, "name": "adamw"},
        "seed": 4,
        "loss": {"name": "lenet_mle"},
    }
    assert message(read_settings, ["seed"]) == ("--set needs KEY=VALUE such as optimizer.learning_rate=0.1, got 'seed'")
    assert message(read_settings, [".x=1"]) == "--set needs KEY=VALUE such as optimizer.learning_rate=0.1, got '.x=1'"


def test_recipe_files_that_cannot_be_read(tmp_path):
    assert message(read_recipe_table, tmp_path / "no.toml").endswith("no.toml: No such file or directory")
    assert message(read_recipe_table, "lenet5_1989") == (
        "cannot read the recipe lenet5_1989: No such file or directory; those that have a name: lenet5_1998"
    )
    (tmp_path / "bad.toml").write_text("a = = 1")
    assert "bad.toml is not a TOML file:" in message(read_recipe_table, tmp_path / "bad.toml")


def test_lenet5_is_trained_as_its_paper_says():
    recipe = Recipe.from_dict(read_recipe_table("lenet5_1998"))
    assert Recipe.from_dict(tomllib.loads(recipe.to_toml())) == recipe
    assert (recipe.model, recipe.batch_size, recipe.averaging.span) == ("lenet5", 1, 0.0)
    assert (recipe.loss.name, recipe.optimizer.damping) == ("lenet_map", 0.02)
    assert not recipe.augmentation.changes
    # Section III.B and Appendix C: 20 passes, in which eta is 5e-4 twice, 2e-4 and 1e-4 three times, 5e-5 four times, then 1e-5.
    passes, steps = recipe.schedule.epochs, 60_000
    rates = []
    for epoch in range(passes):
        for step in (epoch * steps, (epoch + 1) * steps - 1):
            progress = sum([1 / (passes * steps)] * 7) / 7 * step  # rounded, as the state's is
            factor = learning_rate_factor(recipe.schedule, step=step, progress=progress, warmup_steps=0)
            rates.append(round(recipe.optimizer.learning_rate * factor, 10))
    assert rates == [5e-4] * 4 + [2e-4] * 6 + [1e-4] * 6 + [5e-5] * 8 + [1e-5] * 16
