"""`striate.calibrate`: a finished bundle learns when to abstain, which sets of classes to answer, and what mistakes cost."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from striate.bundle import Bundle, open_bundle
from striate.data import Dataset
from striate.data.known_classes import labels_of
from striate.encodings import DEFAULT_KIND, named_encoding
from striate.errors import DataError, UsageError
from striate.runs.calibration_pictures import calibration_and_validation
from striate.runs.run import Run
from striate.runtime import OpenVINOEngine
from striate.sealing.calibrating import calibrate as fit_calibration
from striate.sealing.measuring import MeasuredSplit, engine_answers
from striate.sealing.ruling import RuleRequest, fit_rule_to_engine, write_ruled
from striate.tasks.decision_rule import DecisionRule
from striate.tasks.rule_wish import check_wish, wish
from striate.text_layout import facts
from striate.watching import Watcher
from striate.wording import plural

TRAINING_PICTURES = 4_000
"""So many are looked at for features to keep."""


@dataclass(frozen=True)
class CalibratedBundle:
    """What a bundle was given."""

    bundle: Path
    """The new bundle's folder."""
    rule: DecisionRule
    pictures: int
    """Validation pictures."""
    temperature: float
    kind: str = DEFAULT_KIND
    """What is given: a name of `striate.encodings`."""

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON types."""
        return {
            "bundle": str(self.bundle),
            "pictures": self.pictures,
            "temperature": self.temperature,
            "rule": self.rule.to_dict(),
        }

    def to_text(self, *, width: int | None = None) -> str:
        """What is promised, what that came to on the validation pictures, and where the bundle is."""
        return "\n".join(facts(self._facts(), width=width))

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        return notebook.block("Decision rule", notebook.facts(self._facts()))

    def _facts(self) -> list[tuple[str, str]]:
        many = named_encoding(self.kind).plural
        return [
            (many, f"{self.pictures:,} validation {many}"),
            *self.rule.facts(many=many),
            ("bundle", str(self.bundle)),
        ]


def calibrate(
    classifier: str | Path | Run,
    data: str | Path | Dataset,
    *,
    abstain: str | None = None,
    conformal: float | None = None,
    by_class: bool = False,
    costs: str | Path | None = None,
    output: str | Path | None = None,
    root: str | Path | None = None,
    watcher: Watcher | None = None,
) -> CalibratedBundle:
    """Seals a decision rule into a copy of a bundle, in the place of any that it had; nothing is trained.

    Thresholds are chosen on validation pictures: the data's own, else those of the run, else what the classifier was not trained on.
    What is promised holds for new pictures of the same kind; where the validation pictures are too few for it, nothing is written.

    Args:
        classifier: A run or a bundle.
        data: The data it was trained on; as for `striate.train`.
        abstain: `"error=0.01"`: of the answers that it gives, at most so many are wrong; or `"coverage=0.9"`: at least so many pictures get
            an answer; and `"unfamiliar=0.01"`: pictures unlike all that it learnt from get none, at the price of at most so many that
            are like it. Separated by a comma.
        conformal: How often the true class is in the set of classes that is answered, such as 0.95.
        by_class: Whether that holds for the pictures of each class by itself.
        costs: A CSV table of what an answer costs, a row a true class and a column an answer; the column `abstain` is the price of none.
        output: The new bundle's folder; by default beside the bundle, its name with `-calibrated`.
        root: Where the local copy of a built-in set is.
        watcher: Hears how far it is.

    Raises:
        UsageError: If nothing is asked for, it makes no sense, there is no such bundle or data, or the output exists.
        DataError: If the validation pictures are too few to promise it, or the data has classes that the classifier does not know.
    """
    watcher = watcher or Watcher()
    wanted = wish(abstain, conformal=conformal, by_class=by_class, costs=costs)
    if wanted.empty:
        raise UsageError(
            "say what the classifier shall promise: --abstain error=0.01, --conformal 0.95 or --costs FILE"
        )
    place = Path(classifier)
    folder = new_folder(place, output)
    bundle = open_bundle(place)
    contract = bundle.contract
    task = contract.asked
    check_wish(wanted, task)
    if wanted.costs is not None:
        wanted.costs.check(contract.classes)
    training, validation = calibration_and_validation(
        bundle,
        place,
        data,
        root,
        TRAINING_PICTURES,
        watcher,
        for_what="a decision rule",
        training_needed=wanted.unfamiliar is not None,
    )
    validation = unseen(bundle, validation, watcher)
    engine = OpenVINOEngine(bundle.engine_path, contract.preprocessing)
    pictures, trained = measured(bundle, validation, "val", watcher), measured(bundle, training, "train", watcher)
    calibration = contract.calibration
    if not contract.calibration_pictures:
        logits = engine_answers(engine, pictures)[0]
        calibration = fit_calibration({"val": logits}, {"val": pictures.labels}, task)
    one = named_encoding(contract.kind).one
    fitted = fit_rule_to_engine(
        RuleRequest(wanted, trained), engine, pictures, contract.classes, task, calibration, one=one
    )
    write_ruled(folder, bundle, fitted, calibration, pictures)
    return CalibratedBundle(folder, fitted.rule, len(pictures.labels), float(calibration["temperature"]), contract.kind)


def new_folder(place: Path, output: str | Path | None) -> Path:
    """Where the copy goes.

    Raises:
        UsageError: If something is there, or nothing can be written there.
    """
    named = place.resolve() if place.name in ("", "..") else place
    folder = Path(output) if output else named.with_name(f"{named.name}-calibrated")
    if os.path.lexists(folder):
        raise UsageError(f"{folder} exists already; name another --output")
    parent = next(above for above in folder.absolute().parents if above.exists())
    if not os.access(parent, os.W_OK):
        raise UsageError(f"cannot write {folder}: there is no permission to write in {parent}")
    return folder


def unseen(bundle: Bundle, validation: Dataset, watcher: Watcher) -> Dataset:
    """The validation pictures that the classifier was not trained on.

    Raises:
        DataError: If it was trained on all of them.
    """
    seen = bundle.seen_pictures().contains(validation.checked_facts.digests)
    if seen.all():
        raise DataError(
            f"the classifier was trained on all {plural(len(seen), 'validation picture')} of {validation.location}; a promise takes others"
        )
    if seen.any():
        watcher.note(f"left out: {plural(int(seen.sum()), 'validation picture')} that the classifier was trained on")
    return validation.select(np.flatnonzero(~seen))


def measured(bundle: Bundle, dataset: Dataset, name: str, watcher: Watcher) -> MeasuredSplit:
    """Pictures as the engine takes them, read as they are asked for."""
    encoding = bundle.contract.preprocessing

    def encoded(rows: Any) -> Any:
        watcher.task(f"predicting {name}", int(rows[-1]) + 1, len(dataset))
        return np.stack([encoding.encode(dataset.pictures.read(int(row))) for row in rows])

    return MeasuredSplit(name, labels_of(dataset, bundle.contract.classes), encoded, "", dataset.checked_facts.digests)
