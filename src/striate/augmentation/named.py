"""Policies by name, from files, and what they would do to a class."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from striate.augmentation.appearance import (
    Blur,
    Brightness,
    Contrast,
    Erasing,
    Gamma,
    Hue,
    Noise,
    PcaColour,
    Saturation,
)
from striate.augmentation.geometry import (
    Elastic,
    HorizontalFlip,
    Perspective,
    RandomResizedCrop,
    Rotation,
    Scaling,
    Shear,
    Translation,
    VerticalFlip,
)
from striate.augmentation.mixtures import Cutmix, Mixup
from striate.augmentation.operation import Operation
from striate.augmentation.policy import AugmentationPolicy
from striate.errors import UnknownNameError, UsageError
from striate.table_reading import read_dataclass

POLICIES: dict[str, AugmentationPolicy] = {
    "none": AugmentationPolicy(),
    "light": AugmentationPolicy(
        horizontal_flip=HorizontalFlip(probability=0.5),
        scaling=Scaling(factor=1.1),
        translation=Translation(share=0.05),
    ),
    "standard": AugmentationPolicy(
        horizontal_flip=HorizontalFlip(probability=0.5),
        scaling=Scaling(factor=1.15),
        rotation=Rotation(degrees=5.0),
        translation=Translation(share=0.08),
        brightness=Brightness(change=0.2),
        contrast=Contrast(change=0.2),
        saturation=Saturation(change=0.2),
    ),
    "strong": AugmentationPolicy(
        random_resized_crop=RandomResizedCrop(smallest_area=0.35, aspect=1.333),
        horizontal_flip=HorizontalFlip(probability=0.5),
        shear=Shear(degrees=8.0, probability=0.3),
        rotation=Rotation(degrees=15.0, probability=0.5),
        perspective=Perspective(distortion=0.2, probability=0.3),
        blur=Blur(sigma=1.5, probability=0.2),
        brightness=Brightness(change=0.4),
        contrast=Contrast(change=0.4),
        saturation=Saturation(change=0.4),
        pca_colour=PcaColour(deviation=0.1),
        hue=Hue(turn=0.04, probability=0.3),
        gamma=Gamma(factor=1.3, probability=0.3),
        noise=Noise(deviation=0.04, probability=0.2),
        erasing=Erasing(smallest_area=0.02, largest_area=0.2, probability=0.25),
        mixup=Mixup(alpha=0.2, probability=0.3),
        cutmix=Cutmix(alpha=1.0, probability=0.3),
    ),
}
"""For photographs: things and scenes, whose mirror images are of the same class."""

DRAWN_POLICIES: dict[str, AugmentationPolicy] = {
    "none": AugmentationPolicy(),
    "light": AugmentationPolicy(
        scaling=Scaling(factor=1.05),
        rotation=Rotation(degrees=5.0),
        translation=Translation(share=0.04),
    ),
    "standard": AugmentationPolicy(
        scaling=Scaling(factor=1.1),
        rotation=Rotation(degrees=10.0),
        translation=Translation(share=0.06),
    ),
    "strong": AugmentationPolicy(
        scaling=Scaling(factor=1.15),
        shear=Shear(degrees=10.0),
        rotation=Rotation(degrees=12.0),
        translation=Translation(share=0.08),
        elastic=Elastic(alpha=34.0, sigma=4.0, probability=0.5),
        blur=Blur(sigma=0.7, probability=0.2),
        gamma=Gamma(factor=1.5, probability=0.3),
        noise=Noise(deviation=0.08, probability=0.3),
        erasing=Erasing(smallest_area=0.01, largest_area=0.06, value=0.0, probability=0.2),
    ),
}
"""For digits, letters and drawings: nothing is mirrored or turned far, which would make another sign of a sign."""

ALONE: tuple[Operation, ...] = (
    RandomResizedCrop(smallest_area=0.2, aspect=1.333),
    HorizontalFlip(probability=0.5),
    VerticalFlip(probability=0.5),
    Scaling(factor=1.5),
    Shear(degrees=20.0),
    Rotation(degrees=30.0),
    Translation(share=0.2),
    Perspective(distortion=0.4),
    Elastic(alpha=34.0, sigma=4.0),
    Blur(sigma=3.0),
    Brightness(change=0.5),
    Contrast(change=0.5),
    Saturation(change=0.8),
    PcaColour(deviation=0.5),
    Hue(turn=0.2),
    Gamma(factor=2.0),
    Noise(deviation=0.15),
    Erasing(smallest_area=0.05, largest_area=0.3),
    Mixup(alpha=1.0),
    Cutmix(alpha=1.0),
)
"""Each operation alone, by its own name, strong enough to be seen."""


def named_policy(name: str, *, drawn: bool) -> AugmentationPolicy:
    """A policy by its name: `none`, `light`, `standard`, `strong`, or an operation's name for that one alone.

    Args:
        name: The name.
        drawn: Whether the pictures show digits, letters or drawings. Then the four policies change no class: nothing is mirrored.
            An operation that is named alone is what was asked for, and is not affected.

    Raises:
        UnknownNameError: If there is no such policy.

    Example:
        >>> named_policy("standard", drawn=True).horizontal_flip.active
        False
        >>> named_policy("rotation", drawn=False).to_dict()
        {'rotation': {'probability': 1.0, 'degrees': 30.0}}
    """
    policies = DRAWN_POLICIES if drawn else POLICIES
    if name in policies:
        return policies[name]
    for operation in ALONE:
        if operation.name == name:
            fields: dict[str, Any] = {name: operation}
            return AugmentationPolicy(**fields)
    alone = [operation.name for operation in ALONE]
    hint = f"(policies: {', '.join(policies)}; operations alone: {', '.join(alone)}; or a file that ends in .toml)"
    raise UnknownNameError("augmentation policy", name, [*policies, *alone], hint=hint)


def read_policy(name_or_path: str | Path | AugmentationPolicy, *, drawn: bool) -> AugmentationPolicy:
    """A policy by its name, or from a TOML file that has a table for each operation; a policy is answered as it is.

    Args:
        name_or_path: A name as `named_policy` takes it, or a path that ends in `.toml`. A file that has a table
            `augmentation`, as a recipe has, is read from there.
        drawn: As in `named_policy`.

    Raises:
        UnknownNameError: If there is no such policy.
        UsageError: If the file cannot be read, or a key or a value is wrong.
    """
    if isinstance(name_or_path, AugmentationPolicy):
        return name_or_path
    path = Path(name_or_path)
    if path.suffix.lower() != ".toml":
        return named_policy(str(name_or_path), drawn=drawn)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read the augmentation policy {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not a TOML file: {error}") from error
    return read_dataclass(
        AugmentationPolicy, table.get("augmentation", table), "augmentation.", what="augmentation policy"
    )


def class_changing(policy: AugmentationPolicy, *, drawn: bool) -> list[str]:
    """What in a policy may make a picture one of another class, a sentence each; none if there is nothing.

    Args:
        policy: What may vary.
        drawn: Whether the pictures show digits, letters or drawings.

    Example:
        >>> class_changing(named_policy("horizontal_flip", drawn=True), drawn=True)
        ['horizontal_flip mirrors digits and letters: b becomes d, and a mirrored 3 is no 3']
    """
    found = []
    if drawn and policy.horizontal_flip.active:
        found.append("horizontal_flip mirrors digits and letters: b becomes d, and a mirrored 3 is no 3")
    if drawn and policy.vertical_flip.active:
        found.append("vertical_flip turns digits and letters upside down: b becomes p, and M becomes W")
    if drawn and policy.rotation.active and policy.rotation.degrees > 45:
        found.append(
            f"rotation by up to {policy.rotation.degrees:g} degrees turns signs into others: 6 becomes 9, N becomes Z"
        )
    if drawn and policy.random_resized_crop.active and policy.random_resized_crop.smallest_area < 0.6:
        found.append("random_resized_crop may cut strokes off: an 8 without its lower half is a 0")
    if drawn and policy.erasing.active and policy.erasing.largest_area > 0.15:
        found.append(
            "erasing may cover a stroke that tells a digit or letter from another: an E without its foot is an F"
        )
    if not drawn and policy.random_resized_crop.active and policy.random_resized_crop.smallest_area < 0.08:
        found.append(
            f"random_resized_crop down to {policy.random_resized_crop.smallest_area:.0%} of the area may leave the object out"
        )
    if policy.hue.active and policy.hue.turn > 0.1:
        found.append(
            f"hue turned by up to {policy.hue.turn:g} of the circle changes the class where colour is what tells classes apart"
        )
    if policy.erasing.active and policy.erasing.largest_area > 0.6:
        found.append(f"erasing up to {policy.erasing.largest_area:.0%} of the area may cover the object")
    return found
