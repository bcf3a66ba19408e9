"""`striate.import_weights`: a foreign file of weights as a sealed bundle."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from striate.bundle import Contract, SeenPictures
from striate.errors import UsageError, WeightsError
from striate.models import Network, Row, create_model, model_row
from striate.pixels.canary_pictures import drawn_pictures
from striate.printable_text import printable
from striate.runtime import Classifier, load_classifier
from striate.sealing import judge_calibration
from striate.sealing.class_names import UNNAMED, names_that_come_with, read_classes
from striate.sealing.seal import seal
from striate.text_layout import facts
from striate.training import Decision
from striate.watching import Watcher, tell
from striate.weights import PUBLISHED, StartingWeights, Which, is_auxiliary, load_weights
from striate.weights.input_rule import AskedInput, check_asked, input_rule
from striate.weights.naming import twins_of
from striate.weights.starting_weights import are_published, check_weights, find_weights


@dataclass(frozen=True)
class ImportedWeights:
    """A bundle that was made of a file of weights."""

    folder: Path
    contract: Contract
    decisions: tuple[Decision, ...]
    """What was found out or decided, and why."""

    def classifier(self) -> Classifier:
        """The bundle as a classifier."""
        return load_classifier(self.folder)

    def to_dict(self) -> dict[str, Any]:
        """What was made, as JSON types."""
        return {
            "bundle": str(self.folder),
            "model": self.contract.architecture.model,
            "classes": list(self.contract.classes),
            "preprocessing": self.contract.preprocessing.to_dict(),
            "decisions": [{"what": made.what, "value": made.value, "why": made.why} for made in self.decisions],
        }

    def to_text(self, *, width: int | None = None) -> str:
        """What was made, and what it is good for."""
        folder = shlex.quote(str(self.folder))
        commands = f"striate predict {folder} PICTURES, striate evaluate {folder} DATA"
        return "\n".join(facts([*self._facts(), ("next", commands)], width=width))

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        decisions = [(made.what, f"{made.value} ({made.why})") for made in self.decisions]
        return notebook.block("Imported weights", notebook.facts([*self._facts(), *decisions]))

    def _facts(self) -> list[tuple[str, str]]:
        names = self.contract.classes
        listed = ", ".join(names[:5]) + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")
        return [
            ("bundle", str(self.folder)),
            ("model", self.contract.architecture.model),
            ("classes", f"{len(names):,}: {listed}"),
        ]


def import_weights(
    weights: str | Path,
    model: str,
    *,
    output: str | Path,
    classes: Sequence[str] | str | Path | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    size: int | None = None,
    resize: Literal["exact", "shorter_side"] | None = None,
    channel_order: Literal["rgb", "bgr"] | None = None,
    which: Which | None = None,
    watcher: Watcher | None = None,
) -> ImportedWeights:
    """Makes a sealed bundle of weights that were trained elsewhere: by torchvision, timm or Caffe, by your own program.

    All tensors of the network must be in the file, its head's too, and no others but auxiliary heads', and what training
    keeps beside the network, which is named and left out. What the file does
    not say of its inputs is taken, in this order, from `mean` and `std`, its metadata, its publisher, if the SHA-256 or the
    names of the tensors tell who that is, the row; and told to the watcher. As no pictures come with weights, the canaries are drawn.

    Args:
        weights: A `.safetensors` or `.pth` file, or `"imagenet"` for the row's published weights.
        model: The row of the catalogue that they are weights of.
        output: The bundle's folder, which must not exist.
        classes: The names of the classes in the order of the logits, or a file of them: a line each, or JSON, a list of
            names or a table from index to name. None where the weights are published, or their metadata says `classes`.
        mean: What the weights subtract from pixels of 0 to 1, or of 0 to 255 where a value is above 1: one value, or one a
            channel in `channel_order`.
        std: What they divide by after that.
        size: Side of the network's input in pixels; by default the row's.
        resize: How a picture becomes the square of which the input is cut out: `"exact"`, whatever the proportions, or
            `"shorter_side"`, in proportion; by default as the publisher or the row has it.
        channel_order: In which order the network takes the channels: `"rgb"` or `"bgr"`; by default as the publisher has it.
        which: Of a file that holds both: `"plain"` weights, or `"ema"`, their average over training; see `read_weights`.
        watcher: Hears what was decided.

    Raises:
        UsageError: If the folder exists, or the classes are not named, or not once each.
        UnknownNameError: If there is no such row.
        WeightsError: If the file cannot be read, does not fill the network, or is for another number of classes.
    """
    watcher = watcher or Watcher()
    output = Path(output)
    if output.exists():
        raise UsageError(f"{output} exists already; name another place")
    if not output.parent.is_dir():
        raise UsageError(f"cannot write {output}: there is no folder {output.parent}")
    if not os.access(output.parent, os.W_OK):
        raise UsageError(f"cannot write {output}: there is no permission to write in {output.parent}")
    check_asked(AskedInput(size, mean, std, resize, channel_order))
    row = model_row(model)
    names = read_classes(classes)
    check_weights(weights, model)
    named_elsewhere = are_published(weights) or model in PUBLISHED
    if not names and not named_elsewhere and Path(weights).suffix.lower() != ".safetensors":
        raise UsageError(
            UNNAMED.format(Path(weights).name)
        )  # a .pth file names no classes, and this one is no publisher's
    starting = find_weights(weights, model, which=which, watcher=watcher)
    names = names or names_that_come_with(starting)
    network, matched = filled(row, starting, names)
    rule = input_rule(row, network, starting, AskedInput(size, mean, std, resize, channel_order))
    decisions = [Decision("weights", starting.name, matched), *rule.decisions]
    for made in decisions:
        watcher.decision(made)
    for twin in twins_of(model, network.state_dict().keys(), starting.file.tensors):
        watcher.note(
            f"these weights fit {twin} too, which computes otherwise with them; import them there if labels are wrong"
        )
    watcher.task("sealing", 0, 1)
    sealed = seal(
        network,
        output,
        model=model,
        classes=names,
        preprocessing=rule.preprocessing,
        splits=[],
        canary_pictures=rule.preprocessing.canaries(drawn_pictures()),
        seen=SeenPictures.of(np.empty((0, 32), np.uint8)),
        data={"name": printable(starting.name), "fingerprint": starting.file.sha256, "training_pictures": 0},
    )
    watcher.task("sealing", 1, 1)
    tell(judge_calibration(sealed.bundle.contract.calibration, 0), watcher)
    return ImportedWeights(output, sealed.bundle.contract, tuple(decisions))


def filled(row: Row, starting: StartingWeights, names: tuple[str, ...]) -> tuple[Network, str]:
    """The network with the weights, all of them; and what matched, in a sentence.

    Raises:
        WeightsError: If a tensor is missing or left over, or the head is for another number of classes.
    """
    network = create_model(row.name, num_classes=len(names), auxiliary=False, seed=0)
    report = load_weights(network, starting.file.tensors, row=row.name)
    if report.adapted is not None and report.adapted.in_file in (1, 3):
        channels = report.adapted.in_file
        network = create_model(row.name, num_classes=len(names), in_channels=channels, auxiliary=False, seed=0)
        report = load_weights(network, starting.file.tensors, row=row.name)
    if report.head_replaced:
        raise WeightsError(
            f"{starting.name} is for {report.file_classes:,} classes, and {len(names):,} names were given; "
            "name every class once, in the order of the logits"
        )
    left_over = [name for name in report.unexpected if name not in report.outside and not is_auxiliary(name)]
    if report.missing or report.reshaped or report.adapted or left_over:
        raise WeightsError(f"{starting.name} is not a {row.name} as it is in the catalogue: {report.summary()}")
    return network, report.summary()
