"""What a sealed decision rule came to on labelled pictures: whether its promises were kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from striate.evaluation import wilson_interval
from striate.runs.unseen_pictures import BATCH, UnseenPictures
from striate.runtime import Classifier
from striate.watching import Watcher
from striate.wording import percent


@dataclass(frozen=True)
class RuleKept:
    """Counts of pictures that the rule was not chosen on; what the rule does not ask is None."""

    count: int
    answered: int | None
    wrong: int | None
    """Of the answered ones."""
    unlike: int | None
    """Called unlike all that was learnt."""
    in_set: int | None
    """Whose true class is in the set."""
    set_size: float | None
    """Classes in a set, on average."""
    chosen_on: int = 0
    """Pictures more, which the rule was chosen on, so that they do not tell whether it keeps its promises."""
    many: str = "pictures"

    def to_dict(self) -> dict[str, Any]:
        """What there is, as JSON types."""
        return {name: value for name, value in vars(self).items() if value is not None and name != "many"}

    def facts(self) -> list[tuple[str, str]]:
        """For people."""
        if not self.count:
            return [("rule", f"not measured: it was chosen on these very {self.many}; give others")]
        said = []
        if self.chosen_on:
            said.append(("rule", f"measured without {self.chosen_on:,} {self.many} that it was chosen on"))
        if self.answered is not None and self.wrong is not None:
            text = f"{self.answered:,} of {self.count:,} ({percent(self.answered / self.count, space='')})"
            if self.answered:
                text += f", {self.wrong:,} of them wrong ({share_text(self.wrong, self.answered)})"
            said.append(("answered", text))
        if self.unlike is not None:
            said.append(("unfamiliar", f"{self.unlike:,} ({share_text(self.unlike, self.count)})"))
        if self.in_set is not None:
            text = f"the true class is in {share_text(self.in_set, self.count)} of them, {self.set_size:.2f} classes on average"
            said.append(("sets", text))
        return said


def rule_kept(classifier: Classifier, pictures: UnseenPictures, watcher: Watcher) -> RuleKept | None:
    """What the classifier's rule comes to; None where it has none."""
    if classifier.doubting is None:
        return None
    chosen_on = classifier.rule_pictures().contains(pictures.dataset.checked_facts.digests)
    others = np.flatnonzero(~chosen_on)
    rule, dataset = classifier.doubting.rule, pictures.dataset.select(others)
    answered = wrong = unlike = in_set = in_sets = 0
    for start in range(0, len(dataset), BATCH):
        rows = range(start, min(start + BATCH, len(dataset)))
        decided = classifier.decide([dataset.pictures.read(row) for row in rows])
        labels = pictures.labels[others[rows.start : rows.stop]]
        given = ~decided.abstains
        answered += int(given.sum())
        wrong += int(given.sum()) - int(classifier.task.same(decided.answers[given], labels[given]).sum())
        unlike += int(decided.unlike.sum())
        if decided.sets is not None:
            in_set += int(decided.sets[np.arange(len(labels)), labels].sum())
            in_sets += int(decided.sets.sum())
        watcher.task("abstaining", rows.stop, len(dataset))
    count = len(dataset)
    return RuleKept(
        count=count,
        answered=answered if rule.abstains or rule.costs is not None else None,
        wrong=wrong if rule.abstains or rule.costs is not None else None,
        unlike=unlike if rule.unfamiliar is not None else None,
        in_set=in_set if rule.sets is not None else None,
        set_size=in_sets / count if rule.sets is not None and count else None,
        chosen_on=int(chosen_on.sum()),
        many=dataset.plural,
    )


def share_text(part: int, whole: int) -> str:
    """A share with its interval.

    Example:
        >>> share_text(3, 300)
        '1.0%; 95 % interval 0.3% to 2.9%'
    """
    low, high = (percent(end, space="") for end in wilson_interval(part, whole))
    return f"{percent(part / whole, space='')}; 95 % interval {low} to {high}"
