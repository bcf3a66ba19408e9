"""Gathers what a run's report tells."""

from __future__ import annotations

import dataclasses
import math
import platform
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.choosing import evenly
from striate.data import SPLITS, Dataset, PixelStore
from striate.data.examples import examples_of
from striate.deciding.run_plan import RunPlan
from striate.deciding.stated_decisions import state_taken
from striate.encodings import named_encoding
from striate.encodings.encoding import Encoding
from striate.evaluation import Finding
from striate.evaluation.abstention import risk_coverage
from striate.evaluation.calibration import adaptive_reliability
from striate.evaluation.label_scores import precision_recall
from striate.evaluation.two_classes import at_threshold, best_threshold, threshold_curves
from striate.hardware import available_processors, describe_processor
from striate.initialization import drafting
from striate.models import Network, create_model
from striate.models.text_network import TextNetwork
from striate.pixels import Preprocessing
from striate.pixels.clip_encoding import strip
from striate.report import (
    Calibration,
    DataSummary,
    LabelCurve,
    Mistake,
    SeeingInside,
    TrainingReport,
    TwoClasses,
    write,
)
from striate.runs.inside import see_inside
from striate.runs.tournament_record import read_tournament
from striate.runs.tournament_shown import show_tournament
from striate.runs.words_inside import see_words
from striate.sealing.seal import Sealed, versions
from striate.tasks import Task, said_of
from striate.text import SentenceEncoding
from striate.text.sentences import sentence_of
from striate.training.batches import batch_sizes
from striate.training.run_folder import REPORT
from striate.wording import network_title

SAMPLES_PER_CLASS = 6
SAMPLED_CLASSES = 40
MISTAKES = 24
LABEL_CURVES = 24
CURVE_POINTS = 120


def write_training_report(
    folder: Path,
    run: RunPlan,
    dataset: Dataset,
    store: PixelStore,
    sealed: Sealed,
    network: Network,
    history: Sequence[Mapping[str, Any]],
    timings: Mapping[str, float],
    findings: Sequence[Finding],
) -> None:
    """Writes a finished run's `report.html`, the last of all that a run writes: what it says makes the run ended."""
    headline = next((name for name in ("test", "val") if name in sealed.measured.scores), None)
    known = describe_run(folder, run, dataset)
    wrong = mistakes(dataset, store, run, sealed, headline) if headline else []
    report = dataclasses.replace(
        known,
        data=with_samples(known.data, dataset, store),
        parameters=parameter_count(sealed),
        history=history,
        decisions=state_taken(
            run.decisions,
            run.recipe,
            training_pictures=len(dataset.indices("train")),
            steps=int(history[-1]["step"]) if history else 0,
            many=dataset.plural,
        ),
        scores={name: scores.to_dict() for name, scores in sealed.measured.scores.items()},
        mistakes=wrong,
        calibration=calibration_of(sealed, headline) if headline else None,
        two_classes=two_classes_of(sealed, dataset, headline) if headline else None,
        label_curves=label_curves_of(sealed, headline) if headline else [],
        seeing=seen_inside(network, run.preprocessing, dataset.task, dataset.classes, wrong),
        predict_commands=[
            *predict_commands(folder, dataset.kind),
            f"striate evaluate {shlex.quote(str(folder))} DATA",
        ],
        timings=timings,
        findings=findings,
    )
    write(report, folder / REPORT)


def seen_inside(
    network: Network, encoding: Encoding, task: Task, classes: Sequence[str], wrong: Sequence[Mistake]
) -> SeeingInside | None:
    """What is shown of the network's inside; None of one for clips, of which nothing is."""
    looked_at = [] if task.sequential else wrong  # a string has no map of its own
    if isinstance(encoding, Preprocessing):
        return see_inside(network, encoding, task.outputs(classes), looked_at)
    if isinstance(encoding, SentenceEncoding) and isinstance(network, TextNetwork):
        return see_words(network, encoding, task.outputs(classes), looked_at)
    return None


def calibration_of(sealed: Sealed, split: str) -> Calibration:
    """How far the probabilities can be trusted, on one split."""
    contract, task = sealed.bundle.contract, sealed.measured.task
    probabilities, labels = sealed.measured.probabilities[split], sealed.measured.labels[split]
    answers = task.decide(probabilities)
    sure = task.confidence(probabilities, answers)
    return Calibration(
        temperature=contract.temperature,
        pictures=contract.calibration_pictures,
        split=split,
        error=sealed.measured.scores[split].expected_calibration_error,
        error_uncalibrated=sealed.measured.uncalibrated[split].expected_calibration_error,
        bins=task.reliability(probabilities, labels),
        adaptive_bins=() if task.several else adaptive_reliability(probabilities, labels),
        adaptive_error=getattr(sealed.measured.scores[split], "adaptive_calibration_error", None),
        risk=risk_coverage(sure, task.same(answers, labels)),
    )


def two_classes_of(sealed: Sealed, dataset: Dataset, split: str) -> TwoClasses | None:
    """What every threshold would do on a split, if there are two classes and it has pictures of both."""
    if dataset.task.several or len(dataset.classes) != 2 or len(np.unique(sealed.measured.labels[split])) != 2:
        return None
    train = [dataset.counts()[name].get("train", 0) for name in dataset.classes]
    sought = 0 if train[0] < train[1] else 1
    why = (
        f"which has fewer training {dataset.plural}"
        if train[0] != train[1]
        else "the second of two classes of one size"
    )
    probabilities, positive = sealed.measured.probabilities[split][:, sought], sealed.measured.labels[split] == sought
    chosen = None
    if "val" in sealed.measured.labels and len(np.unique(sealed.measured.labels["val"])) == 2:
        threshold = best_threshold(
            sealed.measured.probabilities["val"][:, sought], sealed.measured.labels["val"] == sought
        )
        chosen = at_threshold(probabilities, positive, threshold)
    return TwoClasses(
        positive=dataset.classes[sought],
        negative=dataset.classes[1 - sought],
        why=why,
        split=split,
        curves=threshold_curves(probabilities, positive),
        half=at_threshold(probabilities, positive, 0.5),
        chosen=chosen,
        chosen_on="val" if chosen else "",
    )


def label_curves_of(sealed: Sealed, split: str) -> list[LabelCurve]:
    """Precision over recall of each label, of the worst ones, where a picture may have several."""
    measured = sealed.measured
    if not measured.task.several or measured.task.sequential:
        return []
    probabilities, targets = measured.probabilities[split], measured.labels[split].astype(bool)
    curves = []
    for place, name in enumerate(sealed.bundle.contract.classes):
        there = targets[:, place]
        if not there.any():
            continue
        threshold = measured.thresholds.get(name, 0.5)
        recall, precision, average = precision_recall(probabilities[:, place], there)
        named = probabilities[:, place] >= threshold
        hits = int((named & there).sum())
        at = (hits / int(there.sum()), hits / int(named.sum())) if named.any() else None
        kept = evenly(len(recall), CURVE_POINTS)
        curves.append(
            LabelCurve(
                name,
                recall[kept].tolist(),
                precision[kept].tolist(),
                average,
                float(there.mean()),
                threshold,
                at,
            )
        )
    return sorted(curves, key=lambda curve: curve.average_precision)[:LABEL_CURVES]


def describe_run(folder: Path, run: RunPlan, dataset: Dataset) -> TrainingReport:
    """What a report says of a run before its first step."""
    tournament, tested = read_tournament(folder), len(dataset.indices("test"))
    return TrainingReport(
        title=f"{dataset.name} · {run.recipe.model}",
        run=folder.name,
        created=run.settings.created.replace("T", " "),
        model=network_title(run.recipe.model, run.recipe.transfer.head_stages),
        task=run.recipe.task,
        data=DataSummary(
            location=dataset.location,
            kind=dataset.kind,
            counts=dataset.counts(),
            pictures={split: len(dataset.indices(split)) for split in SPLITS},
            ignored=dataset.ignored,
            quarantined=[(problem.key, problem.reason) for problem in dataset.problems],
        ),
        tournament=show_tournament(tournament, tested=tested) if tournament is not None else None,
        epochs_planned=planned_epochs(run, dataset),
        decisions=run.decisions,
        recipe=run.to_toml(told=False),
        findings=[Finding(note) for note in run.notes],
        hardware=hardware(run),
        versions=versions(),
    )


def planned_epochs(run: RunPlan, dataset: Dataset) -> int | None:
    """Epochs that the planned steps make, the last of which may be a part; a time limit leaves fewer than the schedule has."""
    steps_per_epoch = len(batch_sizes(len(dataset.indices("train")), run.recipe.batch_size))
    return min(run.recipe.schedule.epochs, math.ceil(run.settings.total_steps / steps_per_epoch)) or None


def predict_commands(folder: Path, kind: str) -> list[str]:
    """How to predict with a bundle, as a shell takes it."""
    command = f"striate predict {shlex.quote(str(folder))}"
    example = named_encoding(kind).example
    if kind == SentenceEncoding.kind:
        return [f"{command} {example}", f"{command} - --format csv < SENTENCES.txt"]
    return [f"{command} {example}", f"{command} FOLDER --format csv > predictions.csv"]


def with_samples(data: DataSummary, dataset: Dataset, store: PixelStore) -> DataSummary:
    """With the first training pictures of each class, or frames of clips, as the network sees them, or the first sentences."""
    rows = dataset.indices("train")
    of_class = {
        name: rows[dataset.task.shows(dataset.labels[rows], label)][:SAMPLES_PER_CLASS]
        for label, name in enumerate(dataset.classes[:SAMPLED_CLASSES])
    }
    if dataset.kind != SentenceEncoding.kind:
        pictures = {name: pictures_of(store.gather(places)) if len(places) else [] for name, places in of_class.items()}
        return dataclasses.replace(data, samples=pictures)
    sentences = {name: sentences_at(dataset, places) for name, places in of_class.items()}
    return dataclasses.replace(data, sentences=sentences)


def pictures_of(encoded: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
    """Pictures as they are, (n, H, W, C); of clips, (n, T, H, W, C), some of their frames side by side."""
    return [strip(one) if one.ndim == 4 else one for one in encoded]


def sentences_at(dataset: Dataset, rows: npt.NDArray[np.int64]) -> list[str]:
    """The sentences at these rows."""
    return [sentence_of(dataset.pictures.read(int(row))) for row in rows]


def mistakes(dataset: Dataset, store: PixelStore, run: RunPlan, sealed: Sealed, split: str) -> list[Mistake]:
    """The most confident mistakes on a split, the surest first."""
    examples = examples_of(dataset, store, run.preprocessing, split)
    probabilities, task = sealed.measured.probabilities[split], sealed.measured.task
    positions = task.surest_mistakes(probabilities, examples.labels, MISTAKES)
    if not len(positions):
        return []
    answers = task.decide(probabilities[positions])
    given: list[npt.NDArray[Any] | str] = []
    if dataset.kind == SentenceEncoding.kind:
        given += sentences_at(dataset, examples.samples[positions])
    else:
        given += pictures_of(examples.pixels(positions))
    sure = task.confidence(probabilities[positions], answers)
    rows = []
    for picture, position, predicted, confidence in zip(given, positions, answers, sure.tolist(), strict=True):
        true, called = (
            task.tell(one, dataset.classes) if task.sequential else said_of(task, one, dataset.classes)
            for one in (examples.labels[position], predicted)
        )
        rows.append(Mistake(picture, examples.key(int(position)), true, called, confidence))
    return rows


def parameter_count(sealed: Sealed) -> int:
    """Parameters of the sealed network, which has no auxiliary heads."""
    with drafting():  # numbers without values
        network = create_model(**sealed.bundle.contract.architecture.arguments, auxiliary=False)
    return sum(parameter.numel() for parameter in network.parameters())


def hardware(run: RunPlan) -> dict[str, str]:
    """What the run was trained on, for people."""
    return {
        "device": run.settings.device,
        "processor": describe_processor(),
        "processors": str(available_processors()),
        "system": f"{platform.system()} {platform.release()}",
    }
