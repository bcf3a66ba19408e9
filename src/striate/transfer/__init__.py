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
from striate.transfer.stage_heads import HeadScore, choose_head, head_candidates, score_heads

__all__ = [
    "KINDS",
    "STAGE_RATE",
    "Advice",
    "FreezePlan",
    "FrozenPart",
    "HeadScore",
    "Kind",
    "Part",
    "StageScore",
    "advise",
    "choose_head",
    "compute_outputs",
    "fingerprint",
    "fit_head",
    "freeze",
    "freeze_plan",
    "head_candidates",
    "linear_accuracy",
    "logme",
    "maps_of",
    "output_shapes",
    "prove_frozen",
    "score_heads",
    "score_stages",
    "set_training_mode",
    "split_vectors",
    "stage_vectors",
]
