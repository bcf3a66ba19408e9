"""Inspections as aligned text for a terminal or a pipe, and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from striate.inspection.layers import Layer
from striate.inspection.record import Record
from striate.text_layout import table, wrapped
from striate.wording import plural

COLUMNS = (
    "layer",
    "kind",
    "kernel",
    "output",
    "parameters",
    "arithmetic",
    "MACs",
    "element ops",
    "memory",
    "field",
    "jump",
    "start",
)
TO_THE_LEFT = {"layer", "stage", "kind", "kernel", "output", "arithmetic", ""}


def size_text(sizes: Sequence[int], *, square: bool = False) -> str:
    """Sizes joined by `x`; with `square` equal sides are said once.

    Example:
        >>> size_text((64, 112, 112)), size_text((3, 3), square=True), size_text((1, 7), square=True)
        ('64x112x112', '3', '1x7')
    """
    if square and len(set(sizes)) == 1:
        return str(sizes[0])
    return "x".join(str(size) for size in sizes)


def bytes_text(count: int) -> str:
    """Bytes in the unit that reads best.

    Example:
        >>> bytes_text(840), bytes_text(18_816), bytes_text(102_228_128)
        ('840 B', '18.4 KiB', '97.5 MiB')
    """
    if count < 1024:
        return f"{count} B"
    power = min(3, (count.bit_length() - 1) // 10)
    return f"{count / 1024**power:.1f} {('KiB', 'MiB', 'GiB')[power - 1]}"


def count_text(count: int) -> str:
    """A large number in short.

    Example:
        >>> count_text(60_000), count_text(300_774_272), count_text(15_470_264_320), count_text(840)
        ('60.0 K', '300.8 M', '15.47 G', '840')
    """
    for unit, size, places in (("G", 10**9, 2), ("M", 10**6, 1), ("K", 10**3, 1)):
        if count >= size:
            return f"{count / size:.{places}f} {unit}"
    return str(count)


def window_text(layer: Layer) -> str:
    """Kernel, stride, padding, dilation and groups in short; what is usual is left out.

    Example:
        >>> window_text(Layer(name="", kind="", inputs=(), input_shapes=(), output_shape=(), kernel=(3, 3), stride=(2, 2),
        ...     padding=(1, 1), dilation=(1, 1), groups=32))
        '3x3 /2 pad 1 groups 32'
    """
    parts = [size_text(layer.kernel)] if layer.kernel else []
    if layer.stride and any(stride != 1 for stride in layer.stride):
        parts.append(f"/{size_text(layer.stride, square=True)}")
    if any(layer.padding):
        parts.append(f"pad {size_text(layer.padding, square=True)}")
    if any(dilation != 1 for dilation in layer.dilation):
        parts.append(f"dilated {size_text(layer.dilation, square=True)}")
    if layer.groups != 1:
        parts.append(f"groups {layer.groups}")
    return " ".join(parts)


def parameters_text(layer: Layer) -> str:
    """The parameters, frozen and fixed ones named."""
    parts = [f"{layer.parameters:,}"] if layer.parameters or not (layer.frozen_parameters or layer.fixed) else []
    if layer.frozen_parameters:
        parts.append(f"{layer.frozen_parameters:,} frozen")
    if layer.fixed:
        parts.append(f"{layer.fixed:,} fixed")
    return " + ".join(parts)


def arithmetic_text(layer: Layer) -> str:
    """The arithmetic with its result, such as `(5*5*3+1)*6 = 456`."""
    return f"{layer.arithmetic} = {layer.parameters + layer.frozen_parameters}" if layer.arithmetic else ""


def cells(layer: Layer) -> tuple[str, ...]:
    """A row of the table."""
    field = layer.receptive_field
    places = (
        ("all" if layer.sees_everything else "?", "", "")
        if field is None
        else tuple(size_text(values, square=True) for values in (field.size, field.jump, field.start))
    )
    plus = "+" if field is not None and layer.sees_everything else ""
    return (
        layer.name or layer.kind,
        f"{layer.kind} ({layer.layers} layers)" if layer.layers > 1 else layer.kind,
        window_text(layer),
        size_text(layer.output_shape),
        parameters_text(layer),
        arithmetic_text(layer),
        f"{layer.macs:,}",
        f"{layer.element_operations:,}",
        bytes_text(layer.activation_bytes),
        ("" if field is None or field.exact else "~") + places[0] + plus,
        *places[1:],
    )


def totals(inspection: Record, batch_size: int) -> list[tuple[str, str]]:
    """The figures of the whole, each with its name."""
    memory = inspection.memory(batch_size)
    last, size = inspection.last_local, inspection.receptive_field
    rows = [
        ("input", size_text(inspection.input_shape)),
        ("output", size_text(inspection.output_shape)),
        ("parameters", f"{inspection.parameters:,}"),
    ]
    if inspection.auxiliary_parameters:
        rows.append(("", f"{inspection.auxiliary_parameters:,} more in auxiliary heads"))
    if inspection.frozen_parameters:
        rows.append(("", f"{inspection.frozen_parameters:,} more are frozen"))
    rows.append(("MACs", f"{inspection.macs:,} ({count_text(inspection.macs)})"))
    if inspection.auxiliary_macs:
        rows.append(("", f"{inspection.auxiliary_macs:,} more in auxiliary heads"))
    rows += [
        ("FLOPs", f"{inspection.flops:,} (2 x MACs)"),
        ("element operations", f"{inspection.element_operations:,}"),
    ]
    if last is not None and last.receptive_field is not None and size is not None:
        shown = f"{size} x {size}" if isinstance(size, int) else " x ".join(str(side) for side in size)
        jump = size_text(last.receptive_field.jump, square=True)
        unit = "pixels"
        if len(inspection.input_shape) == 1:  # a sentence, along its words
            shown, jump, unit = f"{size}", f"{last.receptive_field.jump[0]}", "words"
        rows.append(("receptive field", f"{shown} {unit} at {last.name}, every {jump} {unit}"))
    given = plural(batch_size, inspection.one)
    rows += [
        ("weights", bytes_text(memory.weights)),
        ("inference", f"about {bytes_text(memory.inference)} for {given}"),
        ("training", f"about {bytes_text(memory.training)} for {given}, with gradients and momentum"),
    ]
    return rows


def stage_cells(inspection: Record) -> list[tuple[str, ...]]:
    """A row a stage."""
    return [
        (
            stage.name,
            size_text(stage.output_shape),
            f"{stage.parameters:,}",
            f"{stage.parameters_share:.1%}",
            f"{stage.macs:,}",
            f"{stage.macs_share:.1%}",
            bytes_text(stage.activation_bytes),
        )
        for stage in inspection.stages
    ]


STAGE_COLUMNS = ("stage", "output", "parameters", "share", "MACs", "share", "memory")


def inspection_text(
    inspection: Record, *, batch_size: int = 1, depth: int | None = None, width: int | None = None
) -> str:
    """Layers, stages and totals as aligned text, for a screen of so many columns."""
    title = inspection.name + (f"  {inspection.paper}" if inspection.paper else "")
    lines = [*wrapped(title, width), ""]
    lines += table(COLUMNS, [cells(layer) for layer in inspection.folded(depth)], left=TO_THE_LEFT, width=width)
    if len(inspection.stages) > 1:
        lines += ["", *table(STAGE_COLUMNS, stage_cells(inspection), left=TO_THE_LEFT, width=width)]
    lines += [""]
    rows = totals(inspection, batch_size)
    longest = max(len(name) for name, _ in rows)
    figures = [f"{name:<{longest}}  {value}" for name, value in rows]
    figures += [f"note: {note}" for note in inspection.notes]
    return "\n".join([*lines, *wrapped("\n".join(figures), width)])


def inspection_markdown(inspection: Record, *, batch_size: int = 1, depth: int | None = None) -> str:
    """Totals, stages and layers as Markdown tables."""
    lines = [f"# {inspection.name}", ""]
    if inspection.paper:
        lines += [inspection.paper, ""]
    lines += markdown_table(("", "value"), totals(inspection, batch_size))
    if len(inspection.stages) > 1:
        lines += ["", "## Stages", "", *markdown_table(STAGE_COLUMNS, stage_cells(inspection))]
    rows = [cells(layer) for layer in inspection.folded(depth)]
    lines += ["", "## Layers", "", *markdown_table(COLUMNS, rows)]
    lines += ["", *(f"- {note}" for note in inspection.notes)] if inspection.notes else []
    return "\n".join(lines) + "\n"


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table."""

    def line(values: Sequence[str]) -> str:
        return "| " + " | ".join(value.replace("|", "\\|").replace("*", "\\*") for value in values) + " |"

    sides = ["---" if column in TO_THE_LEFT or column == "value" else "---:" for column in columns]
    return [line(columns), "| " + " | ".join(sides) + " |", *(line(row) for row in rows)]
