"""Whether a map explains the network at all: tested before it is shown, and said where it is shown."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch

from striate.report.seeing_contents import Panel
from striate.seeing.methods import METHODS, Method
from striate.seeing.observation import Observation
from striate.seeing.projections import unheld_rectifiers
from striate.visualization import HEAD, ExplanationCheck, check_explanation
from striate.wording import percent


def checked(method: Method, observation: Observation, panel: Panel) -> Panel:
    """The panel with what testing its map found; of a panel of units, the first of them is tested; others are as they were."""
    if not method.checked_as:
        return panel
    check = _check_of_unit if panel.heat is None else _check_of_class
    return with_check(panel, check(method, observation, panel))


def _check_of_class(method: Method, observation: Observation, panel: Panel) -> ExplanationCheck:
    return check_explanation(
        observation.network,
        observation.images,
        method.checked_as,
        target=observation.target,
        layer=panel.layer or None,
        heat=None if panel.heat is None else torch.from_numpy(panel.heat)[None],
        temperature=observation.seen.temperature,
        classifier=observation.seen.classifier,
    )


def _check_of_unit(method: Method, observation: Observation, panel: Panel) -> ExplanationCheck:
    place = tuple(panel.facts["units"][0]["unit"])
    asked: dict[str, Any] = {"layer": panel.layer, "unit": place if len(place) == 3 else place[0]}
    if panel.layer == HEAD:
        asked = {
            "target": place[0],
            "temperature": observation.seen.temperature,
            "classifier": observation.seen.classifier,
        }
    with unheld_rectifiers():  # the panel says it
        return check_explanation(observation.network, observation.images, method.checked_as, **asked)


def with_check(panel: Panel, check: ExplanationCheck) -> Panel:
    """The panel with the check's figures, and its warnings before all others."""
    lines = [("Test", "passed" if check.passed else "failed")]
    if check.redrawings:
        alike = ", ".join(f"{found.rank_correlation:.2f} in {found.layers}" for found in check.redrawings)
        lines.append(("Alike with new weights", alike))
    if check.curves is not None:
        lines.append(
            (
                "Hiding and showing what it marks",
                f"deletion {check.curves.deletion_area:.2f}, insertion {check.curves.insertion_area:.2f}; their difference "
                f"{check.curves.gain:.2f}, of the map moved elsewhere {check.moved_gain:.2f}",
            )
        )
    if check.completeness is not None:
        lines.append(("Adds up", f"to within {percent(check.completeness.error)}"))
    return dataclasses.replace(
        panel,
        checks=lines,
        warnings=[*(_of(panel, warning) for warning in check.warnings), *panel.warnings],
        facts={**panel.facts, "check": check.to_dict()},
    )


def _of(panel: Panel, warning: str) -> str:
    """The warning with the map that it is about: of a page's many, each is said apart from its picture too."""
    method = METHODS[panel.method]
    title = method.title if method.rule else panel.title
    return f"{title}{f' of {panel.layer}' if panel.layer else ''}: {warning[:1].lower()}{warning[1:]}"
