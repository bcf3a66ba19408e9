"""A finished run: what its folder holds, as Python has it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from striate.bundle import Contract, open_bundle
from striate.errors import StriateError
from striate.evaluation import Finding
from striate.runtime import Classifier, load_classifier
from striate.training.run_folder import REPORT, SPLITS, read_findings, read_history


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

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        try:
            metrics = self.metrics
        except StriateError as error:
            return notebook.block(f"Run {self.folder}", notebook.text(str(error)))
        rows = [
            (
                split,
                f"{scores.get('count', 0):,}",
                *(f"{scores.get(name, math.nan):.2%}" for name in ("accuracy", "balanced_accuracy")),
            )
            for split, scores in metrics.items()
        ]
        table = notebook.table(("split", "pictures", "accuracy", "balanced accuracy"), rows)
        said = [f"{self.contract.architecture.model}; the report is {self.report}"]
        said += [finding.text for finding in self.findings]
        return notebook.block(f"Run {self.folder}", table, *map(notebook.text, said))

    def __fspath__(self) -> str:
        """The folder: a run goes wherever the path of one does."""
        return str(self.folder)

    def __repr__(self) -> str:
        return f"<Run {self.folder}>"


def run_folder_of(classifier: str | Path | Run | Classifier) -> Path | None:
    """The run folder that a classifier comes from, if it does."""
    folder = classifier.bundle.folder if isinstance(classifier, Classifier) else Path(classifier)
    for place in (folder, folder.parent):
        if (place / SPLITS).is_file():
            return place
    return None
