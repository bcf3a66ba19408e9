"""The peer of `transfer.py`: fastai's quick start on the same pictures, split and weights; prints one line of JSON.

Run by `transfer.py` in an environment that has fastai. Differs from fastai's quick start only in where the weights come from,
and in their mean and deviation.

Source: https://docs.fast.ai/quick_start.html, "Computer vision classification".
"""

from __future__ import annotations

import argparse
import json
from importlib import metadata

import torch
from fastai.vision.all import (
    ImageDataLoaders,
    Normalize,
    Resize,
    accuracy,
    default_split,
    model_meta,
    set_seed,
    vision_learner,
)
from torchvision.models import mobilenet_v2


def main() -> None:
    """Trains, validates, prints."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data")
    parser.add_argument("weights")
    parser.add_argument("--mean", type=float, required=True)
    parser.add_argument("--std", type=float, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    arguments = parser.parse_args()

    def network(pretrained: bool = True) -> torch.nn.Module:
        built = mobilenet_v2()
        if pretrained:
            built.load_state_dict(torch.load(arguments.weights, map_location="cpu", weights_only=True))
        return built

    model_meta[network] = {"cut": -1, "split": default_split}
    set_seed(arguments.seed)
    loaders = ImageDataLoaders.from_folder(
        arguments.data,
        train="train",
        valid="val",
        item_tfms=Resize(224),
        batch_tfms=Normalize.from_stats([arguments.mean] * 3, [arguments.std] * 3),
    )
    learner = vision_learner(loaders, network, metrics=accuracy, normalize=False)
    with learner.no_bar(), learner.no_logging():
        learner.fine_tune(arguments.epochs)
        _, right = learner.validate()
    versions = {name: metadata.version(name) for name in ("fastai", "torch", "torchvision")}
    print(json.dumps({"accuracy": float(right), "pictures": len(loaders.valid_ds), "versions": versions}))


if __name__ == "__main__":
    main()
