"""A finished run: what its folder holds, as Python has it."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from striate.bundle import Contract, open_bundle
from striate.encodings import EncodingKind, named_encoding
from striate.errors import StriateError
from striate.evaluation import Finding
from striate.runs.tournament_record import TournamentRecord, read_tournament
from striate.runtime import Classifier, load_classifier
from striate.tasks import named_task
from striate.text_layout import facts
from striate.training.run_folder import BUNDLE, REPORT, SPLITS, read_findings, read_history
from striate.wording import percent


class Run:
    """A finished run.

    Args:
        folder: The run folder.

    Example:
        >>> from striate.runs.run import Run  # doctest: +SKIP
        >>> Run("runs/digits-lenet5").metrics["test"]["accuracy"]  # doctest: +SKIP
        0.9889
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    @cached_property
    def contract(self) -> Contract:
        """What the run's bundle says about itself."""
        return open_bundle(self.folder).contract

    @property
    def metrics(self) -> Mapping[str, Any]:
        """The scores of what ships, by split."""
        return self.contract.metrics

    @property
    def report(self) -> Path:
        """The page to look at."""
        return self.folder / REPORT

    def classifier(
        self, *, engine: str | Path = "openvino", precision: str = "fp32", device: str = "cpu"
    ) -> Classifier:
        """The run's classifier; see `striate.load`."""
        return load_classifier(self.folder, engine=engine, precision=precision, device=device)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is worth knowing of the result, what puts it in doubt first."""
        return read_findings(self.folder)

    def history(self) -> list[dict[str, Any]]:
        """The rows of `metrics.jsonl`, one an epoch."""
        return read_history(self.folder)

    def to_dict(self) -> dict[str, Any]:
        """Where it is, and the figures of what ships, as JSON types: `accuracy` on the test pictures, else on those of validation.

        Raises:
            UsageError: It has not ended.
            BundleError: Its bundle is damaged.
        """
        shown = named_task(self.contract.task).figures
        headline = {
            split: {key: figures[key] for key in shown if key in figures} for split, figures in self.metrics.items()
        }
        split = next((name for name in ("test", "val") if name in headline), None)
        return {
            "run": str(self.folder),
            "report": str(self.report),
            "model": self.contract.architecture.model,
            "task": self.contract.task,
            "head_stages": list(self.contract.architecture.arguments["head_stages"]),
            "accuracy": headline[split]["accuracy"] if split else None,
            "split": split,
            "metrics": headline,
            "calibration": dict(self.contract.calibration),
            "rule": None if self.contract.rule is None else self.contract.rule.to_dict(),
            "findings": [finding.to_dict() for finding in self.findings],
            "tournament": tournament_facts(record) if (record := read_tournament(self.folder)) is not None else None,
        }

    def to_text(self, *, width: int | None = None) -> str:
        """The accuracy with its interval, how far the probabilities can be trusted, where all is, and how to predict.

        Raises:
            UsageError: It has not ended.
            BundleError: Its bundle is damaged.
        """
        found = self.to_dict()
        kind = named_encoding(self.contract.kind)
        rows = headline_facts(found["metrics"][found["split"]], found, kind) if found["split"] else []
        cut = self.contract.architecture.cut
        rows += [("network", f"{found['model']} with {cut}")] if cut else []
        rows += self.contract.rule.facts(many=kind.plural) if self.contract.rule is not None else []
        predict = f"striate predict {shlex.quote(str(self.folder))}"
        rows += [("run", str(self.folder)), ("report", str(self.report)), ("predict", f"{predict} {kind.example}")]
        return "\n".join(facts(rows, width=width))

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        try:
            metrics = self.metrics
        except StriateError as error:
            return notebook.block(f"Run {self.folder}", notebook.text(str(error)))
        shown = named_task(self.contract.task).leading_figures
        rows = [
            (
                split,
                f"{scores.get('count', 0):,}",
                *(f"{scores.get(name, math.nan):.2%}" for name in shown),
            )
            for split, scores in metrics.items()
        ]
        table = notebook.table(
            ("split", named_encoding(self.contract.kind).plural, *(name.replace("_", " ") for name in shown)), rows
        )
        said = [f"{self.contract.architecture.title}; the report is {self.report}"]
        said += [finding.text for finding in self.findings]
        return notebook.block(f"Run {self.folder}", table, *map(notebook.text, said))

    def __fspath__(self) -> str:
        """The folder: a run goes wherever the path of one does."""
        return str(self.folder)

    def __repr__(self) -> str:
        return f"<Run {self.folder}>"


def tournament_facts(record: TournamentRecord) -> dict[str, Any]:
    """What was tried, and which of it is the run's classifier, as JSON types."""
    tried = [
        {
            "name": entry.candidate.name,
            "state": entry.state,
            "accuracy": entry.accuracy,
            "accuracy_interval": list(entry.interval),
            "score": entry.score,
            "seconds": entry.wall_seconds,
            "ended_after": entry.ended_after,
        }
        for entry in record.entries
    ]
    return {
        "metric": record.metric,
        "metric_why": record.metric_why,
        "candidates": tried,
        "winner": record.winner,
        "ended": record.ended,
    }


def headline_facts(figures: Mapping[str, Any], found: Mapping[str, Any], kind: EncodingKind) -> list[tuple[str, str]]:
    """The figures of a split as names and values."""
    rows = named_task(found["task"]).headline_facts(figures, found["split"], many=kind.plural)
    return [*rows, ("sureness", describe_calibration(found["calibration"], figures, kind.plural))]


def describe_calibration(calibration: Mapping[str, Any], figures: Mapping[str, Any], many: str) -> str:
    """How far the probabilities are from the share of right answers, and what was done about it."""
    error = f"calibration error {percent(figures.get('expected_calibration_error'), space='')}"
    if not calibration.get("pictures"):
        return f"{error}; no temperature was fitted: too few validation {many}"
    before = percent(figures["expected_calibration_error_uncalibrated"], space="")
    return f"{error}, {before} without the temperature {calibration['temperature']:g} (of {calibration['pictures']:,} validation {many})"


def run_folder_of(classifier: str | Path | Run | Classifier) -> Path | None:
    """The run folder that a classifier comes from, if it does."""
    folder = classifier.bundle.folder if isinstance(classifier, Classifier) else Path(classifier)
    for place in (folder, folder.parent):
        if (place / SPLITS).is_file():
            return place
    return None


def names_of(classifiers: Sequence[str | Path | Run | Classifier]) -> tuple[str, ...]:
    """What classifiers are called: the names of their runs or bundles, or their whole paths where two have one name."""
    places = [Path(one.bundle.folder if isinstance(one, Classifier) else one).resolve() for one in classifiers]
    folders = [place.parent if place.name == BUNDLE else place for place in places]
    names = [folder.name for folder in folders]
    return tuple(names if len(set(names)) == len(names) else map(str, places))
