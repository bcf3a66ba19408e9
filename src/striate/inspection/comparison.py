"""Networks side by side, and how two of them differ, layer by layer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from striate.inspection.inspection import Inspection
from striate.inspection.layers import Layer
from striate.inspection.text import (
    bytes_text,
    count_text,
    markdown_table,
    size_text,
    window_text,
)
from striate.row_writing import json_text
from striate.text_layout import table, wrapped


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

    @property
    def differences(self) -> tuple[str, ...]:
        """What is not the same in a changed layer, such as `kernel_size=(5, 5) -> (3, 3)`."""
        return tuple(_differences(self.first, self.second)) if self.first and self.second else ()

    def to_dict(self) -> dict[str, Any]:
        """The difference as JSON types."""
        return {
            "change": self.change,
            "text": self.text,
            "differences": list(self.differences),
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
        return json_text(self.to_dict(), indent=1)

    def to_text(self, *, width: int | None = None) -> str:
        """Figures as a table, departures as lines; on a screen of `width` columns no word is cut."""
        columns, rows = self._table()
        lines = table(columns, rows, width=width)
        if len(self.inspections) == 2:
            lines += ["", self._headline()]
            for sign, what, places in self.groups():
                number = f" ({len(places)} places)" if len(places) > 1 else ""
                lines += [f"{sign} {what}{number}", *(f"    {place}" for place in places)]
        return "\n".join(line.rstrip() for text in lines for line in wrapped(text, width))

    def to_markdown(self) -> str:
        """Figures and departures as Markdown."""
        lines = markdown_table(*self._table())
        if len(self.inspections) == 2:
            lines += ["", self._headline(), ""]
            for _, what, places in self.groups():
                lines += [f"- {what}", *(f"    - `{place}`" for place in places)]
        return "\n".join(lines) + "\n"

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        parts = [notebook.table(*self._table())]
        if len(self.inspections) == 2:
            parts.append(notebook.text(self._headline()))
            parts.append(
                notebook.table(("departure", "places"), [(what, len(all_)) for _, what, all_ in self.groups()])
            )
        return notebook.block(" and ".join(inspection.name for inspection in self.inspections), *parts)

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

    def groups(self) -> list[tuple[str, str, list[str]]]:
        """Departures of one sort together: a sign, what it is, and every place."""
        signs = {"changed": "~", "removed": "-", "added": "+"}
        groups: dict[tuple[str, str], list[str]] = {}
        for departure in self.departures:
            first, second = departure.first, departure.second
            layer = first or second
            what = f"{layer.kind if layer else ''} {departure.change}"
            if first and second:
                what = f"{first.kind}: {', '.join(departure.differences)}"
                place = _described(first)
                if (first.name, first.input_shapes, first.output_shape) != (
                    second.name,
                    second.input_shapes,
                    second.output_shape,
                ):
                    place += f" became {_described(second)}"
                if first.parameters != second.parameters:
                    place += f", parameters {first.parameters:,} -> {second.parameters:,}"
            else:
                place = _described(layer)
            groups.setdefault((signs[departure.change], what), []).append(place)
        return [(sign, what, places) for (sign, what), places in groups.items()]


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
    # Networks of the same kinds of layers differ in their settings; others are aligned by what goes through the layers.
    alike = [layer.kind for layer in one] == [layer.kind for layer in two]
    keys = [[_family(layer)[: 1 if alike else 3] for layer in layers] for layers in (one, two)]
    matcher = SequenceMatcher(None, keys[0], keys[1], autojunk=False)
    for tag, i, j, k, m in matcher.get_opcodes():
        if tag == "equal":
            for before, after in zip(one[i:j], two[k:m], strict=True):
                if _figure(before) != _figure(after):
                    yield Departure("changed", before, after)
            continue
        gone, come = list(one[i:j]), list(two[k:m])
        while gone and come and _alike(gone[0], come[0]):
            yield Departure("changed", gone.pop(0), come.pop(0))
        yield from (Departure("removed", layer, None) for layer in gone)
        yield from (Departure("added", None, layer) for layer in come)


def _family(layer: Layer) -> tuple[Any, ...]:
    return layer.kind, layer.output_shape[1:], layer.auxiliary


def _alike(one: Layer, two: Layer) -> bool:
    """Whether a layer stands in another's place: it answers as much, and both have weights to apply or neither."""
    return one.output_shape == two.output_shape and (one.macs > 0) == (two.macs > 0)


def _figure(layer: Layer) -> tuple[Any, ...]:
    """What makes a layer what it is; its sizes and its receptive field also follow from the layers before it."""
    if layer.settings:
        return layer.kind, layer.settings, layer.parameters
    window = layer.kernel, layer.stride, layer.padding, layer.dilation, layer.groups
    return layer.kind, window, layer.parameters


def _differences(one: Layer, two: Layer) -> Iterator[str]:
    if one.kind != two.kind:
        yield f"now {two.kind}"
    else:
        before, after = _settings(one.settings), _settings(two.settings)
        for key in dict.fromkeys((*before, *after)):
            if before.get(key) != after.get(key):
                values = [f"{table[key]}" if key in table else "default" for table in (before, after)]
                yield f"{key} {values[0]} -> {values[1]}".strip()
    for key in ("kernel", "stride", "padding", "dilation", "groups"):
        if not one.settings and getattr(one, key) != getattr(two, key):
            yield f"{key} {getattr(one, key)} -> {getattr(two, key)}"


def _settings(text: str) -> dict[str, str]:
    """What a module says of itself, by name; what has no name counts from 1."""
    parts = re.split(r", (?![^(]*\))", text)
    table = {}
    for place, part in enumerate(parts, start=1):
        name, _, value = part.rpartition("=")
        table[name or f"argument {place}"] = value
    return table


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
        f"inference, 1 {inspection.one}": bytes_text(memory.inference),
        f"training, 1 {inspection.one}": bytes_text(memory.training),
    }
