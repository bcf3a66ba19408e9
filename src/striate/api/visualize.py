"""`striate.visualize`: what a network sees in a picture, by any method or by all of them, as pictures with their meaning."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from striate.data import Dataset, load_data
from striate.errors import UnknownNameError, UsageError
from striate.hooks import with_gradients
from striate.pixels import PictureSource, decode
from striate.report.seeing_contents import Panel, SeeingReport, StagePanels
from striate.report.seeing_page import render
from striate.report.seeing_sheet import draw_everything, draw_panel, leaves_out
from striate.sealing.opening import ModelName
from striate.seeing.checks import NAMES, checked, checked_projection, with_check
from striate.seeing.classes import CLASS_PANELS
from striate.seeing.layers import (
    RULES,
    feature_maps_panel,
    projection_panel,
    through_training_panel,
    whole_map_panel,
)
from striate.seeing.learnt import filters_panel, maximize_panel, unit_to_maximize
from striate.seeing.looking import Look, check_unit, look_at
from striate.seeing.many_pictures import hierarchy_panels, many_pictures, top_panel
from striate.seeing.seen_network import SeenNetwork, seen_network
from striate.training.memory import keep_freed_memory
from striate.visualization import HEAD, Unit, check_explanations, last_maps_layer, list_layers, strongest_maps
from striate.watching import Watcher
from striate.weights.input_rule import AskedInput, check_asked
from striate.wording import probability

ALL = "all"
ON_DATA = ("top", "hierarchy")
ON_NOTHING = ("maximize", "filters")
ON_A_PICTURE = (
    "deconvnet",
    "guided",
    "gradient",
    "saliency",
    "integrated-gradients",
    "grad-cam",
    "occlusion",
    "feature-maps",
    "through-training",
)

OF_A_LAYER = (*RULES, "feature-maps", "through-training")
METHODS = (*ON_A_PICTURE, *ON_DATA, *ON_NOTHING, ALL)
TAKES_LAYER = (*OF_A_LAYER, "grad-cam", "occlusion", "top", *ON_NOTHING)
TAKES_UNIT = (*OF_A_LAYER, "top", "maximize")
TOP_CLASSES = 5
STAGE_UNITS = 4
CLASSES_MAXIMIZED, MAPS_MAXIMIZED, MAXIMIZED_SIDE = 1, 3, 128
MOST_PANELS, NOTEBOOK_SIDE = 4, 800


@dataclass(frozen=True)
class Visualization:
    """What was seen: pictures with what they mean."""

    seen: SeenNetwork
    report: SeeingReport
    """What was seen, in the order of a page."""

    @property
    def panels(self) -> tuple[Panel, ...]:
        """In the order in which they are to be read."""
        stages = (panel for stage in self.report.stages for panel in stage.panels)
        return (*self.report.where, *self.report.units, *stages)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Everything that whoever looks should know, a sentence each, none twice."""
        said = [*self.seen.notes, *(warning for panel in self.panels for warning in panel.warnings)]
        return tuple(dict.fromkeys(said))

    @cached_property
    def pixels(self) -> npt.NDArray[np.uint8]:
        """(H, W, 3) uint8, RGB: the panel with its warnings; of several a choice that fits a screen or two, which is said on it."""
        if len(self.panels) == 1:
            return draw_panel(self.report, self.panels[0], notes=tuple(self.seen.notes))
        return draw_everything(self.report, notes=tuple(self.seen.notes))

    @property
    def is_whole(self) -> bool:
        """Whether `pixels` show all panels whole, and are not a choice."""
        return len(self.panels) == 1 or not leaves_out(self.report)

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        parts: list[str] = []
        for place, panel in enumerate(self.panels[:MOST_PANELS]):
            notes = tuple(self.seen.notes) if place == 0 else ()
            sheet = notebook.small(draw_panel(self.report, panel, notes=notes), NOTEBOOK_SIDE)
            of = f" of {panel.layer}" if panel.layer else ""
            parts += [notebook.picture(sheet, said=f"{panel.title}{of}"), notebook.text(panel.shows)]
        more = len(self.panels) - MOST_PANELS
        if more > 0:
            parts.append(notebook.text(f"{more} more are on the page that to_html() gives."))
        what = f"{self.seen.name} and {self.report.picture_name}" if self.report.picture_name else self.seen.name
        said = [f"{name}, {probability(share, space='')}" for name, share in self.report.predictions[:1]]
        return notebook.block(": ".join([what, *said]), *map(notebook.text, self.warnings), *parts)

    def to_html(self) -> str:
        """One self-contained page, without scripts."""
        return render(self.report)

    def to_dict(self) -> dict[str, Any]:
        """All but the pixels, as JSON types."""
        return {
            "network": self.seen.name,
            "picture": self.report.picture_name or None,
            "facts": dict(self.seen.facts),
            "notes": list(self.seen.notes),
            "predictions": [{"class": name, "probability": share} for name, share in self.report.predictions],
            "target": self.report.target or None,
            "seconds": self.report.seconds,
            "panels": [panel.to_dict() for panel in self.panels],
        }


@with_gradients
def visualize(
    model: nn.Module | ModelName | SeenNetwork,
    picture: PictureSource | None = None,
    *,
    data: str | Path | Dataset | None = None,
    method: str = ALL,
    layer: str | None = None,
    unit: Unit | None = None,
    target: int | str | None = None,
    weights: str | Path | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    size: int | None = None,
    seed: int = 0,
    watcher: Watcher | None = None,
) -> Visualization:
    """Shows what a network sees in a picture, and what it looks for in many.

    Args:
        model: A run, the folder of a run or bundle, a name of the catalogue, or any module.
        picture: A path, the bytes of a picture file, a PIL picture or an array; it is prepared as the network's own are.
        data: For `"top"` and `"hierarchy"`: many pictures: a folder with any folders below it, or what `striate.load_data` takes.
        method: One of `striate.api.visualize.METHODS`; `"all"`: every one of them but
            `"through-training"`, for every stage.
        layer: For methods of a layer: a name of `striate.visualization.list_layers`, or any module's path; None: the
            deepest layer whose maps have places.
        unit: For methods of a layer and `"maximize"`: a map, or (map, row, column); None: the
            strongest.
        target: The class that is asked about, by name or number; None: the one that the network answers.
        weights: For a name of the catalogue: `"imagenet"`, or a file; None: random ones, which is said.
        mean: What the weights subtract from pixels of 0 to 1; None: what their publisher says, or the row's own.
        std: What they divide by after that.
        size: Side of the network's input in pixels.
        seed: Draws random weights, and where maximization begins.
        watcher: Hears how it goes.

    Raises:
        PictureError: The picture cannot be read.
        DataError: The pictures of `data` cannot be used.
        UnknownNameError: There is no such method, network, layer or class; the message offers the closest.
        UsageError: Something else that was asked for makes no sense, such as a unit that the layer does not have.
        WeightsError: The weights cannot be read or do not fit.
        BundleError: The bundle is damaged.
        TrainingError: For `"through-training"`: what the run kept cannot be read.

    Example:
        >>> seen = visualize("lenet5", np.zeros((28, 28), np.uint8), method="deconvnet", layer="s2", unit=3)
        >>> seen.panels[0].facts["units"][0]["unit"][0], seen.pixels.shape[2]
        (3, 3)
    """
    started = time.perf_counter()
    watcher = watcher or Watcher()
    keep_freed_memory()
    check_method(method, layer=layer, unit=unit)
    if method in (*ON_A_PICTURE, ALL) and picture is None:
        raise UsageError(f"{method} needs a picture")
    if method in ON_DATA and data is None:
        raise UsageError(f"{method} needs data: many pictures to find those that a map answers to most")
    check_asked(AskedInput(size, mean, std))
    if picture is not None and method in (*ON_A_PICTURE, ALL):
        decode(picture)  # one that cannot be read is told before weights are downloaded
    if isinstance(data, str | Path) and method in ON_DATA and not Path(data).exists():
        data = load_data(data)  # likewise
    if not isinstance(model, SeenNetwork):
        model = seen_network(model, weights=weights, mean=mean, std=std, size=size, seed=seed, watcher=watcher)
    if layer is not None:
        check_unit(model.layer_facts(layer), unit)
    if method in TAKES_LAYER and method not in ON_NOTHING and layer is None:
        layer = last_maps_layer(model.network, torch.zeros(1, *model.input_shape))
        check_unit(model.layer_facts(layer), unit)
    if picture is None or method not in (*ON_A_PICTURE, ALL):
        if method == "maximize":
            wanted = unit_to_maximize(model, layer, unit, model.class_index(target))
            check_unit(model.layer_facts(wanted[0]), wanted[1])
            panels: tuple[Panel, ...] = (maximize_panel(model, [wanted], watcher, seed=seed),)
        elif method == "filters":
            panels = (filters_panel(model, layer),)
        else:
            panels = _without_a_picture(model, method, layer, unit, data, watcher)
        report = SeeingReport(model.name, "", None, (), "", (), (), panels, model.notes, model.facts)
    else:
        look = look_at(model, picture, target=target)
        report = _with_a_picture(look, picture_name(picture), method, layer, unit, watcher)
    report = dataclasses.replace(report, seconds=round(time.perf_counter() - started, 2))
    return Visualization(model, report)


def _without_a_picture(
    seen: SeenNetwork,
    method: str,
    layer: str | None,
    unit: Unit | None,
    data: str | Path | Dataset | None,
    watcher: Watcher,
) -> tuple[Panel, ...]:
    if data is None:
        raise UsageError(f"{method} needs data")
    pictures = many_pictures(seen, data)
    if method == "hierarchy":
        return (*_first_filters(seen), *hierarchy_panels(pictures, _low_middle_high(seen), watcher))
    return (top_panel(pictures, layer or HEAD, unit, watcher),)


def _low_middle_high(seen: SeenNetwork) -> list[str]:
    """The first, the middle and the last of the stages whose maps have places."""
    local = [facts.name for facts in seen.all_layer_facts() if len(facts.shape) == 3 and max(facts.shape[1:]) > 1]
    places = sorted({0, (len(local) - 1) // 2, len(local) - 1}) if local else []
    return [local[place] for place in places] or [HEAD]


def _with_a_picture(
    look: Look, name: str, method: str, layer: str | None, unit: Unit | None, watcher: Watcher
) -> SeeingReport:
    where: tuple[Panel, ...] = ()
    stages: tuple[StagePanels, ...] = ()
    units: tuple[Panel, ...] = ()
    if method == ALL:
        layers = list_layers(look.seen.network) if layer is None else [layer]
        where, stages = _everything(look, layers, watcher)
        units = (
            *_first_filters(look.seen),
            maximize_panel(look.seen, _to_maximize(look, layers), watcher, size=_maximized_size(look.seen)),
        )
    elif method in OF_A_LAYER:
        panel = _one(look, method, layer, unit)
        stages = (StagePanels(panel.layer, look.facts(panel.layer).text, (panel,)),)
    else:
        where = (_one(look, method, layer, unit),)
    return SeeingReport(
        network=look.seen.name,
        picture_name=name,
        picture=look.pixels,
        predictions=look.top(TOP_CLASSES),
        target=look.target_name,
        where=where,
        stages=stages,
        units=units,
        notes=look.seen.notes,
        facts=look.seen.facts,
    )


def check_method(method: str, *, layer: str | None = None, unit: Unit | None = None) -> None:
    """Refuses what no method takes, before anything is read.

    Raises:
        UnknownNameError: There is no such method; the message offers the closest.
        UsageError: The method has no use for the layer or the unit.
    """
    if method not in METHODS:
        raise UnknownNameError("method", method, METHODS)
    if layer is not None and method not in (*TAKES_LAYER, ALL):
        raise UsageError(f"{method} is of the network as a whole and takes no --layer")
    if unit is not None and method not in TAKES_UNIT:
        raise UsageError(f"--unit goes with {', '.join(TAKES_UNIT)}, not with {method}; a class is a --target")


def picture_name(picture: PictureSource) -> str:
    """What to call a picture: a file's name, or "the picture"."""
    return Path(picture).name if isinstance(picture, str | Path) else "the picture"


def _to_maximize(look: Look, layers: Sequence[str]) -> list[tuple[str, Unit]]:
    """The most probable classes, and the strongest map of a few stages from the first to the last."""
    numbers = sorted(range(len(look.probabilities)), key=lambda number: -look.probabilities[number])[:CLASSES_MAXIMIZED]
    stages = [layer for layer in layers if layer != HEAD and look.maps(layer).ndim == 3]
    places = sorted(
        {round(at * (len(stages) - 1) / MAPS_MAXIMIZED) for at in range(1, MAPS_MAXIMIZED + 1)} if stages else ()
    )
    maps = [(stages[place], strongest_maps(look.maps(stages[place]), 1)[0]) for place in places]
    return [*maps, *((HEAD, number) for number in numbers)]


def _first_filters(seen: SeenNetwork) -> tuple[Panel, ...]:
    try:
        return (filters_panel(seen),)
    except UsageError:  # a network without a convolution has none
        return ()


def _maximized_size(seen: SeenNetwork) -> tuple[int, int]:
    """Smaller than the network's own where it takes that: it is four times as fast."""
    network, (height, width) = seen.network, seen.preprocessing.size
    least = max(getattr(network, "minimum_size", (height, width)))
    if getattr(network, "fixed_size", True) or max(height, width) <= MAXIMIZED_SIDE or least > MAXIMIZED_SIDE:
        return height, width
    return MAXIMIZED_SIDE, MAXIMIZED_SIDE


def _one(look: Look, method: str, layer: str | None, unit: Unit | None) -> Panel:
    if method in RULES:
        layer = layer or HEAD
        return checked_projection(look, projection_panel(look, [method], layer, unit), layer)
    if method == "feature-maps":
        return feature_maps_panel(look, layer or HEAD, unit)
    if method == "through-training":
        return through_training_panel(look, layer or HEAD, unit)
    panel, heat = CLASS_PANELS[method](look, layer)
    return checked(look, panel, heat)


def _everything(
    look: Look, layers: Sequence[str], watcher: Watcher
) -> tuple[tuple[Panel, ...], tuple[StagePanels, ...]]:
    """The panels of the page, one piece of work after another; every map of a class is tested before it is shown."""
    where: list[tuple[Panel, Tensor]] = []
    stages: list[StagePanels] = []
    work: list[Callable[[], None]] = []
    for name in CLASS_PANELS:
        work.append(lambda name=name: where.append(CLASS_PANELS[name](look, None)))  # type: ignore[misc]
    for layer in layers:
        work.append(lambda layer=layer: stages.append(_stage(look, layer)))  # type: ignore[misc]
    for done, piece in enumerate(work):
        watcher.task("looking", done, len(work))
        piece()
    watcher.task("looking", len(work), len(work))
    checks = check_explanations(
        look.seen.network,
        look.images,
        list(NAMES.values()),
        target=look.target,
        temperature=look.seen.temperature,
        heats={NAMES[panel.method]: heat[None] for panel, heat in where},
        progress=lambda done, total: watcher.task("testing", done, total),
    )
    if stages and stages[-1].layer == HEAD:
        rules = [with_check(rule_panel, checks[NAMES[rule_panel.method]]) for rule_panel in stages[-1].panels[:1]]
        stages[-1] = dataclasses.replace(stages[-1], panels=(*rules, *stages[-1].panels[1:]))
    return tuple(with_check(panel, checks[NAMES[panel.method]]) for panel, _ in where), tuple(stages)


def _stage(look: Look, layer: str) -> StagePanels:
    rules = ("deconvnet", "guided", "gradient")
    panels = [
        projection_panel(look, ("deconvnet", "guided"), layer, count=STAGE_UNITS, per_row=2, explained=False),
        whole_map_panel(look, rules, layer),
    ]
    if layer != HEAD:
        panels.insert(0, feature_maps_panel(look, layer))
    return StagePanels(layer, look.facts(layer).text, panels)
