"""`striate.check`: what is in a data set, how it would be split, and what of it cannot be used."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from striate.data import Dataset, load_data
from striate.data.checking import of_narrow_range
from striate.doctor import Finding, audit, diagnose
from striate.printable_text import printable
from striate.text_layout import table, wrapped
from striate.watching import Watcher


@dataclass(frozen=True, eq=False)
class DataCheck:
    """A data set every picture of which was opened, and what that showed."""

    dataset: Dataset
    """With splits, and without the pictures that cannot be used, which are its `problems`."""
    findings: tuple[Finding, ...] = ()
    """What is wrong with it or worth a look, in the order of `striate.doctor.KINDS`."""

    @property
    def at_fault(self) -> bool:
        """Whether pictures or labels are at fault, so that they should be mended before training."""
        return any(finding.fault for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON types; widths and heights are the smallest and the largest, in pixels."""
        dataset, facts = self.dataset, self.dataset.checked_facts
        return {
            "data": dataset.location,
            "pictures": len(dataset),
            "classes": list(dataset.classes),
            "counts": dataset.counts(),
            "width": [int(facts.widths.min()), int(facts.widths.max())],
            "height": [int(facts.heights.min()), int(facts.heights.max())],
            "colour_pictures": int(facts.colour.sum()),
            "narrow_range_pictures": len(of_narrow_range(dataset)),
            "ignored": dict(dataset.ignored),
            "problems": [dataclasses.asdict(problem) for problem in dataset.problems],
            "notes": list(dataset.notes),
            "findings": [finding.to_dict() for finding in self.findings],
        }

    def to_text(self, *, width: int | None = None) -> str:
        """Counts and sizes, a row a class, and each picture that cannot be used with the reason."""
        columns, rows = self._table()
        lines = [*wrapped("\n".join(self._facts()), width), "", *table(columns, rows, width=width)]
        problems = self.dataset.problems
        if problems:
            said = [f"{len(problems)} pictures cannot be used:", *map(_line, problems)]
            lines += ["", *wrapped("\n".join(said), width)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        columns, rows = self._table()
        parts = [*map(notebook.text, self._facts()), notebook.table(columns, rows)]
        if self.dataset.problems:
            problems = [(problem.key, problem.reason) for problem in self.dataset.problems]
            parts.append(notebook.table(("cannot be used", "why"), problems))
        return notebook.block(self.dataset.name, *parts)

    def _facts(self) -> list[str]:
        dataset, facts = self.dataset, self.dataset.checked_facts
        return [
            f"{len(dataset):,} pictures of {len(dataset.classes)} classes in {printable(dataset.location)}",
            f"{facts.widths.min()} to {facts.widths.max()} pixels wide, {facts.heights.min()} to {facts.heights.max()} high; "
            f"{facts.colour.sum():,} in colour",
            *(f"ignored: {count:,} {printable(kind)}" for kind, count in dataset.ignored.items()),
            *map(printable, dataset.notes),
        ]

    def _table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        counts = self.dataset.counts()
        splits = [split for split in ("train", "val", "test") if any(split in row for row in counts.values())]
        rows = [(printable(name), *(f"{row.get(split, 0):,}" for split in splits)) for name, row in counts.items()]
        return ("class", *splits), rows


def check(
    data: str | Path | Dataset, *, root: str | Path | None = None, seed: int = 0, watcher: Watcher | None = None
) -> DataCheck:
    """Opens every picture of a data set, and tells what is there, how it would be split, and what cannot be used.

    Args:
        data: A folder of class folders, a CSV file, a folder of IDX files, a built-in name, or what `striate.load_data` answers.
        root: Where the local copy of a built-in set is.
        seed: Of the split, where the data has none.
        watcher: Hears how far it is.

    Raises:
        UsageError: If there is no such data.
        DataError: If it cannot be used at all.

    Example:
        >>> found = check("digits")
        >>> len(found.dataset), found.dataset.problems, found.to_text().splitlines()[1]
        (1797, (), '8 to 8 pixels wide, 8 to 8 high; 0 in colour')
    """
    watcher = watcher or Watcher()
    dataset = data if isinstance(data, Dataset) else load_data(data, root=root)
    looked_at = audit(dataset, seed=seed, progress=watcher.task)
    return DataCheck(looked_at.usable, diagnose(looked_at))


def _line(problem: Any) -> str:
    return f"  {printable(problem.key)}: {printable(problem.reason)}"
