"""What is answered to a question, in the order of a page: what one method shows, or all of them, each map tested."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from typing import NamedTuple

import torch

from striate.hardware import available_processors
from striate.hooks import held_still
from striate.report.seeing_contents import Panel, SeeingReport, StagePanels
from striate.seeing.checks import checked, with_check
from striate.seeing.methods import METHODS, Method, Part
from striate.seeing.observation import Observation
from striate.seeing.projections import projection_panel, unheld_rectifiers, whole_map_panel
from striate.seeing.question import Question, panels_of
from striate.seeing.seen_network import named_labels
from striate.visualization import HEAD, check_explanations, list_layers
from striate.visualization.layers import layer_output
from striate.watching import Watcher

TOP_CLASSES = 5
STAGE_RULES = (METHODS["deconvnet"], METHODS["guided"])
"""By which a stage's units are shown; its strongest map as a whole is by every rule."""
STAGE_UNITS, STAGE_ACROSS = 4, 2
"""So many units of a stage are shown, and so many in a row."""


ANSWERS = 1900
"""So many answers of the network to the picture take as long as a whole page: gradients, and answers to other pictures.

Measured with MobileNetV2 at 224 x 224: 37 s of processor time, an answer 0.02 s.
"""

DEAR = 10.0
"""Seconds from which it is said beforehand what a page costs."""


class _Parts(NamedTuple):
    where: tuple[Panel, ...] = ()
    stages: tuple[StagePanels, ...] = ()
    units: tuple[Panel, ...] = ()


def seeing_report(question: Question, *, picture_name: str = "") -> SeeingReport:
    """What was seen, and of what.

    Args:
        question: What is asked.
        picture_name: What to call the picture; "" without one.

    Raises:
        UsageError: The method makes no sense for this network.
        DataError: None of the pictures can be read.
        TrainingError: What a run kept cannot be read.
    """
    parts = _whole_page(question) if question.whole_page else _of_one_method(question)
    observed, named = question.observed, None
    if observed is not None:
        named = named_labels(question.seen.classes, observed.probabilities, question.seen.thresholds)
    return SeeingReport(
        network=question.seen.name,
        picture_name=picture_name,
        picture=None if observed is None else observed.pixels,
        predictions=() if observed is None else observed.top(max(TOP_CLASSES, len(named or ()))),
        target="" if observed is None else observed.target_name,
        named=named,
        where=parts.where,
        stages=parts.stages,
        units=parts.units,
        notes=question.seen.notes,
        facts=question.seen.facts,
    )


def _of_one_method(question: Question) -> _Parts:
    method = METHODS[question.method]
    panels = panels_of(method, question)
    if question.observed is not None:
        panels = tuple(checked(method, question.observed, panel) for panel in panels)
    if method.part == "where":
        return _Parts(where=panels)
    if method.part == "units":
        return _Parts(units=panels)
    return _Parts(
        stages=tuple(
            StagePanels(panel.layer, question.seen.layer_facts(panel.layer).text, (panel,)) for panel in panels
        )
    )


def _whole_page(question: Question) -> _Parts:
    """All parts of the page, one piece of work after another; every map of a class is tested before it is shown."""
    watcher, observation = question.watcher, question.observation
    _say_if_dear(_seconds_of_page(observation), watcher)
    layers = list_layers(question.seen.network) if question.layer is None else (question.layer,)
    about_class = _on_page("where")
    total = len(about_class) + len(layers)
    where: list[Panel] = []
    for done, method in enumerate(about_class):
        watcher.task("looking", done, total)
        where += panels_of(method, dataclasses.replace(question, layer=None))
    stages: list[StagePanels] = []
    for done, layer in enumerate(layers, start=len(about_class)):
        watcher.task("looking", done, total)
        panels = _stage_panels(dataclasses.replace(question, layer=layer), layer)
        stages.append(StagePanels(layer, observation.facts(layer).text, panels))
    watcher.task("looking", total, total)
    where, stages = _tested(question, where, stages)
    units = [panel for method in _on_page("units") for panel in panels_of(method, question)]
    return _Parts(tuple(where), tuple(stages), tuple(units))


def _seconds_of_page(observation: Observation) -> float:
    """About how long a whole page takes on this machine when it is idle, by the processor time of one answer; the first warms up."""
    with held_still(observation.network), torch.no_grad():
        for _ in range(2):
            begun = time.process_time()
            layer_output(observation.network, observation.images, HEAD)
    return ANSWERS * (time.process_time() - begun) / available_processors()


def _say_if_dear(seconds: float, watcher: Watcher) -> None:
    if seconds >= DEAR:
        watcher.note(
            f"all methods together take as long as some {ANSWERS:,} answers of this network, about {seconds:.0f} s here; two fifths of "
            "that test whether the maps explain anything; one method alone, such as --method grad-cam, takes far less"
        )


def _on_page(part: Part) -> list[Method]:
    """The methods of a part that a page of one picture has."""
    return [method for method in METHODS.values() if method.part == part and method.on_page and method.needs != "data"]


def _stage_panels(question: Question, layer: str) -> list[Panel]:
    """What the layer itself answers, then its signals sent back: a few units by two rules, the strongest map by all."""
    observation = question.observation
    panels: list[Panel] = []
    for method in _on_page("stages"):
        if not method.rule and layer != HEAD:  # the head's numbers stand at the top of the page
            panels += panels_of(method, question)
    return [
        *panels,
        projection_panel(observation, STAGE_RULES, layer, count=STAGE_UNITS, across=STAGE_ACROSS, explained=False),
        whole_map_panel(observation, layer),
    ]


def _tested(
    question: Question, where: Sequence[Panel], stages: Sequence[StagePanels]
) -> tuple[list[Panel], list[StagePanels]]:
    """The panels with what testing found: of the maps of the class, and of the head's units, which are classes too."""
    observation = question.observation
    maps = {METHODS[panel.method].checked_as: panel for panel in where if METHODS[panel.method].checked_as}
    head = STAGE_RULES[0].checked_as if stages[-1].layer == HEAD else None
    with unheld_rectifiers():  # the panels say it
        checks = check_explanations(
            observation.network,
            observation.images,
            [*maps, *([head] if head else [])],
            target=observation.target,
            temperature=observation.seen.temperature,
            classifier=observation.seen.classifier,
            heats={name: torch.from_numpy(panel.heat)[None] for name, panel in maps.items() if panel.heat is not None},
            progress=lambda done, total: question.watcher.task("testing", done, total),
        )
    if head:
        signals, *rest = stages[-1].panels
        of_head = dataclasses.replace(stages[-1], panels=(with_check(signals, checks[head]), *rest))
        stages = [*stages[:-1], of_head]
    told = [
        with_check(panel, checks[METHODS[panel.method].checked_as]) if METHODS[panel.method].checked_as else panel
        for panel in where
    ]
    return told, list(stages)
