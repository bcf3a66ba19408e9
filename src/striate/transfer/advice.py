"""Which transfer suits the data: by how much of it there is, and by how like the source it is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from striate.errors import UsageError
from striate.text_layout import table, wrapped
from striate.transfer.freezing import Kind
from striate.transfer.separability import StageScore
from striate.transfer.stage_heads import HeadScore, choose_head

MANY_PICTURES = 1000
MANY_PER_CLASS = 50
SIMILAR = 0.5
"""Share of mistakes that the last third of the stages must remove. With MobileNetV2 from ImageNet it removes 0.9 of Imagenette's and
0.7 of ants' and bees', whose classes are ImageNet's or near them; 0.2 of CIFAR-10's, and none of the digits'."""
SATURATED = 0.97
"""Accuracy of the head alone from which more training has next to nothing left to gain."""
NOTHING = 0.1
"""Share of the way from chance to certainty that the best stage must reach, or the weights are of no use."""
EPOCHS = 5
LEAST_SEEN, MOST_SEEN = 2000, 20_000
"""What stages need to settle after the head was fitted: five epochs, more where those are few pictures, fewer where they are many.
With the last three stages of MobileNetV2 on 1,000 digits of MNIST five epochs reach 96.2 %, eight 97.1 %; the head alone 92.2 %."""


@dataclass(frozen=True)
class Advice:
    """What should learn, and why; made by `advise`."""

    kind: Kind
    trainable_stages: int  # of the last ones; all for "full" and "scratch", none for "head"
    reasons: tuple[str, str]  # a sentence on the data, and one on what follows
    training_pictures: int
    classes: int
    size: float  # 1 where pictures begin to be many; twice as much with twice as many
    similarity: float  # share of mistakes that the last third of the stages removes; below 0 it adds some
    best_stage: str  # the earliest whose features separate the classes as well as any, within the error
    scores: tuple[StageScore, ...]
    epochs: int  # that stages need at least to settle; `seconds` is for so many
    seconds: float | None = None  # what training takes, if that is known
    head_stages: tuple[str, ...] = ()  # where the head alone learns: what it is fitted to; none: the last vector
    heads: tuple[HeadScore, ...] = ()  # that were compared

    @property
    def many(self) -> bool:
        """Whether the pictures are many: at least 1,000, and 50 a class."""
        return self.size >= 1

    @property
    def similar(self) -> bool:
        """Whether the pictures are like what the network was trained on: its last stages still help."""
        return self.similarity >= SIMILAR

    @property
    def quadrant(self) -> str:
        """The place among the four, such as `"few and similar"`."""
        return f"{'many' if self.many else 'few'} and {'similar' if self.similar else 'different'}"

    @property
    def transfer(self) -> str:
        """As the option `--transfer` has it: `head`, `head:layer2`, `stages:2`, `full` or `scratch`."""
        if self.head_stages:
            return f"head:{'+'.join(self.head_stages)}"
        return f"stages:{self.trainable_stages}" if self.kind == "stages" else self.kind

    def to_dict(self) -> dict[str, Any]:
        """All of it in JSON's types."""
        derived = {"transfer": self.transfer, "quadrant": self.quadrant, "many": self.many, "similar": self.similar}
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        rows = {"scores": [asdict(row) for row in self.scores], "heads": [row.to_dict() for row in self.heads]}
        return derived | own | {"reasons": list(self.reasons), "head_stages": list(self.head_stages)} | rows

    def to_text(self, width: int | None = None) -> str:
        """For people: the choice, the two sentences, and the scores of the stages; on a screen of `width` columns no word is cut."""
        rows = [
            (
                score.stage,
                f"{score.width}",
                f"{score.accuracy * 100:.1f} %",
                f"{score.logme:.3f}",
                "<- earliest as good as any" if score.stage == self.best_stage else "",
            )
            for score in self.scores
        ]
        scores = table(("stage", "width", "accuracy", "LogME", ""), rows, left=("",), width=width)
        said = wrapped("\n".join([f"transfer: {self.transfer}", *self.reasons]), width)
        return "\n".join([*said, "", *scores, *self._heads_text(width)])

    def _heads_text(self, width: int | None) -> list[str]:
        if not self.heads:
            return []
        best, whole = choose_head(self.heads), max(head.macs for head in self.heads)
        rows = [
            (
                " + ".join(head.stages),
                f"{head.width:,}",
                f"{head.macs / whole * 100:.0f} %",
                f"{head.accuracy * 100:.1f} %",
                f"{head.log_loss:.3f}",
                "<- cheapest as good as any" if head is best else "",
            )
            for head in self.heads
        ]
        heads = ("head on mean and maximum of", "inputs", "multiply-adds", "accuracy", "log-loss", "")
        return ["", *table(heads, rows, left=("",), width=width)]


def advise(
    scores: Sequence[StageScore],
    *,
    training_pictures: int,
    classes: int,
    network: str = "the network",
    seconds_per_picture: float | None = None,
    stage_shares: Mapping[str, float] | None = None,
    time_budget: float | None = None,
    heads: Sequence[HeadScore] = (),
    chance: float | None = None,
) -> Advice:
    """Chooses what should learn, from how well each stage separates the classes, the number of pictures, and the time.

    Similarity is the share of mistakes that the last third of the stages removes: on pictures like those of its first
    training a network gets better to its end, on others its last stages are too special to help.

        few and similar       the head alone
        few and different     a head on earlier stages, where that is better than one on the last vector beyond noise; else
                              the stages after the best one
        many and similar      the head alone where it makes few mistakes already, else the last third of the stages
        many and different    everything; from scratch only where no stage tells the classes apart

    Where that would take longer than the budget, as few stages learn as it allows. Where the head alone learns, it is fitted to
    the stages that suit it best, see `choose_head`.

    Args:
        scores: Of each stage in order, and last of the vector before the head; from `score_stages`, on the features of
            up to about 1,000 training pictures.
        training_pictures: How many there are in all.
        classes: How many classes there are in all.
        network: What to call it in the sentences.
        seconds_per_picture: What a training step of the whole network takes for one picture, here; `None`: unknown.
        stage_shares: The share of that step that each stage takes, in 0..1 (such as its share of the MACs); `None`: all
            the same.
        time_budget: Seconds within which training must end; `None`: it may take what it takes.
        heads: Of heads on stages, from `score_heads`; none: only the last vector is thought of.
        chance: Where pictures have several labels, so that accuracies are mean average precisions: that of answers at random, which is
            the mean share of pictures that a label has.

    Raises:
        UsageError: There are fewer than three stages and a vector, or a number makes no sense.

    Example:
        >>> import numpy as np
        >>> from striate.transfer import score_stages
        >>> labels = np.arange(60) % 2
        >>> noise = np.random.default_rng(0).normal(size=(60, 4))
        >>> features = {"stage1": noise, "stage2": noise + 1, "stage3": noise + 9 * labels[:, None]}
        >>> scores = score_stages(features | {"features": features["stage3"]}, labels)
        >>> advice = advise(scores, training_pictures=60, classes=2)
        >>> advice.transfer, advice.quadrant
        ('head', 'few and similar')

    Source: the map of four cases is Stanford's CS231n, "Transfer Learning"; that early features are general and late
        ones special is Yosinski et al., "How transferable are features in deep neural networks?" (2014); the earliest
        within a standard error of the best is Breiman et al., "Classification and Regression Trees" (1984), section 3.4.
    """
    stages = tuple(score.stage for score in scores[:-1])
    if len(stages) < 3:
        raise UsageError(
            f"advice needs the scores of three stages or more and the last vector, got {len(stages)} stages"
        )
    if training_pictures < 1 or classes < 2:
        raise UsageError(
            f"advice needs a training picture and two classes at least, got {training_pictures} and {classes}"
        )
    last, best = scores[-1], _best(scores)
    before = max(scores[: 2 * len(stages) // 3], key=lambda score: score.accuracy)
    removed = removed_mistakes(before.accuracy, last.accuracy, pictures=last.pictures)
    least = 1 / classes if chance is None else chance
    saturated = last.accuracy >= max(SATURATED, _as_good_as_any(scores))
    found = _Findings(
        network=network,
        pictures=training_pictures,
        classes=classes,
        size=min(training_pictures / MANY_PICTURES, training_pictures / classes / MANY_PER_CLASS),
        removed=removed,
        similarity=max(removed, SIMILAR) if saturated else removed,
        saturated=saturated,
        useless=max(score.accuracy for score in scores) < least + NOTHING * (1 - least),
        right="of {} sample right" if chance is None else "mean average precision on {} sample",
        last=last,
        best=best,
        stages=stages,
        head=choose_head(heads) if heads else None,
    )
    wanted = _wanted(found)
    costs = _Costs(seconds_per_picture, stage_shares, stages, training_pictures, time_budget)
    learning = costs.affordable(wanted)
    kind: Kind = "head" if not learning else "full" if learning == len(stages) else "stages"
    if kind == "full" and found.useless:
        kind = "scratch"
    return Advice(
        kind=kind,
        trainable_stages=learning,
        reasons=(_on_the_data(found), _on_what_follows(found, kind, wanted, learning, costs)),
        training_pictures=training_pictures,
        classes=classes,
        size=found.size,
        similarity=found.similarity,
        best_stage=best.stage,
        scores=tuple(scores),
        epochs=costs.epochs,
        seconds=costs.seconds(learning),
        head_stages=found.head.stages if kind == "head" and found.head is not None and found.earlier else (),
        heads=tuple(heads),
    )


def removed_mistakes(before: float, after: float, *, pictures: int) -> float:
    """The share of the mistakes that are gone from one accuracy to another; below 0 where there are more.

    Args:
        before: Accuracy in 0..1.
        after: Accuracy in 0..1.
        pictures: How many it was measured on: half a picture is the least that can be told from no mistake.

    Example:
        >>> round(removed_mistakes(0.8, 0.95, pictures=1000), 6), removed_mistakes(1.0, 1.0, pictures=1000)
        (0.75, 0.0)
    """
    least = 0.5 / pictures
    return 1 - max(1 - after, least) / max(1 - before, least)


@dataclass(frozen=True)
class _Findings:
    """What the choice rests on."""

    network: str
    pictures: int
    classes: int
    size: float
    removed: float
    similarity: float
    saturated: bool
    useless: bool
    right: str
    """Of what an accuracy is a share, in a sentence, with a place for "a" or "the"."""
    last: StageScore
    best: StageScore
    stages: tuple[str, ...]
    head: HeadScore | None

    @property
    def earlier(self) -> bool:
        """Whether a head does better elsewhere than on the last vector."""
        return self.head is not None and self.head.transfer != "head"

    @property
    def many(self) -> bool:
        return self.size >= 1

    @property
    def similar(self) -> bool:
        return self.similarity >= SIMILAR

    @property
    def after_best(self) -> int:
        """How many stages come after the best one; the last where it is the best itself, or the vector after it."""
        if self.best.stage not in self.stages:
            return 1
        return max(1, len(self.stages) - 1 - self.stages.index(self.best.stage))


@dataclass(frozen=True)
class _Costs:
    """What training takes."""

    seconds_per_picture: float | None
    shares: Mapping[str, float] | None
    stages: tuple[str, ...]
    pictures: int
    budget: float | None

    @property
    def epochs(self) -> int:
        """How many stages need to settle."""
        return max(1, math.ceil(LEAST_SEEN / self.pictures), min(EPOCHS, MOST_SEEN // self.pictures))

    def seconds(self, learning: int) -> float | None:
        """For the last so many stages. What is frozen is computed once, and a head on that takes next to nothing."""
        if self.seconds_per_picture is None:
            return None
        shares = self.shares or dict.fromkeys(self.stages, 1 / len(self.stages))
        share = sum(shares[stage] for stage in self.stages[len(self.stages) - learning :])
        return self.epochs * self.pictures * self.seconds_per_picture * share

    def affordable(self, wanted: int) -> int:
        """As many of the last stages as are wanted, or as the budget allows."""
        if self.budget is None or self.seconds_per_picture is None:
            return wanted
        budget = self.budget
        return max(count for count in range(wanted + 1) if not count or (self.seconds(count) or 0.0) <= budget)


def _as_good_as_any(scores: Sequence[StageScore]) -> float:
    """The accuracy that is within a standard error of the highest."""
    most = max(score.accuracy for score in scores)
    return most - math.sqrt(most * (1 - most) / scores[0].pictures)


def _best(scores: Sequence[StageScore]) -> StageScore:
    """The earliest stage that is as good as any."""
    enough = _as_good_as_any(scores)
    return next(score for score in scores if score.accuracy >= enough)


def _wanted(found: _Findings) -> int:
    """How many of the last stages should learn, whatever it takes."""
    if found.saturated or (not found.many and (found.similar or found.earlier)):
        return 0
    if found.similar:
        return len(found.stages) - 2 * len(found.stages) // 3
    return len(found.stages) if found.many else found.after_best


def _on_the_data(found: _Findings) -> str:
    size = "many" if found.many else "few"
    said = (
        f"{found.pictures:,} training pictures of {found.classes:,} classes, {found.pictures / found.classes:,.0f} a class, "
        f"are {size}; a head on the last vector of {found.network} gets {_percent(found.last.accuracy)} {found.right.format('a')}"
    )
    if found.best.accuracy > found.last.accuracy:
        said += f", one on {found.best.stage} {_percent(found.best.accuracy)}"
    if found.saturated and found.removed < SIMILAR:
        return f"{said}, and so leaves few mistakes."
    if found.similar:
        return (
            f"{said}, and the last third of the stages removes {_percent(found.removed)} of the mistakes: the pictures "
            "are like those it was trained on."
        )
    removed = f"only {_percent(found.removed)}" if found.removed > 0.005 else "none"
    return (
        f"{said}, and the last third of the stages removes {removed} of the mistakes: the pictures are unlike those it "
        "was trained on."
    )


def _on_what_follows(found: _Findings, kind: Kind, wanted: int, learning: int, costs: _Costs) -> str:
    last = "last stage" if learning == 1 else f"last {learning} stages"
    takes = costs.seconds(learning)
    time = f", about {_duration(takes / costs.epochs)} an epoch" if takes and learning else ""
    if learning < wanted and costs.budget is not None:
        more = "everything" if wanted == len(found.stages) else f"the last {wanted} stages"
        chosen = f"the head and the {last} learn{time}" if learning else "the head alone learns"
        return (
            f"To train {more} would take about {_duration(costs.seconds(wanted) or 0.0)} here "
            f"({(costs.seconds_per_picture or 0.0) * 1000:.0f} ms a picture and step, {_epochs(costs.epochs)}), and "
            f"{_duration(costs.budget)} are allowed: so {chosen}{_on_the_head(found) if kind == 'head' else ''}."
        )
    if kind == "head":
        why = "little is left to gain" if found.saturated else "more would learn these few pictures by heart"
        return f"So the head alone learns: {why}{_on_the_head(found)}."
    if kind == "scratch":
        return f"So everything learns from scratch{time}: no stage of these weights tells the classes apart."
    if kind == "full":
        return f"So everything learns, the early stages slowest{time}: the pictures are enough to change them all."
    if found.similar:
        return f"So the head and the {last} learn{time}: the pictures are enough to refine what is most special."
    return (
        f"So the head and the {last} learn{time}: what comes before separates the classes as well as any, "
        "and the pictures are too few to change it."
    )


def _on_the_head(found: _Findings) -> str:
    """What the head is fitted to, where that is not the last vector."""
    if found.head is None or not found.earlier:
        return ""
    head = found.head
    return (
        f"; on the pooled maps of {' and '.join(head.stages)} it gets {_percent(head.accuracy)} {found.right.format('the')} by "
        f"cross-validation, and what comes after {head.stages[-1]} is not needed"
        if "features" not in head.stages
        else f"; on {' and '.join(head.stages)} together it gets {_percent(head.accuracy)} {found.right.format('the')} by cross-validation"
    )


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def _epochs(count: int) -> str:
    return "an epoch" if count == 1 else f"{count} epochs"


def _duration(seconds: float) -> str:
    if seconds < 9.5:
        return f"{max(0.1, seconds):.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:,.0f} min" if seconds < 5400 else f"{seconds / 3600:,.1f} h"
