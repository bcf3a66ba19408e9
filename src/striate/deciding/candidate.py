"""A way to make a classifier, as data: what of a request it says, what it will cost and what it promises. It needs no torch."""

from __future__ import annotations

from dataclasses import dataclass

FROM_SCRATCH = "scratch"
HEAD = "head"
STAGES = "stages"
FULL = "full"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A way to make a classifier: what it says of a `TrainingRequest` that leaves all of it open, and what is expected of it."""

    name: str
    """In people's words: `resnet20 from scratch at 64 px`."""
    kind: str
    """`scratch`, `head`, `stages` or `full`."""
    why: str
    """Why it is tried, a sentence's part."""
    model: str
    weights: str = ""
    """What it starts from; empty for new weights."""
    transfer: str = ""
    """As `--transfer` has it; empty where there are no weights."""
    size: int = 0
    """Side of the input in pixels; 0: as suits the pictures."""
    epochs: int = 0
    """Passes over the training pictures; 0: as the recipe has it."""
    balance: str = ""
    """As `--balance` has it; empty: as was asked for."""
    settings: tuple[str, ...] = ()
    """Assignments such as `optimizer.learning_rate=0.1`."""
    precision: str = ""
    """The number format that it is trained in, the faster one here; empty: it is measured then."""
    multiply_adds: float = 0.0
    """That all of it is expected to take, of training and of measuring."""
    seconds: float = 0.0
    """That it is expected to take here, idle."""
    gain: float = 0.0
    """How much of the accuracy that is missing so far it is expected to bring, 0..1; says in which order candidates are tried."""
