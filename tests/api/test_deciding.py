"""What is decided of a run's augmentation."""

import time

import tomli_w

from striate.api.deciding import TrainingRequest, decide
from striate.api.run_plan import RunPlan
from striate.api.watching import Watcher
from striate.augmentation import named_policy


class Notes(Watcher):
    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


def decided(data, watcher=None, **options):
    request = TrainingRequest(data=data, epochs=1, precision="fp32", device="cpu", **options)
    return decide(request, watcher=watcher or Watcher(), begun=time.monotonic())


def recipe_file(folder, **tables):
    path = folder / "recipe.toml"
    path.write_text(tomli_w.dumps(tables))
    return path


def test_digits_get_the_standard_policy_for_signs():
    assert decided("digits").plan.recipe.augmentation == named_policy("standard", drawn=True)


def test_a_single_key_changes_the_chosen_policy_alone():
    policy = decided("digits", settings=["augmentation.rotation.degrees=3"]).plan.recipe.augmentation
    assert policy.rotation.degrees == 3.0
    assert policy.scaling == named_policy("standard", drawn=True).scaling


def test_a_files_policy_is_the_whole_policy(tmp_path):
    path = recipe_file(tmp_path, augmentation={"noise": {"deviation": 0.1}})
    policy = decided("digits", recipe=path).plan.recipe.augmentation
    assert [operation.name for operation in policy.active] == ["noise"]
    path = recipe_file(tmp_path, augmentation={})
    assert not decided("digits", recipe=path).plan.recipe.augmentation.changes
    path = recipe_file(tmp_path, batch_size=16)
    assert decided("digits", recipe=path).plan.recipe.augmentation.changes


def test_a_run_measures_its_own_colours_and_keeps_them(striped, tmp_path):
    plan = decided(striped, model="resnet20", settings=["augmentation.pca_colour.deviation=0.1"]).plan
    colours = plan.recipe.augmentation.pca_colour
    assert colours.measured and colours.eigenvalues[0] > 0.01
    path = tmp_path / "recipe.toml"
    path.write_text(plan.to_toml())
    assert RunPlan.from_toml(path).recipe == plan.recipe


def test_what_changes_a_class_is_said():
    watcher = Notes()
    decided("digits", watcher, settings=["augmentation.horizontal_flip.probability=0.5"])
    assert "horizontal_flip mirrors digits and letters: b becomes d, and a mirrored 3 is no 3" in watcher.notes
