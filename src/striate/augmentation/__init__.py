"""Changes to training pictures: what may vary, how it is drawn, and the one resampling that applies it."""

from striate.augmentation.draws import permutation, uniform
from striate.augmentation.policy import AugmentationPolicy
from striate.augmentation.warp import augment, warp_matrices

__all__ = ["AugmentationPolicy", "augment", "permutation", "uniform", "warp_matrices"]
