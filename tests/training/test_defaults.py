import pytest

from striate.errors import UsageError
from striate.models import create_model, model_row
from striate.training import DataFacts, Recipe, choose_model, choose_preprocessing, choose_recipe, scratch_warning

DIGITS = DataFacts(1439, 10, 8, False)
THUMBNAILS = DataFacts(40_000, 10, 32, True)
PHOTOS = DataFacts(500, 3, 375, True)


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        (DIGITS, "lenet5"),
        (DataFacts(1439, 26, 28, False), "resnet20"),
        (THUMBNAILS, "resnet20"),
        (PHOTOS, "mobilenet_v2"),
        (DataFacts(500, 3, 375, False), "mobilenet_v2"),
    ],
)
def test_the_network_suits_the_pictures(facts, name):
    assert choose_model(facts).value == name


@pytest.mark.parametrize(
    ("facts", "name", "resize", "resize_size", "size"),
    [
        (DIGITS, "lenet5", "exact", (28, 28), (32, 32)),
        (PHOTOS, "alexnet", "shorter_side", (227, 227), (227, 227)),
        (PHOTOS, "mobilenet_v2", "shorter_side", (224, 224), (224, 224)),
        (DataFacts(500, 3, 170, True), "mobilenet_v2", "shorter_side", (160, 160), (160, 160)),
        (THUMBNAILS, "alexnet_owt", "shorter_side", (63, 63), (63, 63)),
        (DIGITS, "mobilenet_v2", "shorter_side", (32, 32), (32, 32)),
    ],
)
def test_the_input_size_is_one_that_the_network_takes(facts, name, resize, resize_size, size):
    row = model_row(name)
    network = create_model(name, num_classes=2)
    preprocessing, _ = choose_preprocessing(facts, row, network, size=None)
    assert (preprocessing.resize, preprocessing.resize_size, preprocessing.size) == (resize, resize_size, size)
    assert min(preprocessing.size) >= min(network.minimum_size)


def test_a_size_that_was_asked_for_is_kept_where_the_network_can():
    network = create_model("mobilenet_v2")
    assert choose_preprocessing(PHOTOS, model_row("mobilenet_v2"), network, size=96)[0].size == (96, 96)
    network = create_model("lenet5")
    assert choose_preprocessing(DIGITS, model_row("lenet5"), network, size=96)[0].size == (32, 32)


@pytest.mark.parametrize("name", ["mobilenet_v2", "lenet5"])
@pytest.mark.parametrize("size", [-1, 0, 4097])
def test_a_size_that_makes_no_picture_is_refused(name, size):
    with pytest.raises(UsageError) as error:
        choose_preprocessing(PHOTOS, model_row(name), create_model(name), size=size)
    assert str(error.value) == f"size must lie in 1..4096 pixels, got {size}"


@pytest.mark.parametrize("facts", [DIGITS, THUMBNAILS, PHOTOS, DataFacts(2, 2, 8, False)])
@pytest.mark.parametrize("name", ["lenet5", "lenet5_dense", "resnet20", "mobilenet_v2"])
@pytest.mark.parametrize("pretrained", [False, True])
def test_every_choice_is_a_recipe_with_a_reason(facts, name, pretrained):
    table, decisions = choose_recipe(facts, model_row(name), pretrained=pretrained)
    recipe = Recipe.from_dict(table)
    assert recipe.batch_size <= max(8, facts.training_pictures)
    assert recipe.augmentation.changes
    assert all(decision.value and decision.why for decision in decisions)
    assert (recipe.loss.name == "lenet_map") == (name == "lenet5")


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
    assert scratch_warning(DIGITS, model_row("lenet5"), pretrained=False) is None
    assert scratch_warning(DataFacts(6000, 3, 375, True), row, pretrained=False) is None
