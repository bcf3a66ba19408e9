"""`striate.evaluate`: what ships, measured on pictures that it was not trained on."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.data import Dataset, Problem
from striate.durable_writing import whole_file
from striate.errors import StriateError
from striate.evaluation import Finding, PairedComparison, Scores, judge_scores
from striate.evaluation.macro_intervals import macro_intervals
from striate.printable_text import printable
from striate.row_writing import FilePath, csv_line
from striate.runs.paired_answers import answered, compare_answered, verdict_sentence
from striate.runs.rule_kept import RuleKept, rule_kept
from striate.runs.run import Run, names_of, run_folder_of
from striate.runs.unseen_pictures import check_split, unseen_pictures
from striate.runtime import Classifier, as_classifier
from striate.tasks import USUAL_TASK, Task
from striate.text_layout import cell_width, facts, table, wrapped
from striate.watching import Watcher
from striate.wording import percent

LEFT_OUT = "left out         "
"""As wide as the longest name in the text."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a classifier scored on a split, and on which pictures."""

    scores: Scores
    split: str
    """`train`, `val`, `test`, or `all` where the data has no splits."""
    classes: tuple[str, ...]
    keys: tuple[str, ...]
    """(n,) the pictures."""
    labels: npt.NDArray[np.int64]
    """(n,) their true classes as places in `classes`."""
    probabilities: npt.NDArray[np.float64]
    """(n, classes)."""
    seen: int
    """Pictures that were left out because the classifier was trained on them."""
    problems: tuple[Problem, ...]
    """Pictures that were left out because they cannot be used."""
    task: Task = USUAL_TASK
    """What the classifier was asked."""
    compared: PairedComparison | None = None
    """This classifier beside the one that it was measured against, on the same pictures."""
    names: tuple[str, ...] = ()
    """What the two are called."""
    rule: RuleKept | None = None
    """What the bundle's decision rule came to; None where it has none."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is worth knowing of the scores."""
        remedy = "it learnt too little, or these pictures are not like those that it learnt from"
        return judge_scores(self.scores, self.split if self.split != "all" else "the data", remedy=remedy)

    @cached_property
    def macro_intervals(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """The 95 % intervals of the balanced accuracy and of the macro F1."""
        return macro_intervals(self.scores.confusion_matrix)

    @property
    def accuracy(self) -> float:
        """Share of pictures whose most probable class is the true one."""
        return self.scores.accuracy

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        low, high = self.scores.accuracy_interval
        said = f"{self.accuracy:.2%} right on {self.scores.count:,} pictures of {self.split} (95 % interval {low:.1%} to {high:.1%})"
        worst = sorted(self.scores.per_class, key=lambda row: (row.f1, row.name))
        rows = [
            (row.name, f"{row.support:,}", *(f"{value:.1%}" for value in (row.precision, row.recall, row.f1)))
            for row in worst
        ]
        table = notebook.table(("class, the worst first", "pictures", "precision", "recall", "F1"), rows)
        left = f"left out: {self.seen:,} seen in training, {len(self.problems):,} that cannot be used"
        known = [notebook.text(finding.text) for finding in self.findings]
        return notebook.block("Evaluation", notebook.text(said), *known, table, notebook.text(left))

    def to_dict(self) -> dict[str, Any]:
        """All figures as JSON types, `accuracy` among the top-level keys."""
        return (
            self.scores.to_dict()
            | {
                "balanced_accuracy_interval": list(self.macro_intervals[0]),
                "f1_macro_interval": list(self.macro_intervals[1]),
                "split": self.split,
                "classes": list(self.classes),
                "left_out": {"seen_in_training": self.seen, "unusable": len(self.problems)},
                "problems": [dataclasses.asdict(problem) for problem in self.problems],
                "findings": [finding.to_dict() for finding in self.findings],
            }
            | ({} if self.rule is None else {"rule": self.rule.to_dict()})
            | ({} if self.compared is None else {"against": {"name": self.names[-1]} | self.compared.to_dict()})
        )

    def to_text(self, *, width: int | None = None) -> str:
        """The headline, a row a class, and of 20 classes at most the confusion matrix."""
        lines = facts(self._facts(), width=width)
        if self.seen:
            lines += facts([(LEFT_OUT, f"{self.seen:,} pictures that it was trained on")], width=width)
        if self.problems:
            said = [(LEFT_OUT, f"{len(self.problems):,} pictures that cannot be used:")]
            rows = [(problem.key, problem.reason) for problem in self.problems[:10]]
            said += [(" " * len(LEFT_OUT), f"{printable(key)}: {printable(reason)}") for key, reason in rows]
            lines += facts(said, width=width)
        cells = [
            (printable(row.name), f"{row.precision:.3f}", f"{row.recall:.3f}", f"{row.f1:.3f}", f"{row.support:,}")
            for row in self.scores.per_class
        ]
        lines += ["", *table(("class", "precision", "recall", "F1", "pictures"), cells, width=width)]
        if len(self.scores.per_class) <= 20:
            lines += ["", *confusion_lines(self.scores, width)]
        if self.compared is not None:
            lines += ["", *wrapped(printable(verdict_sentence(self.compared, *self.names)), width)]
        return "\n".join(lines)

    def _facts(self) -> list[tuple[str, str]]:
        scores = self.scores
        low, high = scores.accuracy_interval
        balanced, f1 = self.macro_intervals
        figures = [
            ("split", f"{self.split}, {scores.count:,} pictures"),
            ("accuracy", f"{scores.accuracy:.2%} ({interval_text(low, high)})"),
            ("balanced accuracy", f"{scores.balanced_accuracy:.2%} ({interval_text(*balanced)})"),
            ("log loss", f"{scores.log_loss:.4f}"),
            (
                "calibration error",
                f"{percent(scores.expected_calibration_error, space='')}, {percent(scores.adaptive_calibration_error, space='')} "
                "in bins of as many pictures each",
            ),
            ("macro F1", f"{scores.f1_macro:.4f} (95 % interval {f1[0]:.3f} to {f1[1]:.3f})"),
        ]
        if scores.top_k < len(scores.per_class):  # of two classes, every answer is among the first two
            figures.insert(3, (f"top-{scores.top_k} accuracy", f"{scores.top_k_accuracy:.2%}"))
        return figures + (self.rule.facts() if self.rule is not None else [])

    def to_csv(self) -> str:
        """A row a picture: path, label, prediction, its probability, whether it is right, and every class's probability."""
        return b"".join(self.csv_lines()).decode("utf-8", "surrogateescape")

    def csv_lines(self) -> Iterator[bytes]:
        """The same, line by line; see `striate.row_writing` for bytes in paths that are no UTF-8."""
        yield csv_line(
            ["path", "label", "prediction", "probability", "correct", *(f"p({name})" for name in self.classes)]
        )
        answers = self.task.decide(self.probabilities)
        right = self.task.same(answers, self.labels)
        columns = (self.keys, self.labels, answers, right, self.probabilities)
        for key, label, predicted, correct, row in zip(*columns, strict=True):
            names = (self.classes[label], self.classes[predicted])
            probabilities = (f"{value:.6f}" for value in row)
            yield csv_line([FilePath(key), *names, f"{row[predicted]:.6f}", int(correct), *probabilities])


def evaluate(
    classifier: str | Path | Run | Classifier,
    data: str | Path | Dataset,
    *,
    split: str | None = None,
    root: str | Path | None = None,
    include_seen: bool = False,
    against: str | Path | Run | Classifier | None = None,
    watcher: Watcher | None = None,
) -> Evaluation:
    """Measures a classifier, through the engine that ships, on labelled pictures.

    Pictures that it was trained on, known by their content, are left out and counted.

    Args:
        classifier: A run, a bundle, their folder, or a `Classifier`.
        data: As for `striate.train`.
        split: `train`, `val` or `test`; by default `test`, else `val`. Where the data has no splits, those of the run are used.
        root: Where the local copy of a built-in set is.
        include_seen: Whether to measure on pictures of the training too, which says nothing about new ones.
        against: Another classifier, measured on the same pictures: whether this one is better or worse, by a paired test.
        watcher: Hears how far it is.

    Raises:
        UsageError: If there is no such bundle, data or split.
        DataError: If the data has a class that the classifier does not know, or no picture is left.
        BundleError: If the bundle was changed.
    """
    watcher = watcher or Watcher()
    check_split(split)
    run_folder = run_folder_of(classifier)
    names = names_of([one for one in (classifier, against) if one is not None])
    classifier = as_classifier(classifier)
    classifiers = [classifier, *(() if against is None else (as_classifier(against),))]
    pictures = unseen_pictures(
        classifiers,
        data,
        run_folder=run_folder,
        split=split,
        root=root,
        include_seen=include_seen,
        watcher=watcher,
    )
    kept = pictures.dataset
    found = [answered(one, pictures, watcher) for one in classifiers]
    return Evaluation(
        scores=classifier.task.score(found[0].probabilities, pictures.labels, classifier.classes),
        split=pictures.split,
        classes=classifier.classes,
        keys=tuple(kept.pictures.key(index) for index in range(len(kept))),
        labels=pictures.labels,
        probabilities=found[0].probabilities,
        seen=pictures.seen,
        problems=pictures.problems,
        task=classifier.task,
        rule=rule_kept(classifier, pictures, watcher),
        compared=None if len(found) == 1 else compare_answered(*found),
        names=names,
    )


def interval_text(low: float, high: float) -> str:
    """As it stands behind a share.

    Example:
        >>> interval_text(0.901, 0.9334)
        '95 % interval 90.1% to 93.3%'
    """
    return f"95 % interval {low:.1%} to {high:.1%}"


def write_predictions(evaluation: Evaluation, path: str | Path) -> None:
    """Writes `evaluation.csv_lines()` to a file, whole or not at all.

    Raises:
        StriateError: If the disk is full; what was there is as it was.
    """
    path = Path(path)
    try:
        with whole_file(path) as file:
            file.writelines(evaluation.csv_lines())
    except OSError as error:
        raise StriateError(f"cannot write {path}: {error.strerror or error}") from error


def confusion_lines(scores: Scores, width: int | None) -> list[str]:
    """The confusion matrix; on a screen that is too narrow for it, what each class was called, a line a class."""
    names = [printable(row.name) for row in scores.per_class]
    counts = scores.confusion_matrix.tolist()
    first = max(cell_width(name) for name in names)
    cell = max(4, max(len(str(count)) for row in counts for count in row) + 1)
    if width is None or first + 2 + cell * len(names) <= width:
        said = "confusion (a row is a true class, a column a predicted one, in the order above)"
        padded = [name + " " * (first - cell_width(name)) for name in names]
        return [
            *wrapped(said, width),
            *(f"{name}  " + "".join(f"{n:>{cell}}" for n in row) for name, row in zip(padded, counts, strict=True)),
        ]
    lines = ["confusion (what each class was called)"]
    for name, row in zip(names, counts, strict=True):
        calls = ", ".join(f"{other} {count}" for other, count in zip(names, row, strict=True) if count)
        lines.append(f"{name}: {calls or 'no picture'}")
    return [line for text in lines for line in wrapped(text, width)]
