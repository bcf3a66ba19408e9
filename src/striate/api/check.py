"""`striate.check`: what is in a data set, how it would be split, and what is wrong with its pictures, labels and folders."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.data import Dataset, Pictures, load_data
from striate.data.checking import of_narrow_range
from striate.doctor import KINDS, Audit, Finding, Kind, audit, diagnose, fix_list
from striate.encodings import DEFAULT_KIND, named_encoding
from striate.errors import StriateError, UsageError
from striate.name_comparison import NamePlaces
from striate.pixels import decode
from striate.printable_text import printable
from striate.report.check_contents import CheckReport, ShownFile, ShownFinding, ShownKind
from striate.report.check_page import render
from striate.text import SentenceEncoding
from striate.text_layout import table, wrapped
from striate.watching import Watcher

LISTED = 10
"""Findings of a kind that a terminal is shown."""
ON_PAGE = 60
"""Findings of a kind that a page shows."""
NOT_JUDGED = (
    "labels not judged: --weights imagenet, or other trained weights (a file, or a run of yours), finds likely errors"
)
SIDE_BY_SIDE = 6
"""Pictures of one finding that a page shows."""


PROBLEMS_SHOWN = 20
"""Sentences or clips that are set aside, one by one."""


@dataclass(frozen=True, eq=False)
class DataCheck:
    """A data set every picture of which was opened, and what that showed."""

    dataset: Dataset
    """With splits, and without the pictures that cannot be used, which are its `problems`."""
    findings: tuple[Finding, ...]
    """What is wrong with it or worth a look, in the order of `striate.doctor.KINDS`."""
    pictures: Pictures
    """All of them, also those that cannot be used."""
    labels_judged_by: str | None = None
    """What judged the labels: a network and its weights; None where nothing did."""
    seen: int = 0
    """Pictures that what judged was trained on, labels and all, so that it may miss errors among them."""

    @property
    def at_fault(self) -> bool:
        """Whether pictures or labels are at fault, so that they should be mended before training."""
        of_text = self.dataset.kind != DEFAULT_KIND and bool(self.dataset.problems)
        return of_text or any(finding.fault for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON types; widths and heights are the smallest and the largest, in pixels, and null without a picture."""
        dataset, facts = self.dataset, self.dataset.checked_facts
        return {
            "data": dataset.location,
            "pictures": len(dataset),
            "classes": list(dataset.classes),
            "counts": dataset.counts(),
            "width": _ends(facts.widths),
            "height": _ends(facts.heights),
            "colour_pictures": int(facts.colour.sum()),
            "narrow_range_pictures": len(of_narrow_range(dataset)),
            "ignored": dict(dataset.ignored),
            "problems": [dataclasses.asdict(problem) for problem in dataset.problems],
            "notes": list(dataset.notes),
            "labels_judged_by": self.labels_judged_by,
            "seen_by_the_judge": self.seen,
            "findings": [finding.to_dict() for finding in self.findings],
        }

    def to_text(self, *, width: int | None = None) -> str:
        """Counts and sizes, a row a class, a row a kind of finding, and the first findings of each kind."""
        columns, rows = self._table()
        lines = [*wrapped("\n".join(self._facts()), width), "", *table(columns, rows, width=width)]
        if not self.findings:
            sound = [] if self.at_fault else ["", *wrapped("Nothing is wrong with it as far as can be seen.", width)]
            return "\n".join([*lines, *sound])
        kinds = [(kind.title, _severity(kind), f"{len(found):,}") for kind, found in self._by_kind()]
        lines += ["", *table(("found", "", "times"), kinds, left=("",), width=width)]
        for kind, found in self._by_kind():
            said = [f"{kind.title} ({_severity(kind)}): {kind.measures}", *map(_line, found[:LISTED])]
            said += [f"  and {len(found) - LISTED:,} more, which --json names"] if len(found) > LISTED else []
            lines += ["", *wrapped("\n".join(said), width)]
        return "\n".join(lines)

    def to_html(self) -> str:
        """The findings as one self-contained page, with pictures and without scripts."""
        return render(self._report())

    def fix_list(self) -> bytes:
        """The findings as a CSV of what to do about each picture, which `striate.train` takes as `exclude`."""
        return fix_list(self.findings)

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        columns, rows = self._table()
        parts = [*map(notebook.text, self._facts()), notebook.table(columns, rows)]
        for kind, found in self._by_kind():
            shown = [(", ".join(finding.files or finding.classes), finding.words) for finding in found[:LISTED]]
            parts.append(notebook.table((f"{kind.title} ({_severity(kind)}, {len(found):,})", "what"), shown))
        return notebook.block(self.dataset.name, *parts)

    def _by_kind(self) -> Iterator[tuple[Kind, list[Finding]]]:
        rows = {kind.name: kind for kind in KINDS}
        for name, found in groupby(self.findings, key=lambda finding: finding.kind):
            yield rows[name], list(found)

    def _facts(self) -> list[str]:
        dataset = self.dataset
        ignored = [f"{printable(kind)}: {count:,}" for kind, count in dataset.ignored.items()]
        return [
            f"{len(dataset):,} {dataset.plural} of {len(dataset.classes)} {'signs' if dataset.task.sequential else 'classes'} in "
            f"{printable(dataset.location)}",
            *([self._sizes()] if len(dataset) else []),
            *([f"ignored: {', '.join(ignored)}"] if ignored else []),
            *map(printable, dataset.notes),
            *(
                self._set_aside()
                if dataset.kind != DEFAULT_KIND
                else []
                if dataset.task.sequential
                else [self._judge()]
            ),
        ]

    def _judge(self) -> str:
        if not self.labels_judged_by:
            return NOT_JUDGED
        said = f"labels judged by {printable(self.labels_judged_by)}"
        if self.seen:
            said += f"; of these pictures it learnt from {self.seen:,}, as they are labelled, and may miss errors among them"
        return said

    def _set_aside(self) -> list[str]:
        """Of sentences and clips, which the doctor's kinds do not look at: what cannot be used, and how many are there twice."""
        dataset, problems = self.dataset, self.dataset.problems
        digests = dataset.checked_facts.digests
        copies = len(digests) - len(np.unique(digests.view("V32").ravel())) if len(digests) else 0
        said = [f"{copies:,} are exact copies of others; copies stay on one side of a split"] if copies else []
        if problems:
            said.append(f"{len(problems):,} {dataset.plural} are set aside:")
            said += [
                f"  {printable(problem.key)}: {printable(problem.reason)}" for problem in problems[:PROBLEMS_SHOWN]
            ]
            said += ["  ..."] if len(problems) > PROBLEMS_SHOWN else []
        return said

    def _sizes(self) -> str:
        facts = self.dataset.checked_facts
        across = _span(facts.widths)
        if self.dataset.kind == SentenceEncoding.kind:
            return f"{across} words"
        return f"{across} pixels wide, {_span(facts.heights)} high; {facts.colour.sum():,} in colour"

    def _table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        counts = self.dataset.counts()
        splits = [split for split in ("train", "val", "test") if any(split in row for row in counts.values())]
        rows = [(printable(name), *(f"{row.get(split, 0):,}" for split in splits)) for name, row in counts.items()]
        return ("class", *splits), rows

    def _report(self) -> CheckReport:
        found = [kind.name for kind, _ in self._by_kind()]
        return CheckReport(
            title=self.dataset.name,
            data=self.dataset.location,
            facts=self._facts(),
            kinds=[
                ShownKind(
                    kind.name,
                    kind.title,
                    kind.fault,
                    kind.measures,
                    len(findings),
                    [self._shown(finding) for finding in findings[:ON_PAGE]],
                )
                for kind, findings in self._by_kind()
            ],
            sound=[kind.title for kind in KINDS if kind.name not in found],
            command=shlex.join(["striate", "check", self.dataset.location, "--html", "check.html"]),
        )

    def _shown(self, finding: Finding) -> ShownFinding:
        left = len(finding.files) - SIDE_BY_SIDE
        words = f"{finding.words}; {left:,} more are not shown" if left > 0 else finding.words
        files = []
        for place, key in enumerate(finding.files[:SIDE_BY_SIDE]):
            where = [part[place] for part in (finding.classes, finding.splits) if len(part) > place and part[place]]
            files.append(ShownFile(key, ", ".join(where), self._picture(key)))
        return ShownFinding(words, files)

    @cached_property
    def _places(self) -> NamePlaces:
        return NamePlaces(self.pictures.key(row) for row in range(len(self.pictures)))

    def _picture(self, key: str) -> npt.NDArray[np.uint8] | None:
        row = self._places.find(key)
        try:
            return None if row is None else decode(self.pictures.read(row), name=key)
        except (OSError, StriateError):
            return None


def check(
    data: str | Path | Dataset,
    *,
    weights: str | Path | None = None,
    model: str | None = None,
    root: str | Path | None = None,
    seed: int = 0,
    task: str | None = None,
    watcher: Watcher | None = None,
) -> DataCheck:
    """Opens every picture of a data set, and tells what is there, how it would be split, and what is wrong with it.

    What is looked for is in `docs/doctor.md`, a row a kind. Whatever is wrong with a picture, the look at the others goes on.

    Args:
        data: A folder of class folders, a CSV file, a folder of IDX files, a built-in name, or what `striate.load_data` answers.
        weights: What judges the labels: `"imagenet"`, a `.safetensors` or `.pth` file of trained weights, or a run or bundle; None: nothing
            does.
        model: Whose weights they are: a name of `striate.list_models()`. None: the file or run says, and `"imagenet"` means mobilenet_v2.
        root: Where the local copy of a built-in set is.
        seed: Of the split, where the data has none.
        task: What is asked of the pictures, as `striate.train` takes it.
        watcher: Hears how far it is.

    Raises:
        UsageError: If there is no such data, or there are no such weights.
        DataError: If it cannot be told what its classes are.
        WeightsError: If the weights cannot be read, or are of another network.

    Example:
        >>> found = check("digits")
        >>> len(found.dataset), found.findings, found.to_text().splitlines()[1]
        (1797, (), '8 pixels wide, 8 high; 0 in colour')
    """
    watcher = watcher or Watcher()
    if weights is None and model is not None:
        raise UsageError(f"model is {model!r} without weights: only trained ones judge labels; give weights too")
    if weights is not None:
        _refuse_early(weights, model)
    dataset = data if isinstance(data, Dataset) else load_data(data, root=root, lenient=True, task=task)
    if weights is not None and dataset.task.sequential:
        raise UsageError(f"weights judge the classes of pictures, and {dataset.location} tells a string of each")
    if weights is not None and dataset.kind != DEFAULT_KIND:
        raise UsageError(f"weights judge the labels of pictures, and {dataset.location} holds {dataset.plural}")
    if weights is not None and dataset.task.several:
        raise UsageError(
            f"labels are judged by heads of one class a picture, and the pictures of {dataset.location} may have several; leave out weights"
        )
    looked_at = audit(dataset, seed=seed, progress=watcher.task)
    if dataset.kind != DEFAULT_KIND:
        return DataCheck(looked_at.usable, (), looked_at.dataset.pictures)
    judge, seen = None, 0
    if weights is not None and len(looked_at.usable.indices("train")):
        if _is_run(weights):
            looked_at, judge, seen = _judged_by_own(looked_at, Path(weights), seed, watcher)
        else:
            looked_at, judge = _judged(looked_at, weights, model, seed, watcher)
    return DataCheck(looked_at.usable, diagnose(looked_at), looked_at.dataset.pictures, judge, seen)


class _Tasks(Watcher):
    """Passes on how far the work is, and warnings: what is decided for training is not asked here."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    def task(self, name: str, done: int, total: int) -> None:
        self._watcher.task(name, done, total)

    def warning(self, text: str) -> None:
        self._watcher.warning(text)


def _refuse_early(weights: str | Path, model: str | None) -> None:
    """What cannot be used is refused before the pictures are looked at."""
    if _is_run(weights):
        from striate.bundle import open_bundle

        if model is not None:
            raise UsageError(
                f"model is {model!r}, and {weights} says itself whose weights it has; leave out one of them"
            )
        if (kind := open_bundle(weights).contract.kind) != DEFAULT_KIND:
            raise UsageError(
                f"weights judge the labels of pictures, and {weights} is a classifier of {named_encoding(kind).plural}"
            )
        return
    from striate.deciding.weights_at_hand import ROWS
    from striate.weights.starting_weights import check_weights

    check_weights(weights, model or ROWS[0])


def _is_run(weights: str | Path) -> bool:
    return weights != "imagenet" and Path(weights).is_dir()


def _judged_by_own(looked_at: Audit, place: Path, seed: int, watcher: Watcher) -> tuple[Audit, str, int]:
    """The audit with likely label errors by a run or bundle, what that is called, and of how many pictures it has learnt the labels."""
    from striate.bundle import open_bundle  # with torch, which a check without weights does without
    from striate.doctor.judging import judge_labels
    from striate.models import CutNetwork
    from striate.runtime.torch_engine import build_network
    from striate.sealing.opening import title_of
    from striate.training import Recipe

    bundle = open_bundle(place)
    network, rule = build_network(bundle), bundle.contract.picture_preprocessing
    seen = bundle.seen_pictures().contains(looked_at.usable.checked_facts.digests)
    whole = not isinstance(network, CutNetwork)  # of one that is cut, no stage is left out
    judged = judge_labels(
        looked_at, network, rule, Recipe(seed=seed), seen=seen if whole else None, progress=watcher.task
    )
    name = title_of(place, bundle)
    if judged.until:
        name += f" up to its stage {judged.until}, since what follows has learnt labels by heart"
    return judged.audit, name, int(seen.sum())


def _judged(looked_at: Audit, weights: str | Path, model: str | None, seed: int, watcher: Watcher) -> tuple[Audit, str]:
    """The audit with likely label errors, and what they are by: the network and input that training with the weights would begin with."""
    from striate.deciding.deciding import Deciding  # with torch, which a check without weights does without
    from striate.deciding.training_request import TrainingRequest
    from striate.doctor.judging import judge_labels

    request = TrainingRequest(data=looked_at.usable, model=model, weights=weights, seed=seed)
    deciding = Deciding(request, _Tasks(watcher))
    deciding.check_request()
    deciding.read_weights()
    deciding.read_data()
    deciding.choose_network()
    deciding.choose_input()
    deciding.suit_weights()
    network, starting = deciding.to_device(), deciding.starting
    judged = judge_labels(looked_at, network, deciding.preprocessing, deciding.recipe, progress=watcher.task).audit
    name = starting.name if starting is not None else ""
    return judged, f"{deciding.recipe.model} with the weights {name}"


def _severity(kind: Kind) -> str:
    return "fault" if kind.fault else "note"


def _ends(lengths: npt.NDArray[np.int32]) -> list[int] | None:
    return [int(lengths.min()), int(lengths.max())] if len(lengths) else None


def _span(lengths: npt.NDArray[np.int32]) -> str:
    least, most = int(lengths.min()), int(lengths.max())
    return f"{least:,} to {most:,}" if most > least else f"{most:,}"


def _line(finding: Finding) -> str:
    what = " = ".join(map(printable, finding.files[:SIDE_BY_SIDE]))
    if (left := len(finding.files) - SIDE_BY_SIDE) > 0:
        what += f" = {f'{left:,} more'}"
    return f"  {what}: {printable(finding.words)}" if what else f"  {printable(finding.words)}"
