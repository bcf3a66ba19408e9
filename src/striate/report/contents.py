"""What a training report tells, as plain data: texts, numbers and pictures, nothing of torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from striate.decision import Decision
from striate.encodings import DEFAULT_KIND
from striate.evaluation import Finding, ReliabilityBin
from striate.evaluation.abstention import RiskCoverage
from striate.evaluation.two_classes import AtThreshold, ThresholdCurves
from striate.report.word_contents import ScoredWord
from striate.tasks import DEFAULT_TASK

Picture = npt.NDArray[np.integer[Any]]  # (H, W), (H, W, 1) or (H, W, 3) uint8, grey or RGB


class Quarantined(NamedTuple):
    """A picture that could not be used."""

    key: str
    reason: str


class Mistake(NamedTuple):
    """A picture that was called what it is not, or a sentence."""

    picture: Picture | str
    key: str
    true: str
    predicted: str
    probability: float  # of the predicted class, in [0, 1]


class Spoken(NamedTuple):
    """What in a picture spoke for the class that it was called, and what for the one that it is."""

    mistake: Mistake
    for_predicted: Picture  # the heat over the picture
    for_true: Picture


class SpokenWords(NamedTuple):
    """What each word of a sentence added to the answer that it got, over the one that it should have got."""

    mistake: Mistake
    words: Sequence[ScoredWord]  # in logits


@dataclass(frozen=True)
class DataSummary:
    """The pictures that a network was trained and tried on."""

    location: str
    counts: Mapping[str, Mapping[str, int]]  # class -> split -> pictures
    kind: str = DEFAULT_KIND  # what is given, a name of `striate.encodings`
    pictures: Mapping[str, int] = field(default_factory=dict)  # split -> pictures; empty: the sums of the counts
    ignored: Mapping[str, int] = field(default_factory=dict)  # what -> how many, such as {"stray files": 3}
    quarantined: Sequence[tuple[str, str]] = ()  # (key, reason), as in `Quarantined`
    # class -> pictures; up to 8 a class are shown, with more than 20 classes only the first
    samples: Mapping[str, Sequence[Picture]] = field(default_factory=dict)
    sentences: Mapping[str, Sequence[str]] = field(default_factory=dict)  # class -> sentences, where such are given


@dataclass(frozen=True)
class SeeingInside:
    """What the network looks at."""

    filters_of: str = ""  # the first layer's path
    filters: Sequence[Picture] = ()  # each on its own scale, 0 being mid-grey
    heat_of: str = ""  # the path of the layer that Grad-CAM looks at
    spoken: Sequence[Spoken] = ()
    notes: Sequence[str] = ()  # what is not shown, and why
    words: Sequence[SpokenWords] = ()  # where sentences are given


@dataclass(frozen=True)
class Calibration:
    """How far probabilities can be trusted."""

    temperature: float
    pictures: int  # validation pictures that it was fitted on; 0: it was not
    split: str  # the headline's, on which the following was measured
    error: float  # expected calibration error, in [0, 1]
    error_uncalibrated: float  # at temperature 1
    bins: Sequence[ReliabilityBin]
    adaptive_bins: Sequence[ReliabilityBin] = ()  # of as many pictures each
    adaptive_error: float | None = None  # over those
    risk: RiskCoverage | None = None  # how often it is wrong, if it answers only what it is surest of


@dataclass(frozen=True)
class TwoClasses:
    """What every threshold would do, where there are two classes."""

    positive: str  # the class that is sought
    negative: str
    why: str  # why this one is sought
    split: str  # whose pictures the curves are of
    curves: ThresholdCurves
    half: AtThreshold  # at 0.5, on the same pictures
    chosen: AtThreshold | None = None  # at the threshold that was chosen, on the same pictures
    chosen_on: str = ""  # the split that it was chosen on


@dataclass(frozen=True)
class LabelCurve:
    """Precision over recall of one label, where a picture may have several."""

    name: str
    recall: Sequence[float]
    precision: Sequence[float]
    average_precision: float
    chance: float  # the share of pictures that have it
    threshold: float
    at: tuple[float, float] | None  # recall and precision at the threshold; None where it names nothing


class Tried(NamedTuple):
    """A candidate of a tournament."""

    name: str
    state: str  # what came of it, in a word or two
    why: str  # a sentence's part
    took_place: bool  # whether it took the place of the one before, or was the first
    accuracy: float | None = None  # on the validation pictures; None before it is measured
    interval: tuple[float, ...] = ()  # 95 %: (low, high)
    ended_after: float | None = None  # seconds of work on the run
    seconds: float | None = None  # that it took
    score: str = ""  # by the metric that candidates are compared by, if that is not the accuracy
    share: float | None = None  # that score, where it lies in 0..1: the picture shows it in place of the accuracy


@dataclass(frozen=True)
class Tournament:
    """How the classifier was found: what was tried, and what came of it."""

    candidates: Sequence[Tried]  # in the order in which they are tried
    said: str  # sentences
    metric: str = ""  # what candidates are compared by, if that is not the accuracy
    accuracy: str = "accuracy"  # what the accuracy is called


@dataclass(frozen=True)
class Unfinished:
    """How a run stands that has not ended."""

    running: bool  # whether it was going on when the report was written; if so, the page reads itself again and again
    said: str  # where it is, or why it stopped: one sentence or two
    resume_command: str
    written: str  # time, as it is to be read


@dataclass(frozen=True)
class TrainingReport:
    """One training run, finished or not; what is not known yet is left empty and not shown."""

    title: str
    run: str  # the run folder's name
    created: str  # date and time, as they are to be read
    model: str
    data: DataSummary
    task: str = DEFAULT_TASK  # whose parts it has
    parameters: int | None = None  # trainable ones
    epochs_planned: int | None = None
    tournament: Tournament | None = None
    history: Sequence[Mapping[str, float | None]] = ()  # rows as in metrics.jsonl
    scores: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # split -> `Scores.to_dict()`
    mistakes: Sequence[
        tuple[Picture | str, str, str, str, float]
    ] = ()  # as in `Mistake`, of the headline's split, worst first
    calibration: Calibration | None = None
    two_classes: TwoClasses | None = None
    label_curves: Sequence[LabelCurve] = ()
    seeing: SeeingInside | None = None
    decisions: Sequence[Decision] = ()
    recipe: str = ""  # TOML
    predict_commands: Sequence[str] = ()
    findings: Sequence[Finding] = ()  # what is worth knowing, what puts the result in doubt first
    hardware: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)  # what -> seconds, parts that do not overlap
    unfinished: Unfinished | None = None  # None: the run has ended, and this is its last report

    @property
    def headline_split(self) -> str | None:
        """The split whose scores the report leads with: `test`, else `val`, else the first there is, else None."""
        return next((split for split in ("test", "val", *self.scores) if split in self.scores), None)
