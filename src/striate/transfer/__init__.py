"""Transfer learning: what separates the new classes, what should learn, and the proof that the rest stayed."""

from striate.transfer.advice import Advice, advise
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
from striate.transfer.frozen_outputs import (
    FrozenPart,
    compute_outputs,
    maps_of,
    output_shapes,
    split_vectors,
    stage_vectors,
)
from striate.transfer.head import fit_head
from striate.transfer.proof import fingerprint, prove_frozen
from striate.transfer.separability import StageScore, linear_accuracy, logme, score_stages

__all__ = [
    "KINDS",
    "STAGE_RATE",
    "Advice",
    "FreezePlan",
    "FrozenPart",
    "Kind",
    "Part",
    "StageScore",
    "advise",
    "compute_outputs",
    "fingerprint",
    "fit_head",
    "freeze",
    "freeze_plan",
    "linear_accuracy",
    "logme",
    "maps_of",
    "output_shapes",
    "prove_frozen",
    "score_stages",
    "set_training_mode",
    "split_vectors",
    "stage_vectors",
]
