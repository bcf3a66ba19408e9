"""Measure a classifier on labelled pictures that it was not trained on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from striate.cli.options import AsJson, Quiet, Root

if TYPE_CHECKING:
    from striate.api.evaluate import Evaluation


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
    from striate.api.watching import tell
    from striate.cli.console import ConsoleWatcher, print_result
    from striate.durable_writing import check_writable

    if predictions is not None:
        check_writable(predictions)
    with ConsoleWatcher(quiet=quiet) as watcher:
        evaluation = evaluate(bundle, data, split=split, root=root, include_seen=include_seen, watcher=watcher)
        tell(evaluation.findings, watcher)
    if predictions is not None:
        write_predictions(evaluation, predictions)
    print_result(json.dumps(evaluation.to_dict(), ensure_ascii=False) if as_json else describe(evaluation))
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
        f"macro F1           {scores.f1_macro:.4f}",
    ]
    if evaluation.seen:
        lines.append(f"left out           {evaluation.seen:,} pictures that it was trained on")
    if evaluation.problems:
        lines.append(f"left out           {len(evaluation.problems):,} pictures that cannot be used:")
        lines += [f"                   {problem.key}: {problem.reason}" for problem in evaluation.problems[:10]]
    width = max(5, *(len(row.name) for row in scores.per_class))
    lines += ["", f"{'class':<{width}}  precision  recall      F1  pictures"]
    lines += [
        f"{row.name:<{width}}  {row.precision:>9.3f}  {row.recall:>6.3f}  {row.f1:>6.3f}  {row.support:>8,}"
        for row in scores.per_class
    ]
    if len(scores.per_class) <= 20:
        lines += ["", "confusion (a row is a true class, a column a predicted one, in the order above)"]
        cell = max(4, len(str(scores.confusion_matrix.max())) + 1)
        lines += [
            f"{row.name:<{width}}  " + "".join(f"{count:>{cell}}" for count in counts)
            for row, counts in zip(scores.per_class, scores.confusion_matrix, strict=True)
        ]
    return "\n".join(lines)
