"""A string of signs in each picture, read from left to right: what CTC's paths come to."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.errors import UnknownNameError
from striate.evaluation import Finding, ReliabilityBin
from striate.evaluation.familiarity import energy
from striate.evaluation.label_scores import label_reliability
from striate.evaluation.string_findings import judge_reading
from striate.evaluation.string_scores import EPSILON, StringReadingScores, score_reading
from striate.tasks.ctc_decoding import (
    UNKNOWN,
    Strings,
    decode_by_prefixes,
    greedy_strings,
    log_probability,
    rows_of,
    same_strings,
)
from striate.tasks.prediction import Prediction
from striate.tasks.string_temperature import fit_string_temperature, log_softmax_at

GREEDY, BEAM = "greedy", "beam"
DECODINGS = (GREEDY, BEAM)
"""Each line's most probable path, or its most probable string among 16 beginnings that are kept at each place."""

BLANK_NAME = ""
"""What its logit is called beside those of the signs: no sign has this name."""

REPLACEMENT = "\ufffd"
"""What stands for a sign that is not in the alphabet."""


def normal_string(told: str) -> str:
    r"""A text as it is learnt and read: its NFC, white space as single spaces, none at either end.

    Example:
        >>> normal_string(" e\u0301t\u00e9 \n 12 ") == "\u00e9t\u00e9 12"
        True
    """
    return " ".join((told if told.isascii() else unicodedata.normalize("NFC", told)).split())


@dataclass(frozen=True)
class ReadSequence:
    """Each picture says a string, which may be empty; the classes are the signs of its alphabet, which the blank is no part of.

    A target is a row of places in the alphabet. Probabilities are (n, T, signs and the blank): a softmax at each place of a line.

    Example:
        >>> task = ReadSequence()
        >>> task.encode(["ba", ""], ["a", "b"]).tolist(), task.tell([1, 0, -1], ["a", "b"]), task.width(["a", "b"])
        ([[1, 0], [-1, -1]], 'ba', 3)
    """

    decoding: str = GREEDY
    name: str = "sequence"
    figures: tuple[str, ...] = (
        *("accuracy", "accuracy_interval", "character_error_rate", "count", "log_loss"),
        *("expected_calibration_error", "expected_calibration_error_uncalibrated"),
    )
    leading_figures: tuple[str, ...] = ("accuracy", "character_error_rate")
    parts: tuple[str, ...] = ("strings", "signs", "calibration")
    rule_parts: tuple[str, ...] = ()
    headline: str = "string_headline"
    splits: str = "string_splits"
    column: str = "text"
    several: bool = True
    sequential: bool = True
    most_classes: int | None = None
    classifier: str = "softmax"
    fewest_classes: int = 1
    noun: str = "sign"
    unlearnt: str = "where it stands nothing can be read right, and the string counts as wrong"
    decodings: tuple[str, ...] = DECODINGS

    def names(self, told: str) -> tuple[str, ...]:
        """The signs of the string, each once, in the order of their first place: code points of its NFC."""
        return tuple(dict.fromkeys(normal_string(told)))

    def also(self, told: str, more: str) -> str:
        """The first: a picture says one string."""
        return told

    def encode(self, told: Sequence[str], classes: Sequence[str]) -> npt.NDArray[np.int32]:
        """(n, longest) int32: the place of each sign; a sign that is not in the alphabet is `UNKNOWN`."""
        places = {sign: place for place, sign in enumerate(classes)}
        return rows_of([[places.get(sign, UNKNOWN) for sign in normal_string(text)] for text in told])

    def tell(self, target: Any, classes: Sequence[str]) -> str:
        """The string."""
        return "".join(
            classes[place] if place >= 0 else REPLACEMENT for place in np.asarray(target).tolist() if place != -1
        )

    def shows(self, targets: Strings, place: int) -> npt.NDArray[np.bool_]:
        """Whether the sign is anywhere in the string."""
        return np.asarray((targets == place).any(axis=1))

    def support(self, targets: Strings, classes: int) -> npt.NDArray[np.int64]:
        """In how many strings each sign is."""
        rows, columns = np.nonzero(targets >= 0)
        there = np.unique(rows * max(1, classes) + targets[rows, columns])
        return np.bincount(there % max(1, classes), minlength=classes).astype(np.int64)

    def replaced(self, targets: Strings, places: npt.NDArray[np.integer[Any]], classes: int) -> Strings:
        """The new place of each sign; one at -1 is unknown."""
        moved = np.array(targets, np.int32)
        known = moved >= 0
        new = np.asarray(places, np.int32)[moved[known]]
        moved[known] = np.where(new < 0, UNKNOWN, new)
        return moved

    def joined(self, targets: Strings) -> Any:
        """The string, which all copies have."""
        return targets[0]

    def strata(self, targets: Strings) -> npt.NDArray[np.int64]:
        """The strings' lengths."""
        return np.asarray((targets != -1).sum(axis=1), np.int64)

    def contradicts(self, one: Strings, other: Strings) -> npt.NDArray[np.bool_]:
        """Where the strings differ: at most one of them is right."""
        return np.asarray((one != other).any(axis=1))

    def outputs(self, classes: Sequence[str]) -> tuple[str, ...]:
        """The blank, and the signs."""
        return (BLANK_NAME, *classes)

    def width(self, classes: Sequence[str]) -> int:
        """A logit a sign, and the blank's, at each place."""
        return len(classes) + 1

    def probabilities(
        self, logits: npt.NDArray[np.floating[Any]], calibration: Mapping[str, int | float]
    ) -> npt.NDArray[np.float64]:
        """(n, T, signs and the blank): at each place the softmax of the logits over the calibration's `temperature`."""
        return np.exp(log_softmax_at(logits, calibration["temperature"]))

    def energies(self, logits: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
        """The mean of those of the softmaxes at its places."""
        return np.asarray(energy(logits.reshape(-1, logits.shape[-1])).reshape(logits.shape[:-1]).mean(axis=1))

    def fit_temperature(self, logits: npt.NDArray[np.floating[Any]], targets: Strings) -> float | None:
        """The one under which right strings are most probable, over all paths; the same at every place."""
        return fit_string_temperature(logits, targets)

    def choose_thresholds(
        self, probabilities: npt.NDArray[np.floating[Any]], targets: Strings, classes: Sequence[str]
    ) -> Mapping[str, float]:
        """None: a string is read or not."""
        return {}

    def with_thresholds(self, thresholds: Mapping[str, float], classes: Sequence[str]) -> ReadSequence:
        """The task as it is."""
        return self

    def with_decoding(self, decoding: str) -> ReadSequence:
        """The task as it reads so.

        Raises:
            UnknownNameError: There is no such way.
        """
        if decoding not in DECODINGS:
            raise UnknownNameError("decoding", decoding, DECODINGS)
        return replace(self, decoding=decoding)

    def decide(self, probabilities: npt.NDArray[np.floating[Any]]) -> Strings:
        """(n, up to T): what is read of each line."""
        if self.decoding == GREEDY or not len(probabilities):
            return greedy_strings(probabilities) if probabilities.ndim == 3 else rows_of([])
        return rows_of([decode_by_prefixes(_logarithms(line))[0][0] for line in probabilities])

    def same(self, one: Strings, other: Strings) -> npt.NDArray[np.bool_]:
        """Where the strings are equal as a whole; their mean, against the right ones, is the sequence accuracy."""
        return same_strings(one, other)

    def confidence(self, probabilities: npt.NDArray[np.floating[Any]], answers: Strings) -> npt.NDArray[np.float64]:
        """The probability of each string, over all paths that say it."""
        return np.exp(log_probability(_logarithms(probabilities), answers))

    def surest_mistakes(
        self, probabilities: npt.NDArray[np.floating[Any]], targets: Strings, count: int
    ) -> npt.NDArray[np.int64]:
        """Falling in the probability of the wrong string."""
        answers = self.decide(probabilities)
        wrong = np.flatnonzero(~self.same(answers, targets))
        sure = self.confidence(probabilities[wrong], answers[wrong])
        return wrong[np.argsort(-sure, kind="stable")][:count].astype(np.int64)

    def describe(
        self, path: str, probabilities: npt.NDArray[np.floating[Any]], classes: Sequence[str], *, top: int
    ) -> Prediction:
        """The string that is read and its probability; by a beam also the next ones."""
        line = _logarithms(probabilities)
        if self.decoding == BEAM:
            found = [(signs, float(np.exp(chance))) for signs, chance in decode_by_prefixes(line)]
        else:
            answer = greedy_strings(probabilities[np.newaxis])
            found = [(tuple(answer[0].tolist()), float(np.exp(log_probability(line[np.newaxis], answer)[0])))]
        ranked = tuple((self.tell(signs, classes), chance) for signs, chance in found)
        return Prediction(path, ranked[0][0], ranked[0][1], ranked[: max(top, 0)])

    def alternatives(self, classes: Sequence[str], top: int) -> int:
        """Greedily one string, by a beam as many as are asked for."""
        return top if self.decoding == BEAM else min(1, top)

    def reliability(self, probabilities: npt.NDArray[np.floating[Any]], targets: Strings) -> tuple[ReliabilityBin, ...]:
        """Of the strings that are read."""
        answers = self.decide(probabilities)
        sure, right = self.confidence(probabilities, answers), self.same(answers, targets)
        return label_reliability(sure[:, None], right[:, None])

    def score(
        self, probabilities: npt.NDArray[np.floating[Any]], targets: Strings, classes: Sequence[str]
    ) -> StringReadingScores:
        """Sequence accuracy, character error rate, and what was taken for what."""
        answers, logarithms = self.decide(probabilities), _logarithms(probabilities)
        return score_reading(
            [self.tell(target, classes) for target in targets],
            [self.tell(answer, classes) for answer in answers],
            classes,
            of_truth=log_probability(logarithms, targets),
            of_read=log_probability(logarithms, answers),
        )

    def read_scores(self, figures: Mapping[str, Any]) -> StringReadingScores:
        """What `to_dict` of its scores wrote."""
        return StringReadingScores.from_dict(figures)

    def headline_facts(
        self, figures: Mapping[str, Any], split: str, *, many: str = "pictures"
    ) -> list[tuple[str, str]]:
        """The sequence accuracy, and the character error rate."""
        low, high = figures["accuracy_interval"]
        found = f"{figures['accuracy']:.2%} on {figures['count']:,} {many} of {split} (95 % interval {low:.1%} to {high:.1%})"
        return [("sequence accuracy", found), ("character error rate", f"{figures['character_error_rate']:.2%}")]

    def judge(
        self,
        scores: Any,
        split: str,
        *,
        remedy: str,
        balance: str = "none",
        learnt_briefly: bool = False,
        many: str = "pictures",
    ) -> tuple[Finding, ...]:
        """Whether it reads at all, and signs that are hardly ever read right."""
        return judge_reading(scores, split, remedy=remedy, many=many)


def _logarithms(probabilities: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    return np.log(np.maximum(np.asarray(probabilities, np.float64), EPSILON))


SEQUENCE = ReadSequence()
