"""`striate.export`: a bundle as a file for other programs, compared with the network before it is there."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from striate.bundle import Bundle, Contract
from striate.conversion.exported_program import picture_rule
from striate.conversion.formats import ExportContent, ExportFormat, format_of
from striate.data import Dataset, load_data
from striate.durable_writing import check_writable, folder_beside, move_into_place
from striate.encodings import Encoding
from striate.errors import ExportError
from striate.evaluation.string_scores import shown_sign
from striate.pixels import Preprocessing
from striate.pixels.clip_encoding import ClipEncoding
from striate.runs.run import Run
from striate.runs.unseen_pictures import check_kinds
from striate.runtime import Classifier, bundle_of, load_classifier
from striate.sealing.agreement import (
    FEWEST_PICTURES,
    Agreement,
    canaries_of,
    compare_answers,
    pictures_like,
    pictures_of_data,
    sentences_like,
    sentences_of_data,
)
from striate.sealing.compared_clips import clips_like, clips_of_data
from striate.text import SentenceEncoding
from striate.text_layout import facts
from striate.version import __version__
from striate.watching import Watcher

MOST_PICTURES = 300
"""As many pictures of given data are compared."""

OF_LINES = "logits (batch, places, blank and signs), features (batch, places, d)"
"""What the file of a network answers that reads strings."""


@dataclass(frozen=True)
class Export:
    """An exported file, and how it compares with the network."""

    path: Path
    files: tuple[Path, ...]
    """All that belongs to it: OpenVINO's weights lie in a file of their own."""
    file_format: str
    opset: int | None
    """The version of ONNX's operators; None for other formats."""
    with_preprocessing: bool
    agreement: Agreement
    metadata: Mapping[str, str]
    """What the file says of itself."""
    answers: str = "logits (batch, classes), features (batch, d)"
    """What the file answers, by its names."""

    def to_dict(self) -> dict[str, Any]:
        """The export as JSON types."""
        return {
            "path": str(self.path),
            "files": {str(path): path.stat().st_size for path in self.files},
            "format": self.file_format,
            "opset": self.opset,
            "with_preprocessing": self.with_preprocessing,
            "agreement": dataclasses.asdict(self.agreement),
            "metadata": dict(self.metadata),
        }

    def to_text(self, *, width: int | None = None) -> str:
        """What was written, what it takes and answers, and how it compares."""
        return "\n".join(facts(self._facts(), width=width))

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        return notebook.block(f"Export {self.path.name}", notebook.facts(self._facts()))

    def _facts(self) -> list[tuple[str, str]]:
        agreement = self.agreement
        form = {"onnx": f"ONNX, opset {self.opset}", "openvino": "OpenVINO IR", "torch_export": "torch.export program"}
        probabilities = f"probabilities are {self.metadata['probabilities']}"
        return [
            ("written", ", ".join(f"{path} ({path.stat().st_size / 1e6:,.1f} MB)" for path in self.files)),
            ("format", f"{form[self.file_format]}, fp32"),
            ("takes", f"images: {self.metadata['input']}"),
            ("answers", f"{self.answers}; {probabilities}"),
            (
                "labels",
                f"the network's own on {agreement.same_label:,} of {agreement.pictures:,} {agreement.many}, {agreement.pictures_from}",
            ),
            (
                "difference",
                f"logits {agreement.logits_difference:.1e} of their range, features {agreement.features_difference:.1e}, "
                f"canaries {agreement.canaries_difference:.1e}; allowed {agreement.tolerance:.0e}",
            ),
        ]


def export(
    classifier: str | Path | Run | Classifier,
    output: str | Path,
    *,
    file_format: str | None = None,
    with_preprocessing: bool = False,
    data: str | Path | None = None,
    root: str | Path | None = None,
    watcher: Watcher | None = None,
) -> Export:
    """Writes a bundle's network in fp32 as one file for other programs, once it answers what the network answers.

    The file takes `images` and answers `logits` (batch, classes) and `features` (batch, d); the batch is free. It says
    of itself the names of the classes, the preprocessing and more. It is opened again by the engine that it was made
    for, and compared with the network in torch on the canaries and on at least 100 pictures: every label must be the
    same, and no logit further away than the contract allows. Otherwise there is no file.

    Args:
        classifier: A run, a bundle, their folder, or a `Classifier`.
        output: The file. What is there before stays until the new one is whole.
        file_format: `"onnx"`, `"openvino"` (an `.xml` file, and its weights beside it in a `.bin` file, as OpenVINO has
            it), or `"torch_export"`; by default what the name ends in tells: `.onnx`, `.xml`, `.pt2`.
        with_preprocessing: Whether resize, crop and normalisation are in the file: it then takes decoded pictures of
            any size, upright, (batch, height, width, 3) RGB or (batch, height, width, 1) grey, uint8. Otherwise it takes
            what `Preprocessing.normalise` gives, (batch, 3 or 1, H, W) float32. Not possible of sentences, whose file takes the
            ids of words, (batch, length) int64, as `SentenceEncoding.ready` gives them, nor of clips, whose file takes prepared
            frames, (batch, frames, 3 or 1, H, W) float32, as `ClipEncoding.ready` gives them.
        data: Pictures to compare on, as for `striate.evaluate`; up to 300 of them. By default 100 are made from the
            canaries.
        root: Where the local copy of a built-in set is.
        watcher: Hears how far it is.

    Raises:
        UsageError: If there is no such bundle, data or format, a package is missing, or the file cannot be written.
        BundleError: If the bundle was changed.
        ExportError: If the file does not answer what the network answers; the message has the numbers.
        OSError: If the disk is full; nothing is left behind.
    """
    watcher = watcher or Watcher()
    output = Path(output)
    row = format_of(output, file_format)
    check_writable(output, endings=[row.ending])
    row.check_packages(with_preprocessing)  # a missing one is told before any work
    dataset = None if data is None else load_data(data, root=root)  # names alone: whether it is there
    reference = load_classifier(bundle_of(classifier), engine="torch")
    rule = reference.contract.preprocessing
    if with_preprocessing:
        picture_rule(rule)
    items, items_from = items_to_compare(reference, dataset, f"{data}", watcher)
    content = ExportContent(
        network=reference.network,
        graph=reference.bundle.engine_path,
        preprocessing=rule,
        with_preprocessing=with_preprocessing,
        metadata=describe_bundle(reference.bundle, row, with_preprocessing=with_preprocessing),
    )
    with unfinished(output, row) as temporary:
        watcher.task("converting", 0, 1)
        row.write(content, temporary[0])
        watcher.task("converting", 1, 1)
        agreement = compare_answers(
            row.open(temporary[0]),
            reference,
            items,
            pictures_from=items_from,
            with_preprocessing=with_preprocessing,
            watcher=watcher,
        )
        if not agreement.passed:
            raise ExportError(
                f"the {row.name} file does not answer what the network answers, and was not kept: {agreement.summary()}"
            )
        files = tuple(output.with_suffix(part.suffix) for part in temporary)
        move_into_place(list(zip(temporary, files, strict=True))[::-1])  # the file that is asked for comes last
    return Export(
        path=output,
        files=files,
        file_format=row.name,
        opset=row.opset,
        with_preprocessing=with_preprocessing,
        agreement=agreement,
        metadata=content.metadata,
        answers=OF_LINES if reference.task.sequential else Export.answers,
    )


def items_to_compare(
    reference: Classifier, dataset: Dataset | None, data: str, watcher: Watcher
) -> tuple[list[Any], str]:
    """Pictures, sentences or clips of the data, and where there are fewer than it takes, some that are made; and what they are of.

    Raises:
        UsageError: The data holds something else than the classifier takes.
        DataError: None of it can be read.
    """
    contract = reference.contract
    rule = contract.preprocessing
    if not isinstance(rule, SentenceEncoding | ClipEncoding):
        rule = contract.picture_preprocessing  # refuses what nothing here can be made of
    items: list[Any] = []
    if dataset is not None:
        check_kinds([reference], dataset)
        if isinstance(rule, SentenceEncoding):
            items += sentences_of_data(dataset, count=MOST_PICTURES)
        elif isinstance(rule, ClipEncoding):
            items += clips_of_data(dataset, rule, count=MOST_PICTURES)
        else:
            items += pictures_of_data(dataset, channels=rule.channels, count=MOST_PICTURES, watcher=watcher)
    items_from = f"{len(items)} of {data}" if items else ""
    if (missing := FEWEST_PICTURES - len(items)) > 0:
        if isinstance(rule, SentenceEncoding):
            items += sentences_like(rule, missing)
            made = "of words of the vocabulary"
        else:
            canaries, made = canaries_of(reference.bundle), "made from the canaries"
            items += (
                clips_like(canaries, rule, missing)
                if isinstance(rule, ClipEncoding)
                else pictures_like(canaries, missing)
            )
        items_from += f"{' and ' if items_from else ''}{missing} {made}"
    return items, items_from


def describe_bundle(bundle: Bundle, row: ExportFormat, *, with_preprocessing: bool) -> dict[str, str]:
    """What an exported file says of itself: text by name; values that are not text are JSON."""
    contract = bundle.contract
    rule = contract.preprocessing
    free = {} if row.opset is None else {"opset": str(row.opset)}
    free |= {"thresholds": json.dumps(dict(contract.thresholds), ensure_ascii=False)} if contract.thresholds else {}
    return free | {
        "striate_version": __version__,
        "model": contract.architecture.model,
        "classes": json.dumps(contract.classes, ensure_ascii=False),
        "input": described_input(rule, with_preprocessing=with_preprocessing),
        "preprocessing": json.dumps(rule.to_dict()),
        "preprocessing_in_graph": json.dumps(with_preprocessing),
        "temperature": json.dumps(contract.temperature),
        "probabilities": probabilities_of(contract),
        "contract_digest": bundle.digest,
    }


def described_input(rule: Encoding, *, with_preprocessing: bool) -> str:
    """What a file takes, in words."""
    if isinstance(rule, ClipEncoding):
        height, width = rule.frame.size
        return (
            f"prepared clips: (batch, {rule.count}, {rule.channels}, {height}, {width}) float32: {rule.count} frames from the middles of "
            f"equal parts of a clip, each {described_pixels(rule.frame)}"
        )
    if not isinstance(rule, Preprocessing):
        (length,) = rule.shape
        return f"ids of words: (batch, {length}) int64; 0 fills up, 1 is a word that the vocabulary has not, its first word is 2"
    if with_preprocessing:
        return f"decoded pictures, upright: (batch, height, width, {rule.channels}) uint8, {rule.colour}"
    height, width = rule.size
    return f"prepared pictures: (batch, {rule.channels}, {height}, {width}) float32, {described_pixels(rule)}"


def described_pixels(rule: Preprocessing) -> str:
    """What the numbers of a prepared picture are, in words."""
    return (
        f"({'pixel / 255' if rule.range == '0..1' else 'pixel'} - mean) / std, "
        f"{rule.channel_order if rule.colour == 'rgb' else rule.colour}"
    )


def probabilities_of(contract: Contract) -> str:
    """How the logits of a file become probabilities, in words."""
    said = f"{contract.asked.classifier}(logits / {contract.temperature:g})"
    if contract.asked.sequential:
        return f"{said} at each place, of the blank and {', '.join(map(shown_sign, contract.classes))}"
    return said if len(contract.outputs) == len(contract.classes) else f"{said}, of {', '.join(contract.outputs)}"


@contextlib.contextmanager
def unfinished(output: Path, row: ExportFormat) -> Iterator[tuple[Path, ...]]:
    """Names for the files while they are not whole; what is left under them at the end is removed."""
    with folder_beside(output) as folder:
        names = tuple((folder / output.name).with_suffix(ending) for ending in row.endings)
        try:
            yield names
        except OSError as error:
            if error.filename is None or Path(error.filename) in names:
                error.filename = str(output)  # the name that was asked for, not that of the moment
            raise
