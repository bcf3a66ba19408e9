"""Reports to look at: an ordinary one of any size, made of plain data."""

from collections.abc import Callable

import numpy as np
import pytest

from striate.decision import Decision
from striate.evaluation import Finding, score
from striate.report import DataSummary, Mistake, Quarantined, TrainingReport


def scores_of(classes, count, seed=0):
    """Figures of a classifier that is mostly right."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, len(classes), count)
    logits = generator.normal(size=(count, len(classes)))
    logits[np.arange(count), labels] += 3.0
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return score(probabilities, labels, classes)


def history_of(epochs):
    return [
        {
            "epoch": epoch,
            "train_loss": 2.0 / epoch,
            "train_accuracy": 1 - 0.5 / epoch,
            "val_loss": 2.5 / epoch,
            "val_accuracy": 1 - 0.6 / epoch,
            "learning_rate": 0.01 / epoch,
            "seconds": 1.5,
            "pictures_per_second": 812.4,
        }
        for epoch in range(1, epochs + 1)
    ]


def make_report(classes, *, count=200, epochs=3, picture_side=28, samples=2, mistakes=6):
    """A whole report on `classes`, every part of it filled."""
    generator = np.random.default_rng(1)

    def picture():
        return generator.integers(0, 256, (picture_side, picture_side, 3), dtype=np.uint8)

    return TrainingReport(
        title="shapes · lenet5",
        run="shapes-lenet5",
        created="22 November 2026, 14:07",
        model="lenet5",
        data=DataSummary(
            location="pictures/shapes",
            counts={name: {"train": 80 + i, "val": 10, "test": 11} for i, name in enumerate(classes)},
            ignored={"stray files": 3},
            quarantined=[Quarantined("broken.jpg", "the file is empty")],
            samples={name: [picture() for _ in range(samples)] for name in classes},
        ),
        parameters=61_706,
        epochs_planned=epochs,
        history=history_of(epochs),
        scores={
            "val": scores_of(classes, count, seed=2).to_dict(),
            "test": scores_of(classes, count, seed=3).to_dict(),
        },
        mistakes=[
            Mistake(
                picture(), f"test/{i}.png", classes[i % len(classes)], classes[(i + 1) % len(classes)], 0.9 - i / 100
            )
            for i in range(mistakes)
        ],
        decisions=[Decision("epochs", "3", "measured with `--time-limit`")],
        recipe='seed = 0\n\n[model]\nname = "lenet5"\n',
        predict_commands=["striate predict runs/shapes-lenet5 picture.png"],
        findings=[Finding("These are few pictures", "warning")],
        hardware={"processor": "two cores"},
        versions={"striate": "0.1.0"},
        timings={"training": 4.5, "sealing": 0.25},
    )


@pytest.fixture(scope="session")
def report_on() -> Callable[..., TrainingReport]:
    """Makes a report on given classes: `report_on(["a", "b"], epochs=1)`."""
    return make_report


@pytest.fixture(scope="session")
def scores_on():
    """Makes scores on given classes: `scores_on(["a", "b"], count)`."""
    return scores_of
