"""Whether a map explains the network at all: tested before it is shown, and said where it is shown."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import Any

from torch import Tensor

from striate.report.seeing_contents import Panel
from striate.seeing.layers import RULES, unheld_rectifiers
from striate.seeing.looking import Look
from striate.visualization import HEAD, ExplanationCheck, check_explanation
from striate.wording import percent

NAMES = MappingProxyType(
    {
        "grad-cam": "grad_cam",
        "occlusion": "occlusion",
        "integrated-gradients": "integrated_gradients",
        "saliency": "saliency",
        "deconvnet": "deconvnet",
        "guided": "guided_backpropagation",
        "gradient": "gradient",
    }
)
"""From what users type to the names of `striate.visualization.METHODS`."""


def checked(look: Look, panel: Panel, heat: Tensor) -> Panel:
    """The panel of a class, with what testing its map found."""
    check = check_explanation(
        look.seen.network,
        look.images,
        NAMES[panel.method],
        target=look.target,
        layer=panel.layer or None,
        heat=heat[None],
        temperature=look.seen.temperature,
    )
    return with_check(panel, check)


def checked_projection(look: Look, panel: Panel, layer: str) -> Panel:
    """The panel of a layer's units, with what testing the first of them found."""
    place = tuple(panel.facts["units"][0]["unit"])
    name, network, images = NAMES[panel.method], look.seen.network, look.images
    which: dict[str, Any] = {"layer": layer, "unit": place if len(place) == 3 else place[0]}
    if layer == HEAD:
        which = {"target": place[0], "temperature": look.seen.temperature}
    with unheld_rectifiers():  # the panel says it
        check = check_explanation(network, images, name, **which)
    return with_check(panel, check)


def with_check(panel: Panel, check: ExplanationCheck) -> Panel:
    """The panel with the check's figures, and its warnings before all others."""
    lines = [("Test", "passed" if check.passed else "failed")]
    if check.redrawings:
        alike = ", ".join(f"{one.rank_correlation:.2f} in {one.layers}" for one in check.redrawings)
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
    name = RULES[panel.method][0] if panel.method in RULES else panel.title
    return f"{name}{f' of {panel.layer}' if panel.layer else ''}: {warning[:1].lower()}{warning[1:]}"
