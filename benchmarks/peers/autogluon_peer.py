"""AutoGluon: `MultiModalPredictor` on pictures, fine-tuning the network of the trained weights within its time limit.

Its preset for medium quality takes a MobileNet of timm; this one has the weights that all contenders have, by the folder of
configuration and weights that AutoGluon takes in the place of a name. Everything else is its own choice, but for what a processor
needs (no half precision) and the number of epochs, of which its schedule must know in advance: as many as a measured step says. It
asks for an older torch than the one that is here, and runs on it.

Source: https://auto.gluon.ai/stable/tutorials/multimodal/image_prediction/beginner_image_cls.html.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pandas
import torch
from decoded import Decoded, measure_epoch, sides
from mobilenet import trained
from peer import Job, choose_size, whole_epochs
from timm.models import register_model
from timm.models.efficientnet import mobilenetv2_100
from timm_peer import network_of
from torch import nn

START = 12.0
"""Seconds that importing it and beginning to fit take."""
BATCH = 32
LEAST_EPOCHS = 2


@register_model
def mobilenetv2_same(**options) -> nn.Module:
    """The network mobilenetv2_100, padded and normalised as the weights were trained: a name that AutoGluon can ask for."""
    return mobilenetv2_100(**{"pad_type": "same", "bn_eps": 1e-3, **options})


def checkpoint(job: Job, folder: Path, size: int) -> Path:
    """A folder as AutoGluon takes one; it reads the side of pictures from it."""
    network = network_of(job, 0)
    folder.mkdir()
    torch.save({key: value.contiguous() for key, value in network.state_dict().items()}, folder / "pytorch_model.bin")
    config = {
        "architecture": "mobilenetv2_same",
        "num_features": network.num_features,
        "input_size": [3, size, size],
        "mean": [job.mean] * 3,
        "std": [job.std] * 3,
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def choose(job: Job) -> tuple[int, int]:
    """The side, and how many epochs fit."""
    data = Decoded(job)
    network = trained(None)
    network.classifier[1] = nn.Linear(network.last_channel, len(job.classes))
    optimizer = torch.optim.AdamW(network.parameters())

    def step(images: torch.Tensor, labels: torch.Tensor) -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(images), labels).backward()
        optimizer.step()

    def left() -> float:
        return job.left() - START

    # It decodes every picture in every epoch, and validates twice.
    size, seconds = choose_size(
        sides(data), lambda side: 1.4 * LEAST_EPOCHS * measure_epoch(data, side, BATCH, step, network), left
    )
    return size, whole_epochs(left(), seconds / LEAST_EPOCHS, most=20)


def main() -> None:
    """Learns, answers."""
    job = Job()
    with job.uncounted():
        size, epochs = choose(job)
    from autogluon.multimodal import MultiModalPredictor

    logging.getLogger("autogluon").setLevel(logging.WARNING)

    def table(part: str) -> pandas.DataFrame:
        rows = job.pictures(part)
        return pandas.DataFrame(
            {"image": [str(path) for path, _ in rows], "label": [job.classes[label] for _, label in rows]}
        )

    predictor = MultiModalPredictor(label="label", problem_type="classification", path=str(job.output / "autogluon"))
    predictor.fit(
        table("train"),
        tuning_data=table("val"),
        time_limit=max(5.0, job.left() - 3),
        seed=job.seed,
        presets="medium_quality",
        hyperparameters={
            "model.names": ["timm_image"],
            "model.timm_image.checkpoint_name": str(checkpoint(job, job.output / "checkpoint", size)),
            "model.timm_image.image_norm": "inception",  # a mean and deviation of 0.5
            "env.num_gpus": 0,
            "env.precision": "32",
            "env.batch_size": BATCH,
            "env.per_gpu_batch_size": BATCH,
            "optim.max_epochs": epochs,
        },
    )
    job.note(size=size, planned_epochs=epochs)
    job.ready("autogluon.multimodal", "timm", "torch")
    answers = predictor.predict(table("test")[["image"]])
    job.answer(dict(zip([path.name for path, _ in job.pictures("test")], answers, strict=True)))


if __name__ == "__main__":
    main()
