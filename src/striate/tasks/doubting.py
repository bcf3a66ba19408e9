"""A decision rule at work: what is answered of probabilities, on which pictures it abstains, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.evaluation.conformal import conformal_sets
from striate.evaluation.costs import expected_costs, least_cost
from striate.evaluation.familiarity import unfamiliarity
from striate.tasks.decision_rule import DecisionRule
from striate.tasks.prediction import Doubt
from striate.tasks.task import Targets, Task

Array = npt.NDArray[np.floating[Any]]

UNLIKE = "unlike what I was trained on"


@dataclass(frozen=True, eq=False)
class Decided:
    """What a rule comes to on n pictures."""

    answers: Targets
    """(n,) the label, also where it abstains from saying it; (n, classes) of several."""
    unlike: npt.NDArray[np.bool_]
    """(n,) where it abstains because nothing like the picture was learnt."""
    torn: npt.NDArray[np.bool_]
    """(n,) where it abstains because it is not sure enough."""
    dear: npt.NDArray[np.bool_]
    """(n,) where it abstains because every answer costs more on average."""
    sets: npt.NDArray[np.bool_] | None
    """(n, classes)."""
    unfamiliarity: npt.NDArray[np.float64] | None
    """(n,) in standard deviations from what is usual."""

    @property
    def abstains(self) -> npt.NDArray[np.bool_]:
        """(n,) where it gives no answer."""
        return np.asarray(self.unlike | self.torn | self.dear)


class Doubting:
    """A rule, ready to be asked.

    Args:
        rule: As sealed.
        task: What is asked, with its thresholds.
        classes: In the order of the probabilities.
        bank: (m, d) float32 rows of length 1: the features of training pictures, where the rule asks how unlike a picture is.

    Example:
        >>> from striate.tasks import SINGLE_LABEL
        >>> from striate.tasks.decision_rule import LeastSure
        >>> doubting = Doubting(DecisionRule(LeastSure("error=0.01", 0.9, 500, 450, 1)), SINGLE_LABEL, ["cat", "dog"])
        >>> probabilities = np.array([[0.95, 0.05], [0.6, 0.4]])
        >>> [doubt.reason for doubt in doubting.doubts(probabilities, doubting.decide(probabilities))]
        [None, 'torn between cat and dog']
    """

    def __init__(
        self, rule: DecisionRule, task: Task, classes: Sequence[str], bank: npt.NDArray[np.float32] | None = None
    ) -> None:
        self.rule = rule
        self._task = task
        self._classes = tuple(classes)
        self._bank = bank
        costs, sets = rule.costs, rule.sets
        self._costs = (
            np.array([[costs.table[true][answer] for answer in classes] for true in classes], np.float64)
            if costs
            else None
        )
        self._least = np.array([sets.least_probability[name] for name in classes], np.float64) if sets else None

    def decide(self, probabilities: Array, logits: Array | None = None, features: Array | None = None) -> Decided:
        """What is answered, and where not.

        Args:
            probabilities: (n, classes).
            logits: (n, width) and `features` (n, d) of the same pictures, which it takes to ask how unlike a picture is.
            features: See `logits`.
        """
        rule, costs = self.rule, self._costs
        never = np.zeros(len(probabilities), bool)
        answers = self._task.decide(probabilities) if costs is None else least_cost(probabilities, costs)
        dear = never
        if costs is not None and rule.costs is not None and rule.costs.abstaining is not None:
            dear = expected_costs(probabilities, costs).min(axis=1) > rule.costs.abstaining
        torn = never
        if rule.least_sure is not None:
            torn = self._task.confidence(probabilities, answers) < rule.least_sure.least_probability
        unlike, scores = never, None
        if rule.unfamiliar is not None and self._bank is not None and logits is not None and features is not None:
            scores = unfamiliarity(self._task.energies(logits), features, self._bank, rule.unfamiliar.usual)
            unlike = scores > rule.unfamiliar.largest
        sets = None if self._least is None else conformal_sets(probabilities, self._least)
        return Decided(answers, unlike, torn, dear, sets, scores)

    def doubts(self, probabilities: Array, decided: Decided) -> list[Doubt]:
        """What is told of each picture."""
        abstains, sure = decided.abstains, self._task.confidence(probabilities, decided.answers)
        return [
            Doubt(
                label=self._task.tell(decided.answers[row], self._classes),
                probability=float(sure[row]),
                abstains=bool(abstains[row]) if self.rule.abstains else None,
                reason=self._reason(probabilities[row], decided, row) if abstains[row] else None,
                labels=None if decided.sets is None else self._set(probabilities[row], decided.sets[row]),
                unfamiliarity=None if decided.unfamiliarity is None else float(decided.unfamiliarity[row]),
            )
            for row in range(len(probabilities))
        ]

    def _reason(self, probabilities: Array, decided: Decided, row: int) -> str:
        if decided.unlike[row]:
            return UNLIKE
        if decided.torn[row] and self._task.several:
            chances = np.where(decided.answers[row], probabilities, 1 - probabilities)
            return f"not sure of {self._classes[int(chances.argmin())]}"
        if decided.torn[row]:
            order = [int(place) for place in np.argsort(-probabilities, kind="stable")[:2]]
            answer = int(decided.answers[row])
            pair = [answer, *(place for place in order if place != answer)][:2]
            return "torn between " + " and ".join(self._classes[place] for place in pair)
        return f"every answer costs more than abstaining, {self._classes[decided.answers[row]]} the least"

    def _set(self, probabilities: Array, inside: npt.NDArray[np.bool_]) -> tuple[str, ...]:
        """The classes of a set, the most probable first."""
        return tuple(
            self._classes[place] for place in np.argsort(-probabilities, kind="stable")[: len(inside)] if inside[place]
        )
