"""`striate.evaluate`: what ships, measured on pictures that it was not trained on."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.data import Dataset, Problem
from striate.durable_writing import whole_file
from striate.encodings import DEFAULT_KIND, named_encoding
from striate.errors import StriateError
from striate.evaluation import Finding, PairedComparison
from striate.printable_text import printable
from striate.row_writing import FilePath, csv_line
from striate.runs.paired_answers import answered, compare_answered, verdict_sentence
from striate.runs.rule_kept import RuleKept, rule_kept
from striate.runs.run import Run, names_of, run_folder_of
from striate.runs.unseen_pictures import check_split, unseen_pictures
from striate.runtime import Classifier, as_classifier
from striate.tasks import USUAL_TASK, Task
from striate.tasks.task import Targets, TaskScores
from striate.text_layout import facts, table, wrapped
from striate.watching import Watcher

LEFT_OUT = "left out         "
"""As wide as the longest name in the text."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a classifier scored on a split, and on which pictures."""

    scores: TaskScores
    split: str
    """`train`, `val`, `test`, or `all` where the data has no splits."""
    classes: tuple[str, ...]
    keys: tuple[str, ...]
    """(n,) the pictures."""
    labels: Targets
    """What is right for each: (n,) places in `classes`, or (n, classes) where a picture may have several; of strings rows of places."""
    probabilities: npt.NDArray[np.float64]
    """(n, classes); of strings (n, places, signs and the blank)."""
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
    kind: str = DEFAULT_KIND
    """What it is given: a name of `striate.encodings`."""
    rule: RuleKept | None = None
    """What the bundle's decision rule came to; None where it has none."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is worth knowing of the scores."""
        remedy = f"it learnt too little, or these {self.many} are not like those that it learnt from"
        return self.task.judge(
            self.scores, self.split if self.split != "all" else "the data", remedy=remedy, many=self.many
        )

    @property
    def many(self) -> str:
        """What it is given is called."""
        return named_encoding(self.kind).plural

    @property
    def accuracy(self) -> float:
        """Share of pictures whose answer is right; where a picture may have several classes, all of them."""
        return self.scores.accuracy

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        name, value = self.scores.facts()[0]
        said = f"{name} {value} on {self.scores.count:,} {self.many} of {self.split}"
        table = notebook.table(*self.scores.table(many=self.many))
        left = f"left out: {self.seen:,} seen in training, {len(self.problems):,} that cannot be used"
        known = [notebook.text(finding.text) for finding in self.findings]
        return notebook.block("Evaluation", notebook.text(said), *known, table, notebook.text(left))

    def to_dict(self) -> dict[str, Any]:
        """All figures as JSON types, `accuracy` among the top-level keys."""
        return (
            self.scores.to_dict()
            | {
                **self.scores.further_intervals,
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
            lines += facts([(LEFT_OUT, f"{self.seen:,} {self.many} that it was trained on")], width=width)
        if self.problems:
            said = [(LEFT_OUT, f"{len(self.problems):,} {self.many} that cannot be used:")]
            rows = [(problem.key, problem.reason) for problem in self.problems[:10]]
            said += [(" " * len(LEFT_OUT), f"{printable(key)}: {printable(reason)}") for key, reason in rows]
            lines += facts(said, width=width)
        columns, cells = self.scores.table(many=self.many)
        lines += ["", *table(columns, [(printable(row[0]), *row[1:]) for row in cells], width=width)]
        if below := self.scores.lines(width):
            lines += ["", *below]
        if self.compared is not None:
            lines += [
                "",
                *wrapped(
                    printable(verdict_sentence(self.compared, *self.names, one=named_encoding(self.kind).one)), width
                ),
            ]
        return "\n".join(lines)

    def _facts(self) -> list[tuple[str, str]]:
        figures = [("split", f"{self.split}, {self.scores.count:,} {self.many}"), *self.scores.facts(many=self.many)]
        return figures + (self.rule.facts() if self.rule is not None else [])

    def to_csv(self) -> str:
        """A row a picture: path, label, prediction, its probability, whether it is right, and (but of strings) every class's."""
        return b"".join(self.csv_lines()).decode("utf-8", "surrogateescape")

    def csv_lines(self) -> Iterator[bytes]:
        """The same, line by line; see `striate.row_writing` for bytes in paths that are no UTF-8."""
        # Of a string there are probabilities at each place, which no column has room for.
        of_classes = () if self.task.sequential else self.classes
        yield csv_line(
            ["path", self.task.column, "prediction", "probability", "correct", *(f"p({name})" for name in of_classes)]
        )
        answers = self.task.decide(self.probabilities)
        right = self.task.same(answers, self.labels)
        sure = self.task.confidence(self.probabilities, answers)
        columns = (self.keys, self.labels, answers, sure, right, self.probabilities)
        for key, label, predicted, confidence, correct, row in zip(*columns, strict=True):
            told = (self.task.tell(label, self.classes), self.task.tell(predicted, self.classes))
            probabilities = (f"{value:.6f}" for value in row) if of_classes else ()
            yield csv_line([FilePath(key), *told, f"{confidence:.6f}", int(correct), *probabilities])


def evaluate(
    classifier: str | Path | Run | Classifier,
    data: str | Path | Dataset,
    *,
    split: str | None = None,
    root: str | Path | None = None,
    include_seen: bool = False,
    against: str | Path | Run | Classifier | None = None,
    decoding: str | None = None,
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
        decoding: As `striate.load` takes it, for strings; a `Classifier` has its own.
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
    classifier = as_classifier(classifier, decoding=decoding)
    classifiers = [classifier, *(() if against is None else (as_classifier(against, decoding=decoding),))]
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
        kind=kept.kind,
        rule=rule_kept(classifier, pictures, watcher),
        compared=None if len(found) == 1 else compare_answered(*found),
        names=names,
    )


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
