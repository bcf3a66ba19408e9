"""`striate.visualize`: what a network sees in a picture, by any method or by all of them, as pictures with their meaning."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from striate.data import Dataset, load_data
from striate.errors import UsageError
from striate.hooks import with_gradients
from striate.pixels import PictureSource, decode
from striate.printable_text import printable
from striate.report.seeing_contents import Panel, SeeingReport, answered
from striate.report.seeing_page import render
from striate.report.seeing_sheet import draw_everything, draw_panel, leaves_out
from striate.report.words_text import report_lines
from striate.sealing.opening import ModelName, find_model
from striate.seeing.asked_sentences import opened_reader, sentence_question
from striate.seeing.many_pictures import check_many, many_pictures
from striate.seeing.methods import ALL, METHODS, check_method, needs
from striate.seeing.observation import check_unit, observe
from striate.seeing.page import seeing_report
from striate.seeing.question import Question
from striate.seeing.reading_network import ReadingNetwork
from striate.seeing.seen_network import SeenNetwork, seen_network
from striate.seeing.sentences import sentence_report
from striate.text import SentenceEncoding
from striate.text_layout import wrapped
from striate.training.memory import keep_freed_memory
from striate.visualization import Unit, last_maps_layer
from striate.watching import Watcher
from striate.weights.input_rule import AskedInput, check_asked
from striate.wording import probability

MOST_PANELS, NOTEBOOK_SIDE = 4, 800


@dataclass(frozen=True)
class Visualization:
    """What was seen: pictures with what they mean."""

    seen: SeenNetwork | ReadingNetwork
    report: SeeingReport
    """What was seen, in the order of a page."""

    @property
    def panels(self) -> tuple[Panel, ...]:
        """In the order in which they are to be read."""
        stages = (panel for stage in self.report.stages for panel in stage.panels)
        of_sentences = (panel for sentence in self.report.sentences for panel in sentence.panels)
        return (*self.report.where, *of_sentences, *self.report.units, *stages)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Everything that whoever looks should know, a sentence each, none twice."""
        said = [*self.report.notes, *(warning for panel in self.panels for warning in panel.warnings)]
        return tuple(dict.fromkeys(said))

    @cached_property
    def pixels(self) -> npt.NDArray[np.uint8]:
        """(H, W, 3) uint8, RGB: the panel with its warnings; of several a choice that fits a screen or two, which is said on it."""
        if len(self.panels) == 1:
            return draw_panel(self.report, self.panels[0], notes=tuple(self.report.notes))
        return draw_everything(self.report, notes=tuple(self.report.notes))

    @property
    def is_whole(self) -> bool:
        """Whether `pixels` show all panels whole, and are not a choice."""
        return len(self.panels) == 1 or not leaves_out(self.report)

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        parts: list[str] = []
        for place, panel in enumerate(self.panels[:MOST_PANELS]):
            notes = tuple(self.report.notes) if place == 0 else ()
            sheet = notebook.small(draw_panel(self.report, panel, notes=notes), NOTEBOOK_SIDE)
            parts += [notebook.picture(sheet, said=panel.heading), notebook.text(panel.shows)]
        more = len(self.panels) - MOST_PANELS
        if more > 0:
            parts.append(notebook.text(f"{more} more are on the page that to_html() gives."))
        what = f"{self.seen.name} and {self.report.picture_name}" if self.report.picture_name else self.seen.name
        told = answered(self.report.predictions, self.report.named)
        said = [f"{name}, {probability(share, space='')}" for name, share in told]
        return notebook.block(": ".join([what, *said]), *map(notebook.text, self.warnings), *parts)

    def to_text(self, *, width: int | None = None) -> str:
        """What was answered, and what a single panel shows; without a picture, what several panels are; of sentences every word."""
        if self.report.kind == SentenceEncoding.kind:
            return "\n".join(report_lines(self.report, width=width))
        lines = []
        for name, share in answered(self.report.predictions, self.report.named):
            lines.append(f"{printable(self.report.picture_name)}  {printable(name)}  {probability(share, space='')}")
        if self.report.named is not None and not self.report.named:
            lines.append(f"{printable(self.report.picture_name)}  no label reaches its threshold")
        if len(self.panels) == 1:
            lines.append(printable(f"{self.panels[0].heading}: {self.panels[0].shows}"))
        elif not lines:
            lines.append(printable(f"{self.seen.name}: {', '.join(panel.heading for panel in self.panels)}"))
        return "\n".join(wrapped("\n".join(lines), width))

    def checks_text(self, *, width: int | None = None) -> str:
        """What testing the maps found, a panel after the other."""
        lines: list[str] = []
        for sentence in self.report.sentences:
            lines += [printable(sentence.text)] if len(self.report.sentences) > 1 else []
            lines += _checks(sentence.panels)
        if not self.report.sentences:
            lines = _checks(self.panels)
        return "\n".join(wrapped("\n".join(lines), width))

    def to_html(self) -> str:
        """One self-contained page, without scripts."""
        return render(self.report)

    def to_dict(self) -> dict[str, Any]:
        """All but the pixels, as JSON types."""
        if self.report.kind == SentenceEncoding.kind:
            return {
                "network": self.seen.name,
                "facts": dict(self.seen.facts),
                "notes": list(self.report.notes),
                "sentences": [sentence.to_dict() for sentence in self.report.sentences],
                "seconds": self.report.seconds,
                "panels": [panel.to_dict() for panel in self.report.units],
            }
        return {
            "network": self.seen.name,
            "picture": self.report.picture_name or None,
            "facts": dict(self.seen.facts),
            "notes": list(self.seen.notes),
            "predictions": [{"class": name, "probability": share} for name, share in self.report.predictions],
            **({} if self.report.named is None else {"named": list(self.report.named)}),
            "target": self.report.target or None,
            "seconds": self.report.seconds,
            "panels": [panel.to_dict() for panel in self.panels],
        }


def _checks(panels: Sequence[Panel]) -> list[str]:
    lines = []
    for panel in panels:
        if panel.checks:
            lines.append(panel.heading)
            lines += [f"  {what}: {found}" for what, found in panel.checks]
            lines += [f"  warning: {warning}" for warning in panel.warnings]
    return lines


@with_gradients
def visualize(
    model: nn.Module | ModelName | SeenNetwork,
    picture: PictureSource | Sequence[str] | None = None,
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
        picture: A path, the bytes of a picture file, a PIL picture or an array; it is prepared as the network's own are. For a
            network for sentences a sentence, or a list of some.
        data: For `"top"` and `"hierarchy"`: many pictures: a folder with any folders below it, or what `striate.load_data` takes.
            For a network for sentences what `striate.load_data` takes, or a file with a sentence a line.
        method: One of `striate.seeing.methods.METHODS`; `"all"`: every one that a page of one picture has, for
            every stage.
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
    check_method(method, layer=layer, unit=unit, target=target)
    check_asked(AskedInput(size, mean, std))
    if data is not None:
        check_many(data)
    found = None if isinstance(model, nn.Module | SeenNetwork) else find_model(model)
    if found is not None and not isinstance(model, nn.Module | SeenNetwork):
        of_pictures = {"layer": layer, "weights": weights, "mean": mean, "std": std, "size": size}
        reader = opened_reader(model, found, method, of_pictures)
        if reader is not None:
            asked = sentence_question(reader, method, picture, data, target=target, unit=unit, watcher=watcher)
            return Visualization(reader, _timed(sentence_report(asked), started))
    picture, data = _what_it_needs(method, picture, data)
    if not isinstance(model, SeenNetwork):
        model = seen_network(
            model, weights=weights, mean=mean, std=std, size=size, seed=seed, watcher=watcher, found=found
        )
    layer = _checked_layer(model, method, layer, unit)
    question = Question(
        model,
        method,
        observed=None if picture is None else observe(model, picture, target=target),
        many=None if data is None else many_pictures(model, data),
        layer=layer,
        unit=unit,
        target=model.class_index(target),
        seed=seed,
        watcher=watcher,
    )
    report = seeing_report(question, picture_name="" if picture is None else _picture_name(picture))
    return Visualization(model, _timed(report, started))


def _timed(report: SeeingReport, started: float) -> SeeingReport:
    return dataclasses.replace(report, seconds=round(time.perf_counter() - started, 2))


def _what_it_needs(
    method: str, picture: PictureSource | Sequence[str] | None, data: str | Path | Dataset | None
) -> tuple[PictureSource | None, str | Path | Dataset | None]:
    """The picture or the data, whichever the method looks at; what cannot be read is told before weights are downloaded."""
    if needs(method) == "picture":
        if picture is None:
            raise UsageError(f"{method} needs a picture")
        if isinstance(picture, Sequence) and not isinstance(picture, str | bytes):
            raise UsageError(f"{method} is shown one picture, got {type(picture).__name__} of {len(picture)}")
        decode(picture)
        return picture, None
    if needs(method) == "data":
        if data is None:
            raise UsageError(f"{method} needs data: many pictures to find those that a map answers to most")
        if isinstance(data, str | Path) and not Path(data).exists():
            data = load_data(data)
        return None, data
    return None, None


def _checked_layer(seen: SeenNetwork, method: str, layer: str | None, unit: Unit | None) -> str | None:
    """The layer that is meant: for methods that look at a picture through one, the deepest whose maps have places.

    Raises:
        UnknownNameError: There is no such layer.
        UsageError: The layer has no such unit.
    """
    if layer is None:
        if method == ALL or not METHODS[method].takes_layer or needs(method) == "nothing":
            return None
        layer = last_maps_layer(seen.network, torch.zeros(1, *seen.input_shape))
    check_unit(seen.layer_facts(layer), unit)
    return layer


def _picture_name(picture: PictureSource) -> str:
    return Path(picture).name if isinstance(picture, str | Path) else "the picture"
