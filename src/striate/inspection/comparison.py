"""Networks side by side, and how two of them differ, layer by layer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from striate.inspection.inspection import Inspection
from striate.inspection.layers import Layer
from striate.inspection.text import (
    aligned,
    bytes_text,
    count_text,
    markdown_table,
    size_text,
    window_text,
)


@dataclass(frozen=True)
class Departure:
    """A place where the second network is not the first."""

    change: Literal["changed", "removed", "added"]
    first: Layer | None
    second: Layer | None

    @property
    def text(self) -> str:
        """The difference in one line."""
        if self.first is None or self.second is None:
            return f"{_described(self.first or self.second)} is {self.change}"
        return f"{_described(self.first)} became {_described(self.second)}"

    def to_dict(self) -> dict[str, Any]:
        """The difference as JSON types."""
        return {
            "change": self.change,
            "text": self.text,
            "first": self.first.to_dict() if self.first else None,
            "second": self.second.to_dict() if self.second else None,
        }


@dataclass(frozen=True)
class Comparison:
    """Networks side by side; of two also every departure of the second from the first."""

    inspections: tuple[Inspection, ...]
    departures: tuple[Departure, ...]

    def to_dict(self) -> dict[str, Any]:
        """Figures and departures as JSON types."""
        keys = ("name", "parameters", "macs", "flops", "receptive_field", "element_operations", "auxiliary_parameters")
        more = ("auxiliary_macs", "input_shape", "output_shape", "memory", "stages", "notes")
        tables = [inspection.to_dict() for inspection in self.inspections]
        return {
            "networks": [{key: table[key] for key in (*keys, *more)} for table in tables],
            "departures": [departure.to_dict() for departure in self.departures],
        }

    def to_json(self) -> str:
        """Figures and departures as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=1)

    def to_text(self) -> str:
        """Figures as a table, departures as lines."""
        columns, rows = self._table()
        lines = aligned(columns, rows)
        if len(self.inspections) == 2:
            lines += ["", self._headline()]
            lines += aligned(("", "first", "second"), list(self._departure_rows()))[1:]
        return "\n".join(line.rstrip() for line in lines)

    def to_markdown(self) -> str:
        """Figures and departures as Markdown tables."""
        lines = markdown_table(*self._table())
        if len(self.inspections) == 2:
            first, second = (inspection.name for inspection in self.inspections)
            lines += ["", self._headline(), ""]
            lines += markdown_table(("", first, second), list(self._departure_rows()))
        return "\n".join(lines) + "\n"

    def __str__(self) -> str:
        """The text."""
        return self.to_text()

    def _headline(self) -> str:
        first, second = (inspection.name for inspection in self.inspections)
        if not self.departures:
            return f"{second} has the same layers as {first}"
        places = "place" if len(self.departures) == 1 else "places"
        return f"{second} departs from {first} in {len(self.departures)} {places}:"

    def _table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        columns = ("", *(inspection.name for inspection in self.inspections))
        figures = [_figures(inspection) for inspection in self.inspections]
        return columns, [(name, *(column[name] for column in figures)) for name in figures[0]]

    def _departure_rows(self) -> Iterator[tuple[str, str, str]]:
        signs = {"changed": "~", "removed": "-", "added": "+"}
        for departure in self.departures:
            first, second = departure.first, departure.second
            yield signs[departure.change], _described(first) if first else "", _described(second) if second else ""


def compare_inspections(inspections: Sequence[Inspection]) -> Comparison:
    """Puts inspections side by side, and finds the differences if there are two.

    Example:
        >>> from torch import nn
        >>> from striate.inspection import inspect_network
        >>> plain = inspect_network(nn.Sequential(nn.Conv2d(3, 8, 3)), (3, 8, 8))
        >>> wider = inspect_network(nn.Sequential(nn.Conv2d(3, 9, 3)), (3, 8, 8))
        >>> compare_inspections([plain, wider]).departures[0].text
        '0 Conv2d 3x3 3x8x8 -> 8x6x6 became 0 Conv2d 3x3 3x8x8 -> 9x6x6'
    """
    departures = tuple(departures_of(*inspections)) if len(inspections) == 2 else ()
    return Comparison(tuple(inspections), departures)


def departures_of(first: Inspection, second: Inspection) -> Iterator[Departure]:
    """Every layer of either network that has no like in the other, aligned by what the layers do."""
    one, two = first.layers, second.layers
    # Layers of the same name and kind with other sizes belong together; so what is aligned is sought by kind, and
    # sizes are looked at afterwards.
    matcher = SequenceMatcher(
        None, [_family(layer) for layer in one], [_family(layer) for layer in two], autojunk=False
    )
    for tag, i, j, k, m in matcher.get_opcodes():
        if tag == "equal":
            for before, after in zip(one[i:j], two[k:m], strict=True):
                if _figure(before) != _figure(after):
                    yield Departure("changed", before, after)
            continue
        paired = min(j - i, m - k)
        for place in range(paired):
            yield Departure("changed", one[i + place], two[k + place])
        for layer in one[i + paired : j]:
            yield Departure("removed", layer, None)
        for layer in two[k + paired : m]:
            yield Departure("added", None, layer)


def _family(layer: Layer) -> tuple[Any, ...]:
    return layer.kind, layer.output_shape[1:], layer.auxiliary


def _figure(layer: Layer) -> tuple[Any, ...]:
    return (
        layer.kind,
        layer.kernel,
        layer.stride,
        layer.padding,
        layer.dilation,
        layer.groups,
        layer.input_shapes,
        layer.output_shape,
        layer.parameters,
        layer.macs,
        layer.receptive_field,
    )


def _described(layer: Layer | None) -> str:
    if layer is None:
        return ""
    shapes = " + ".join(size_text(shape) for shape in layer.input_shapes)
    parts = [layer.name, layer.kind, window_text(layer), f"{shapes} -> {size_text(layer.output_shape)}"]
    return " ".join(part for part in parts if part)


def _figures(inspection: Inspection) -> dict[str, str]:
    memory, size = inspection.memory(), inspection.receptive_field
    return {
        "input": size_text(inspection.input_shape),
        "output": size_text(inspection.output_shape),
        "layers": str(sum(not layer.auxiliary for layer in inspection.layers)),
        "parameters": f"{inspection.parameters:,}",
        "auxiliary parameters": f"{inspection.auxiliary_parameters:,}",
        "MACs": f"{inspection.macs:,}",
        "FLOPs": f"{inspection.flops:,}",
        "MACs in short": count_text(inspection.macs),
        "element operations": f"{inspection.element_operations:,}",
        "receptive field": "" if size is None else str(size),
        "weights": bytes_text(memory.weights),
        "inference, 1 picture": bytes_text(memory.inference),
        "training, 1 picture": bytes_text(memory.training),
    }
