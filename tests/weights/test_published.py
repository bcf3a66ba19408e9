import subprocess
import sys
from types import SimpleNamespace

import pytest

import striate.weights.published
from striate.errors import UnknownNameError, UsageError
from striate.models import list_models, model_row
from striate.weights import PUBLISHED, published_weights, siblings

# The mapped rows of a family are all there as soon as the family's first row is.
FAMILIES = {
    "alexnet": "alexnet",
    "vgg": "vgg16",
    "googlenet": "googlenet",
    "resnet": "resnet50",
    "mobilenet": "mobilenet_v2",
    "efficientnet": "efficientnet_b0",
}
THERE = [name for name in PUBLISHED if name in list_models()]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_mapped_row_is_in_the_catalogue(family):
    mapped = [name for name in PUBLISHED if name.startswith(family)]
    assert mapped
    if FAMILIES[family] in list_models():
        assert [name for name in mapped if name not in list_models()] == []


def test_every_mapped_row_is_of_a_family():
    assert [name for name in PUBLISHED if not name.startswith(tuple(FAMILIES))] == []


@pytest.mark.parametrize("name", PUBLISHED)
def test_torchvision_s_entry(name):
    from torchvision.models import get_model_weights

    entry = PUBLISHED[name]
    weights = get_model_weights(entry.model)
    assert weights[entry.weights] is weights.DEFAULT


@pytest.mark.parametrize("name", THERE)
def test_what_torchvision_says(name):
    from torchvision.models import get_model_weights

    published = published_weights(name)
    weights = get_model_weights(PUBLISHED[name].model)[PUBLISHED[name].weights]
    assert published.row == name
    assert published.source == f"torchvision {PUBLISHED[name].model} {PUBLISHED[name].weights}"
    assert published.url == weights.url
    assert weights.url.endswith(published.file_name)
    assert f"-{published.sha256_prefix}." in published.file_name
    assert len(published.classes) == model_row(name).num_classes
    assert published.accuracy == weights.meta["_metrics"]["ImageNet-1K"]["acc@1"] / 100
    assert published.preprocessing.channels == model_row(name).in_channels


@pytest.mark.parametrize("name", THERE)
def test_the_preprocessing_is_torchvision_s_to_the_byte(name):
    import numpy as np
    import torch
    from PIL import Image
    from torchvision.models import get_model_weights

    if PUBLISHED[name].halves:
        pytest.skip("torchvision's network changes its inputs itself")
    generator = np.random.default_rng(0)
    picture = Image.fromarray(generator.integers(0, 256, (300, 431, 3), dtype=np.uint8))
    rule = published_weights(name).preprocessing
    ours = torch.from_numpy(rule.normalise(rule.pixels(picture)[np.newaxis]))
    theirs = get_model_weights(PUBLISHED[name].model)[PUBLISHED[name].weights].transforms()(picture)[None]
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)


def test_googlenet_s_own_normalisation(monkeypatch):
    """Torchvision's network with these weights turns its inputs into (pixel / 255 - 0.5) / 0.5; ours takes that."""
    entry = PUBLISHED["googlenet_bn"]
    assert entry.halves
    assert [name for name in PUBLISHED if PUBLISHED[name].halves] == ["googlenet_bn"]
    monkeypatch.setattr(striate.weights.published, "PUBLISHED", {"mobilenet_v2": entry})
    rule = published_weights("mobilenet_v2").preprocessing
    assert (rule.mean, rule.std) == ((0.5,) * 3, (0.5,) * 3)
    assert (rule.resize_size, rule.crop) == ((256, 256), (224, 224))


def test_sizes_and_filters():
    rule = published_weights("efficientnet_b0").preprocessing
    assert (rule.resize, rule.resize_size, rule.crop, rule.filter) == (
        "shorter_side",
        (256, 256),
        (224, 224),
        "bicubic",
    )
    rule = published_weights("efficientnet_b2").preprocessing
    assert (rule.resize_size, rule.crop) == ((288, 288), (288, 288))  # though the network's own size is 260


def test_unknown_row():
    with pytest.raises(
        UnknownNameError, match="unknown model 'mobilenet_v9'; did you mean 'mobilenet_v1', 'mobilenet_v2'"
    ):
        published_weights("mobilenet_v9")


def test_a_sibling_has_them():
    with pytest.raises(UsageError) as error:
        published_weights("efficientnet_b3_tf")
    assert str(error.value) == (
        "efficientnet_b3_tf has no published ImageNet weights; its sibling 'efficientnet_b3' has them: "
        "take that network, or give a file"
    )


def test_no_sibling_has_them():
    with pytest.raises(UsageError) as error:
        published_weights("lenet5")
    assert str(error.value) == (
        "lenet5 has no published ImageNet weights (it was made for MNIST), nor has a sibling of it; "
        f"give a file, or take one of: {', '.join(name for name in list_models() if name in PUBLISHED)}"
    )


@pytest.fixture
def lineage(monkeypatch):
    """A catalogue of some rows by family."""
    families = {"resnet": object(), "alexnet": object(), "vgg": object(), "plain": None}
    families["plain"] = families["resnet"]
    names = ["alexnet", "alexnet_owt", "vgg16", "vgg16_bn", "vgg16_c", "resnet18", "resnet34", "resnet34_a"]
    names += ["plain34", "resnet20", "resnet50", "resnet50_v1_5"]

    def row(name):
        small = name == "resnet20"
        return SimpleNamespace(
            family=next(family for stem, family in families.items() if name.startswith(stem)),
            benchmark=SimpleNamespace(name="CIFAR-10" if small else "ImageNet"),
        )

    monkeypatch.setattr(striate.weights.published, "list_models", lambda: names)
    monkeypatch.setattr(striate.weights.published, "model_row", row)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("alexnet", ("alexnet_owt",)),
        ("resnet50", ("resnet50_v1_5",)),
        ("resnet34_a", ("resnet34",)),
        ("vgg16_c", ("vgg16",)),
        ("plain34", ("resnet18", "resnet34", "resnet50_v1_5")),
        ("resnet20", ()),
    ],
)
def test_siblings(name, expected, lineage):
    assert siblings(name) == expected


@pytest.mark.parametrize(("name", "sibling"), [("resnet50", "resnet50_v1_5"), ("alexnet", "alexnet_owt")])
def test_two_lineages_are_two_rows(name, sibling, lineage):
    with pytest.raises(UsageError) as error:
        published_weights(name)
    assert str(error.value) == (
        f"{name} has no published ImageNet weights; its sibling {sibling!r} has them: take that network, or give a file"
    )


def test_several_siblings(lineage):
    with pytest.raises(UsageError) as error:
        published_weights("plain34")
    assert str(error.value) == (
        "plain34 has no published ImageNet weights; its siblings 'resnet18', 'resnet34', 'resnet50_v1_5' have them: "
        "take that network, or give a file"
    )


def test_torchvision_is_not_imported():
    program = (
        "import sys, striate.weights; striate.weights.published_weights('mobilenet_v2'); "
        "sys.exit('torchvision' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
