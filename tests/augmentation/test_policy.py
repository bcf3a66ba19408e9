import dataclasses

import pytest
import tomli_w

from striate.augmentation import (
    AugmentationPolicy,
    Blur,
    Elastic,
    Erasing,
    HorizontalFlip,
    PcaColour,
    RandomResizedCrop,
    Rotation,
    Scaling,
    class_changing,
    named_policy,
    read_policy,
)
from striate.augmentation.named import ALONE, DRAWN_POLICIES, POLICIES
from striate.errors import UnknownNameError, UsageError
from striate.table_reading import read_dataclass


def test_the_default_changes_nothing():
    assert not AugmentationPolicy().changes and AugmentationPolicy().to_dict() == {}
    assert named_policy("none", drawn=False) == named_policy("none", drawn=True) == AugmentationPolicy()


def test_there_are_twenty_operations_each_by_its_own_name_and_alone():
    fields = [field.name for field in dataclasses.fields(AugmentationPolicy)]
    assert len(fields) == 20
    assert [operation.name for operation in AugmentationPolicy().operations] == fields
    assert sorted(operation.name for operation in ALONE) == sorted(fields)
    for name in fields:
        policy = named_policy(name, drawn=False)
        assert [operation.name for operation in policy.active] == [name]


@pytest.mark.parametrize("policies", [POLICIES, DRAWN_POLICIES])
def test_each_named_policy_goes_further_than_the_one_before(policies):
    assert list(policies) == ["none", "light", "standard", "strong"]
    assert policies["light"].scaling.factor < policies["standard"].scaling.factor
    assert len(policies["strong"].active) > len(policies["standard"].active) >= len(policies["light"].active)


@pytest.mark.parametrize("policy", [*POLICIES.values(), *DRAWN_POLICIES.values()])
def test_a_policy_is_data_that_a_file_can_hold(policy, tmp_path):
    assert read_dataclass(AugmentationPolicy, policy.to_dict()) == policy
    path = tmp_path / "policy.toml"
    path.write_text(tomli_w.dumps(policy.to_dict()))
    assert read_policy(path, drawn=True) == policy
    path.write_text(tomli_w.dumps({"augmentation": policy.to_dict(), "seed": 3}))
    assert read_policy(str(path), drawn=False) == policy


def test_signs_are_not_mirrored():
    for name in DRAWN_POLICIES:
        assert class_changing(named_policy(name, drawn=True), drawn=True) == []
        assert class_changing(named_policy(name, drawn=False), drawn=False) == []


@pytest.mark.parametrize(
    ("policy", "drawn", "sentence"),
    [
        ({"horizontal_flip": {"probability": 0.5}}, True, "horizontal_flip mirrors digits and letters: b becomes d"),
        ({"vertical_flip": {"probability": 0.5}}, True, "vertical_flip turns digits and letters upside down"),
        ({"rotation": {"degrees": 180}}, True, "rotation by up to 180 degrees turns signs into others: 6 becomes 9"),
        ({"random_resized_crop": {"smallest_area": 0.3}}, True, "random_resized_crop may cut strokes off"),
        ({"erasing": {"largest_area": 0.4}}, True, "erasing may cover a stroke"),
        ({"random_resized_crop": {"smallest_area": 0.05}}, False, "random_resized_crop down to 5% of the area"),
        ({"hue": {"turn": 0.3}}, False, "hue turned by up to 0.3 of the circle changes the class where colour"),
        ({"erasing": {"largest_area": 0.8}}, False, "erasing up to 80% of the area may cover the object"),
    ],
)
def test_what_changes_a_class_is_said(policy, drawn, sentence):
    found = class_changing(read_dataclass(AugmentationPolicy, policy), drawn=drawn)
    assert len(found) == 1 and found[0].startswith(sentence)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Rotation(degrees=-1.0), "augmentation.rotation.degrees must lie in 0..180, got -1.0"),
        (
            lambda: HorizontalFlip(probability=1.5),
            "augmentation.horizontal_flip.probability must lie in 0..1, got 1.5",
        ),
        (lambda: Scaling(factor=float("nan")), "augmentation.scaling.factor must lie in 1..10, got nan"),
        (lambda: Elastic(alpha=1.0, sigma=0.0), "augmentation.elastic.sigma must lie in 0.5..100, got 0.0"),
        (
            lambda: RandomResizedCrop(smallest_area=0.5, largest_area=0.2),
            "augmentation.random_resized_crop.smallest_area must be at most largest_area, got 0.5 and 0.2",
        ),
        (
            lambda: Erasing(smallest_area=0.5, largest_area=0.2),
            "augmentation.erasing.smallest_area must be at most largest_area, got 0.5 and 0.2",
        ),
        (
            lambda: PcaColour(eigenvalues=(1.0,)),
            "augmentation.pca_colour needs three eigenvalues and three eigenvectors of three numbers, or none",
        ),
    ],
)
def test_values_that_make_no_sense(make, message):
    with pytest.raises(UsageError) as caught:
        make()
    assert str(caught.value) == message


def test_an_operation_needs_both_a_range_and_a_probability():
    assert not Blur(sigma=1.0, probability=0.0).active and not Blur().active and Blur(sigma=1.0).active


def test_unknown_names():
    with pytest.raises(UnknownNameError) as caught:
        read_policy("standart", drawn=False)
    everything = (
        "(policies: none, light, standard, strong; operations alone: random_resized_crop, horizontal_flip, vertical_flip, scaling, "
        "shear, rotation, translation, perspective, elastic, blur, brightness, contrast, saturation, pca_colour, hue, gamma, noise, "
        "erasing, mixup, cutmix; or a file that ends in .toml)"
    )
    assert str(caught.value) == f"unknown augmentation policy 'standart'; did you mean 'standard'? {everything}"
    with pytest.raises(UnknownNameError) as caught:
        read_policy("foo", drawn=False)
    assert str(caught.value) == f"unknown augmentation policy 'foo' {everything}"
    with pytest.raises(UnknownNameError, match="did you mean 'rotation'"):
        read_policy("rotate", drawn=False)


def test_wrong_files(tmp_path):
    path = tmp_path / "policy.toml"
    with pytest.raises(UsageError, match=r"cannot read the augmentation policy .*policy\.toml: No such file"):
        read_policy(path, drawn=False)
    path.write_text("[rotation\n")
    with pytest.raises(UsageError, match="is not a TOML file"):
        read_policy(path, drawn=False)
    path.write_text("[rotation]\ndegree = 3\n")
    with pytest.raises(UnknownNameError) as caught:
        read_policy(path, drawn=False)
    assert str(caught.value) == (
        "unknown augmentation policy key 'augmentation.rotation.degree'; did you mean 'augmentation.rotation.degrees'?"
    )
    path.write_text("rotation = 3\n")
    with pytest.raises(UsageError, match=r"augmentation.rotation must be a table, got 3"):
        read_policy(path, drawn=False)
