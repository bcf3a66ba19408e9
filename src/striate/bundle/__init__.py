"""The sealed model: all that prediction needs, nothing that can run code, and the means to tell when it was changed."""

from striate.bundle.canaries import Canary, CanarySheet, compare_canaries, read_canaries
from striate.bundle.contract import Contract, PrecisionTerms
from striate.bundle.folder import Bundle, BundleContent, open_bundle, read_bundle, write_bundle
from striate.bundle.seen import SeenPictures

__all__ = [
    "Bundle",
    "BundleContent",
    "Canary",
    "CanarySheet",
    "Contract",
    "PrecisionTerms",
    "SeenPictures",
    "compare_canaries",
    "open_bundle",
    "read_bundle",
    "read_canaries",
    "write_bundle",
]
