"""Measure a classifier on labelled pictures that it was not trained on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from striate.cli.options import AsJson, Quiet, Root
from striate.cli.output import print_json
from striate.cli.text import screen_width
from striate.printable_text import printable
from striate.text_layout import cell_width, table, wrapped
from striate.wording import percent

if TYPE_CHECKING:
    from striate.api.evaluate import Evaluation
    from striate.evaluation import Scores


def command(
    bundle: Annotated[Path, typer.Argument(help="A run or a bundle.")],
    data: Annotated[
        str, typer.Argument(help="A folder of class folders, a CSV file, a folder of IDX files, or a name.")
    ],
    split: Annotated[
        str | None, typer.Option(help="train, val or test. Default: test, else val, else everything.")
    ] = None,
    root: Root = None,
    predictions: Annotated[Path | None, typer.Option(help="Write a row a picture to this CSV file.")] = None,
    include_seen: Annotated[
        bool, typer.Option("--include-seen", help="Measure on pictures that it was trained on, too.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Parses, evaluates, shows the scores."""
    from striate.api.evaluate import evaluate, write_predictions
    from striate.cli.console import ConsoleWatcher, print_text
    from striate.durable_writing import check_writable
    from striate.watching import tell

    if predictions is not None:
        check_writable(predictions)
    with ConsoleWatcher(quiet=quiet) as watcher:
        evaluation = evaluate(bundle, data, split=split, root=root, include_seen=include_seen, watcher=watcher)
        tell(evaluation.findings, watcher)
    if predictions is not None:
        write_predictions(evaluation, predictions)
    if as_json:
        print_json(evaluation.to_dict())
    else:
        print_text(describe(evaluation))
    if evaluation.problems:
        raise typer.Exit(3)


def describe(evaluation: Evaluation) -> str:
    """The scores for people: the headline, then a row a class."""
    scores = evaluation.scores
    low, high = scores.accuracy_interval
    lines = [
        f"split              {evaluation.split}, {scores.count:,} pictures",
        f"accuracy           {scores.accuracy:.2%} (95 % interval {low:.1%} to {high:.1%})",
        f"balanced accuracy  {scores.balanced_accuracy:.2%}",
        f"top-{scores.top_k} accuracy     {scores.top_k_accuracy:.2%}",
        f"log loss           {scores.log_loss:.4f}",
        f"calibration error  {percent(scores.expected_calibration_error, space='')}",
        f"macro F1           {scores.f1_macro:.4f}",
    ]
    if evaluation.seen:
        lines.append(f"left out           {evaluation.seen:,} pictures that it was trained on")
    if evaluation.problems:
        lines.append(f"left out           {len(evaluation.problems):,} pictures that cannot be used:")
        lines += [
            f"                   {printable(problem.key)}: {printable(problem.reason)}"
            for problem in evaluation.problems[:10]
        ]
    rows = [
        (printable(row.name), f"{row.precision:.3f}", f"{row.recall:.3f}", f"{row.f1:.3f}", f"{row.support:,}")
        for row in scores.per_class
    ]
    lines += ["", *table(("class", "precision", "recall", "F1", "pictures"), rows, width=screen_width())]
    if len(scores.per_class) <= 20:
        lines += ["", *confusion_lines(scores, screen_width())]
    return "\n".join(lines)


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
