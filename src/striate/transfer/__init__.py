"""Transfer learning: what separates the new classes, what should learn, and the proof that the rest stayed."""

from striate.transfer.freezing import (
    KINDS,
    STAGE_RATE,
    FreezePlan,
    Kind,
    Part,
    freeze,
    freeze_plan,
    set_training_mode,
)
from striate.transfer.proof import fingerprint, prove_frozen

__all__ = [
    "KINDS",
    "STAGE_RATE",
    "FreezePlan",
    "Kind",
    "Part",
    "fingerprint",
    "freeze",
    "freeze_plan",
    "prove_frozen",
    "set_training_mode",
]
