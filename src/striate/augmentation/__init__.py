"""Changes to training pictures: what may vary, how it is drawn, and one resampling for all movements."""

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
from striate.augmentation.applying import augment, draw_policy
from striate.augmentation.colour import principal_colours
from striate.augmentation.draws import permutation, uniform
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
from striate.augmentation.mixing import Mixture, draw_mixture, mix, mixing_partners
from striate.augmentation.mixtures import Cutmix, Mixup
from striate.augmentation.named import class_changing, named_policy, read_policy
from striate.augmentation.operation import Draws, Operation
from striate.augmentation.policy import AugmentationPolicy, with_principal_colours

__all__ = [
    "AugmentationPolicy",
    "Blur",
    "Brightness",
    "Contrast",
    "Cutmix",
    "Draws",
    "Elastic",
    "Erasing",
    "Gamma",
    "HorizontalFlip",
    "Hue",
    "Mixture",
    "Mixup",
    "Noise",
    "Operation",
    "PcaColour",
    "Perspective",
    "RandomResizedCrop",
    "Rotation",
    "Saturation",
    "Scaling",
    "Shear",
    "Translation",
    "VerticalFlip",
    "augment",
    "class_changing",
    "draw_mixture",
    "draw_policy",
    "mix",
    "mixing_partners",
    "named_policy",
    "permutation",
    "principal_colours",
    "read_policy",
    "uniform",
    "with_principal_colours",
]
