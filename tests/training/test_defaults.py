import pytest

from striate.initialization import drafting
from striate.models import create_model, model_row
from striate.training import DataFacts, Decision, Recipe, choose_model, choose_recipe, scratch_warning
from striate.training.defaults import suit_rate

DIGITS = DataFacts(1439, 10, 8, False)
THUMBNAILS = DataFacts(40_000, 10, 32, True)
PHOTOS = DataFacts(500, 3, 375, True)


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        (DIGITS, "lenet5"),
        (DataFacts(1439, 26, 28, False), "resnet9_x0_25"),
        (THUMBNAILS, "resnet9_x0_5"),
        (PHOTOS, "resnet9_x0_25"),
        (DataFacts(500, 3, 375, False), "resnet9_x0_25"),
        (DataFacts(5000, 3, 375, True), "mobilenet_v2"),
    ],
)
def test_the_network_suits_the_pictures(facts, name):
    assert choose_model(facts).value == name


@pytest.mark.parametrize("facts", [DIGITS, THUMBNAILS, PHOTOS, DataFacts(2, 2, 8, False)])
@pytest.mark.parametrize("name", ["lenet5", "lenet5_dense", "resnet20", "resnet9_x0_25", "airbench94", "mobilenet_v2"])
@pytest.mark.parametrize("pretrained", [False, True])
def test_every_choice_is_a_recipe_with_a_reason(facts, name, pretrained):
    table, decisions = choose_recipe(facts, model_row(name), pretrained=pretrained)
    recipe = Recipe.from_dict(table)
    assert recipe.batch_size <= max(8, facts.training_pictures)
    assert recipe.augmentation.changes
    assert all(decision.value and decision.why for decision in decisions)
    assert (recipe.loss.name == "lenet_map") == (name == "lenet5")


@pytest.mark.parametrize("name", ["resnet9", "resnet9_x0_5", "resnet9_x0_25", "airbench94", "airbench96"])
def test_a_small_network_learns_from_few_pictures_in_small_batches(name):
    few, _ = choose_recipe(PHOTOS, model_row(name), pretrained=False)
    recipe = Recipe.from_dict(few)
    assert (recipe.batch_size, recipe.optimizer.bias_multiplier, recipe.schedule.epochs) == (32, 16, 100)
    many, decisions = choose_recipe(THUMBNAILS, model_row(name), pretrained=False)
    assert decisions[0].value == "scratch" and Recipe.from_dict(many).batch_size == 128
    assert choose_recipe(PHOTOS, model_row("resnet20"), pretrained=False)[1][0].value == "scratch"


def test_letters_are_not_mirrored():
    table, _ = choose_recipe(DIGITS, model_row("lenet5"), pretrained=False)
    assert "horizontal_flip" not in table["augmentation"]
    table, _ = choose_recipe(PHOTOS, model_row("mobilenet_v2"), pretrained=False)
    assert table["augmentation"]["horizontal_flip"] == {"probability": 0.5}


def test_few_photographs_from_scratch_are_warned_of():
    row = model_row("mobilenet_v2")
    assert scratch_warning(PHOTOS, row, pretrained=False) == (
        "500 pictures are few to train mobilenet_v2 from scratch; "
        "start from trained weights with --weights imagenet for a much better result"
    )
    assert scratch_warning(PHOTOS, row, pretrained=True) is None
    assert scratch_warning(PHOTOS, model_row("resnet9_x0_25"), pretrained=False) == (
        "500 photographs are few to learn from; where they show things as ImageNet's do, "
        "trained weights (--weights imagenet) bring a much better result"
    )
    assert scratch_warning(THUMBNAILS, model_row("resnet9_x0_25"), pretrained=False) is None
    assert scratch_warning(DIGITS, model_row("lenet5"), pretrained=False) is None
    assert scratch_warning(DataFacts(6000, 3, 375, True), row, pretrained=False) is None


@pytest.mark.parametrize(
    ("model", "optimizer", "rate"),
    [
        ("vgg11", {"name": "sgd", "learning_rate": 0.1}, 0.01),
        ("vgg11_bn", {"name": "sgd", "learning_rate": 0.1}, 0.1),
        ("vgg11", {"name": "sgd", "learning_rate": 0.005}, 0.005),
        ("vgg11", {"name": "adamw", "learning_rate": 0.1}, 0.1),
    ],
)
def test_without_batch_norm_the_rate_is_lower(model, optimizer, rate):
    with drafting():
        network = create_model(model, num_classes=2)
    recipe, decisions = suit_rate(Recipe.from_dict({"model": model, "optimizer": optimizer}), network)
    assert recipe.optimizer.learning_rate == rate
    lowered = [Decision("learning rate", "0.01", f"{model} has no batch norm")]
    assert decisions == (lowered if rate != optimizer["learning_rate"] else [])
