"""What came of an experiment: every arm's figures over the seeds, the published ones beside them, and the verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from striate.reproductions.experiment import Experiment, Form
from striate.reproductions.kept_cells import Cell
from striate.reproductions.measures import named_measure
from striate.reproductions.verdicts import Answers, Ruling, Verdict, rule_on, verdict_on_all
from striate.text_layout import table, wrapped
from striate.wording import duration, plural

PICTURE = "picture.png"
RESULT = "result.json"


@dataclass(frozen=True)
class Reproduction:
    """A claim put to the test."""

    folder: Path
    experiment: Experiment
    form: Form
    cells: tuple[Cell, ...]
    """An arm and a seed each, all that were asked for."""

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of all arms."""
        return tuple(sorted({cell.seed for cell in self.cells}))

    @cached_property
    def rulings(self) -> tuple[Ruling, ...]:
        """What follows for each part of the claim, in the experiment's order."""
        return tuple(
            rule_on(rule, {arm: self.answers(arm, rule.measure) for arm in (rule.of, rule.to) if arm})
            for rule in self.experiment.rules
        )

    @property
    def verdict(self) -> Verdict:
        """Whether the claim holds."""
        return verdict_on_all(self.rulings)

    @property
    def picture(self) -> Path:
        """The figures, drawn."""
        return self.folder / PICTURE

    def answers(self, arm: str, measure: str) -> Answers:
        """An arm's values of a measure, a number a seed in the seeds' order."""
        cells = sorted((cell for cell in self.cells if cell.arm == arm), key=lambda cell: cell.seed)
        values = tuple(cell.measured.values[measure] for cell in cells)
        return Answers(values, cells[0].measured.wrong.get(measure))

    def published(self, arm: str, measure: str) -> float | None:
        """The paper's or text's figure, if there is one."""
        found = [row.value for row in self.experiment.published if (row.arm, row.measure) == (arm, measure)]
        return found[0] if found else None

    def draw(self) -> bytes:
        """The picture as a PNG file's bytes."""
        from striate.report.reproduction_picture import Panel, draw_reproduction
        from striate.report.trade_off_picture import draw_trade_off

        arms, panels = self.experiment.arms, []
        for name in self.experiment.shown:
            measure = named_measure(name)
            values = {arm: self.answers(arm, name).values for arm in arms}
            published = {arm: value for arm in arms if (value := self.published(arm, name)) is not None}
            panels.append(Panel(measure.title, values, measure.kind, published))
        verdict = f"{self.verdict} ({self._how_much()})"
        if self.experiment.across:
            over = [
                panel
                for name, panel in zip(self.experiment.shown, panels, strict=True)
                if name in self.experiment.across
            ]
            return draw_trade_off(self.experiment.claim, verdict, panels[0], over)
        return draw_reproduction(self.experiment.claim, verdict, panels)

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON types."""
        experiment = self.experiment
        return {
            "experiment": experiment.name,
            "form": self.form,
            "claim": experiment.claim,
            "claims": list(experiment.claims),
            "source": experiment.source,
            "about": experiment.about,
            "method": experiment.method,
            "data": experiment.data,
            "verdict": self.verdict,
            "rules": [ruling.to_dict() | {"told": describe_estimate(ruling)} for ruling in self.rulings],
            "seeds": list(self.seeds),
            "arms": {name: self._arm(name) for name in experiment.arms},
            "published": [vars(row) for row in experiment.published],
            "cells": [cell.to_dict() for cell in self.cells],
            "seconds": sum(cell.seconds for cell in self.cells),
            "folder": str(self.folder),
            "picture": str(self.picture),
        }

    def _arm(self, name: str) -> dict[str, Any]:
        row: dict[str, Any] = {"says": self.experiment.arms[name].says}
        for measure in sorted(next(cell for cell in self.cells if cell.arm == name).measured.values):
            values = self.answers(name, measure).values
            row[measure] = {"mean": float(np.mean(values)), "std": deviation(values), "values": list(values)}
            row[measure] = {key: value for key, value in row[measure].items() if not _is_endless(value)}
        return row

    def _how_much(self) -> str:
        return f"{self.form}, {plural(len(self.seeds), 'seed')}"

    def _table(self) -> tuple[list[str], list[list[str]]]:
        shown = self.experiment.shown
        rows = []
        for arm in self.experiment.arms:
            row = [arm]
            for name in shown:
                row.append(summary(name, self.answers(arm, name).values))
                found = self.published(arm, name)
                row.append("" if found is None else named_measure(name).text(found))
            rows.append(row)
        heads = ["arm"]
        for name in shown:
            heads += [named_measure(name).title, "published" if name == shown[0] else f"published {name}"]
        used = [place for place in range(len(heads)) if any(row[place] for row in rows)]
        return [heads[place] for place in used], [[row[place] for place in used] for row in rows]

    def to_text(self, *, width: int | None = None) -> str:
        """The claim, a row an arm, what follows for each part of the claim, and the verdict."""
        experiment = self.experiment
        numbers = ", ".join(map(str, experiment.claims))
        lines = wrapped(f"claim    {experiment.claim}", width)
        lines += wrapped(
            f"source   {experiment.source}" + (f"; claim {numbers} of the texts" if numbers else ""), width
        )
        lines += wrapped(f"about    {experiment.about}", width) if experiment.about else []
        heads, rows = self._table()
        lines += ["", *table(heads, rows, width=width), ""]
        for ruling in self.rulings:
            aside = " (told aside)" if ruling.rule.aside else ""
            lines += wrapped(f"{ruling.verdict}: {ruling.rule.says}{aside}: {describe_estimate(ruling)}", width)
        for row in experiment.published:
            shown = named_measure(row.measure)
            lines += wrapped(f"published: {row.arm}, {shown.title} {shown.text(row.value)}: {row.where}", width)
        spent = sum(cell.seconds for cell in self.cells)
        lines += [
            "",
            f"verdict  {self.verdict} ({self._how_much()}, {duration(spent)} of processor time)",
            f"picture  {self.picture}",
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        heads, rows = self._table()
        parts = [notebook.text(f"{self.experiment.claim}: {self.verdict}"), notebook.table(heads, rows)]
        if self.picture.is_file():
            parts.append(notebook.picture(self.picture.read_bytes(), said="figures of every arm"))
        return notebook.block(self.experiment.name, *parts)


def deviation(values: Sequence[float]) -> float | None:
    """The standard deviation over seeds; None of one seed."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else None


def summary(measure: str, values: Sequence[float]) -> str:
    """Mean and deviation as people read them.

    Example:
        >>> summary("parameters", [10.0, 10.0]), summary("gradient_ratio", [1.0, 3.0])
        ('10', '2 ± 1.414')
    """
    named = named_measure(measure)
    mean, spread = named.text(float(np.mean(values))), deviation(values)
    return mean if named.exact or spread is None or not math.isfinite(spread) else f"{mean} ± {named.text(spread)}"


def describe_estimate(ruling: Ruling) -> str:
    """What was estimated, with its interval."""
    rule, found = ruling.rule, ruling.estimate
    named = named_measure(rule.measure)
    what = f"{rule.of} over {rule.to}" if rule.ratio else f"{rule.of} less {rule.to}" if rule.to else rule.of

    def text(value: float) -> str:
        return f"{value:.3g}" if rule.ratio or (named.kind == "number") else _signed(named.text, value, bool(rule.to))

    said = f"{named.title}, {what}: {text(found.value)}"
    if found.over == "exact":
        return said
    if found.over == "none":
        return f"{said}, of one seed, without an interval"
    over = "seeds" if found.over == "seeds" else "test pictures of one seed"
    return f"{said}, 95 % from {text(found.low)} to {text(found.high)} over {over}"


def _signed(text: Any, value: float, difference: bool) -> str:
    if not difference:
        return str(text(value))
    return f"{'-' if value < 0 else '+'}{text(abs(value))}"


def _is_endless(value: Any) -> bool:
    """Whether a number is none that JSON knows."""
    if isinstance(value, list):
        return any(_is_endless(one) for one in value)
    return isinstance(value, float) and not math.isfinite(value)


def as_kept(result: Mapping[str, Any]) -> dict[str, Any]:
    """A result without the places of files on the machine that made it."""
    return {key: value for key, value in result.items() if key not in ("folder", "picture")}
