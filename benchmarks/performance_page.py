"""The page of `performance.py`'s results."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

TITLES = {
    "predict_folder": "Predicting 200 pictures, whole processes",
    "predict_cold": "Predicting one picture, whole processes",
    "imports": "Starting, whole processes",
    "loader": "From files to batches",
    "transfer": "Transfer learning, whole processes",
}
HEAD = """# Performance

Written by `make bench` (or `python benchmarks/performance.py`), which measures Striate and its peers in turns in the same run; this page is
made from its last JSON. A ratio is taken round by round, and says how many times as long the peer took. Networks have random weights,
except for transfer; pictures are JPEG files of 500 x 375 pixels, except for transfer, which learns from the photographs it is given. Memory
is that of the largest process. In fp32 no software passes the processor's matrix products: how near them a network is stands under
number formats. Nothing is compared across runs, and figures of another machine are others: measure on yours.
"""


def write_page(result: Mapping[str, Any]) -> str:
    """All results as Markdown."""
    parts = [HEAD]
    for name, title in TITLES.items():
        for case, table in cases(result.get(name, {})):
            parts += [f"## {title}{'' if case == 'start' else f': {case}'}\n", processes(table), told(name, result)]
    for case, table in cases(result.get("precisions", {})):
        parts += [f"## Number formats in one process: {case}\n", formats(table), told("precisions", result)]
    if "int8" in result:
        parts += ["## int8 beside fp32, the network alone\n", narrow(result["int8"]), told("int8", result)]
    for case, table in cases(result.get("train_step", {})):
        parts += [f"## A training step: {case}\n", ways(table), told("train_step", result)]
    if "augmentation" in result:
        parts += [
            "## Augmentation, beside torchvision's\n",
            augmentations(result["augmentation"]),
            told("augmentation", result),
        ]
    return "\n".join(parts)


def cases(table: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """What was measured, without what it was measured on."""
    return [(name, value) for name, value in table.items() if name != "on"]


def spread(values: list[float], digits: int) -> str:
    """Median, smallest and largest."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def processes(table: Mapping[str, Any]) -> str:
    """A row for each that took turns; times as long as each of ours that it was compared with."""
    ours = [name for name in table if any(name in row["ratios"] for row in table.values())]
    further = {"megabytes": "memory", "accuracies": "accuracy on val, median (range)"}
    further = {key: title for key, title in further.items() if all(key in row for row in table.values())}
    titles = ["", "n", "seconds, median (range)", *(f"times as long as {name}" for name in ours), *further.values()]
    lines = [f"| {' | '.join(titles)} |".replace("|  |", "| |"), "|---" * len(titles) + "|"]
    for name, row in table.items():
        cells = [name, str(len(row["seconds"])), spread(row["seconds"], 2)]
        cells += [spread(row["ratios"][other], 1) if other in row["ratios"] else "" for other in ours]
        if "megabytes" in further:
            cells.append(f"{row['megabytes']:,} MB")
        if "accuracies" in further:
            cells.append(spread([100 * value for value in row["accuracies"]], 2) + " %")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def formats(table: Mapping[str, Any]) -> str:
    """What `striate bench predict` says."""
    steps = ", ".join(f"{name} {taken:.2f}" for name, taken in table["milliseconds"].items())
    lines = [
        f"{table['pictures']} pictures, {table['macs'] / 1e9:.2f} G multiply-adds each. One picture on one thread in fp32, in ms: {steps}.",
        "",
        "| format | pictures/s | times as fast as fp32 (range) | network alone/s | of the peak of matrix products |",
        "|---|---|---|---|---|",
    ]
    for way in table["ways"]:
        median, low, high = way["ratio"]
        lines.append(
            f"| {way['precision']} | {way['pictures_per_second']:.1f} | {median:.2f} ({low:.2f} to {high:.2f}) "
            f"| {way['inferences_per_second']:.1f} | {way['fraction']:.0%} of {way['peak'] / 1e9:.0f} G multiply-adds/s |"
        )
    return "\n".join(lines) + "\n"


def narrow(table: Mapping[str, Any]) -> str:
    """What `int8.py` says."""
    lines = [
        f"Random weights, {table['compared']} pictures compared, whose labels are those of the logits less their mean in that format. Such "
        "logits differ so little from picture to picture that deep networks lose them in int8; a trained network keeps its labels.",
        "",
        "| network | pictures/s in fp32 | in int8 | times as fast (range) | labels kept (different labels) | layers in int8 |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in table["rows"].items():
        median, low, high = row["ratio"]
        speeds = row["pictures_per_second"]
        lines.append(
            f"| {name} | {speeds['fp32']:.1f} | {speeds['int8']:.1f} | {median:.2f} ({low:.2f} to {high:.2f}) "
            f"| {row['agreement']:.1%} ({row['labels']}) | {row['layers']} of {row['layers'] + row['layers_fp32']} |"
        )
    return "\n".join(lines) + "\n"


def ways(table: Mapping[str, Any]) -> str:
    """What `striate bench train` says."""
    lines = ["| way | pictures/s | times as fast (range) | what |", "|---|---|---|---|"]
    for way in table["ways"]:
        ratio = "" if way["ratio"] is None else "{:.2f} ({:.2f} to {:.2f}) x ".format(*way["ratio"]) + way["peer"]
        lines.append(f"| {way['name']} | {way['pictures_per_second']:.1f} | {ratio} | {way['what']} |")
    return "\n".join(lines) + "\n"


def augmentations(table: Mapping[str, Any]) -> str:
    """What `augmentation.py` says."""
    lines = [
        "| policy | ms a picture | times as fast as torchvision on bytes | on floats | on Pillow |",
        "|---|---|---|---|---|",
    ]
    for name, case in table["cases"].items():
        ratios = [f"{row['median']} ({row['least']} to {row['most']})" for row in case["times_as_fast_as"].values()]
        lines.append(f"| {name} | {case['milliseconds_a_picture']['striate']} | {' | '.join(ratios)} |")
    return "\n".join(lines) + "\n"


def told(name: str, result: Mapping[str, Any]) -> str:
    """What it was measured on, and how to do it again."""
    on = result[name]["on"]
    versions = ", ".join(f"{package} {version}" for package, version in on["versions"].items())
    return (
        f"{on['date']}: {on['processor']}, {on['processors']} processors, load average {on['load']} when it ended; Python {on['python']}, "
        f"{versions}; pictures: {on['pictures']}. Again: `python benchmarks/performance.py --only {name} --rounds {on['rounds']}`.\n"
    )
