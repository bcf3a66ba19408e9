"""The sealed model: all that prediction needs, nothing that can run code, and the means to tell when it was changed."""

from striate.bundle.canaries import CANARY_FILES, Canary, CanarySheet, compare_canaries, read_canaries, sample_pixels
from striate.bundle.contract import Contract, PrecisionTerms
from striate.bundle.folder import Bundle, BundleContent, open_bundle, write_bundle
from striate.bundle.seen import SeenPictures

__all__ = [
    "CANARY_FILES",
    "Bundle",
    "BundleContent",
    "Canary",
    "CanarySheet",
    "Contract",
    "PrecisionTerms",
    "SeenPictures",
    "compare_canaries",
    "open_bundle",
    "read_canaries",
    "sample_pixels",
    "write_bundle",
]
