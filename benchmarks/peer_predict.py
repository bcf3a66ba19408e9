"""The peers' side of predicting: a folder of pictures to five labels each, as the documentation of timm, torchvision or Keras has it.

    python benchmarks/peer_predict.py timm resnet50 PICTURES...

For timm and torchvision a DataLoader with two workers decodes and prepares, and the network runs eagerly in inference mode. (timm's own
script for this is not in its package; these are the same parts.) Keras, on torch, reads with two workers of a PyDataset. The weights
are random.
"""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

BATCH = 64
TIMM_NAMES = {"mobilenet_v2": "mobilenetv2_100"}
KERAS_NAMES = {"mobilenet_v2": "MobileNetV2"}


class Pictures(Dataset):
    """Prepared pictures and their places."""

    def __init__(self, paths: list[Path], transform: Any) -> None:
        self.paths, self.transform = paths, transform

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        return self.transform(Image.open(self.paths[index]).convert("RGB")), index


def build(peer: str, model: str) -> tuple[torch.nn.Module, Any]:
    """The network and the transform."""
    if peer == "timm":
        import timm

        network = timm.create_model(TIMM_NAMES.get(model, model), pretrained=False)
        return network, timm.data.create_transform(**timm.data.resolve_data_config({}, model=network))
    import torchvision

    transform = torchvision.models.get_model_weights(model).DEFAULT.transforms()
    return torchvision.models.get_model(model, weights=None), transform


def torch_rows(peer: str, model: str, paths: list[Path]) -> Iterator[list[Any]]:
    """Rows of timm or torchvision."""
    network, transform = build(peer, model)
    network.eval()
    with torch.inference_mode():
        for images, indices in DataLoader(Pictures(paths, transform), batch_size=BATCH, num_workers=min(2, len(paths))):
            values, labels = network(images).softmax(dim=1).topk(5)
            for index, row, chances in zip(indices.tolist(), labels.tolist(), values.tolist(), strict=True):
                yield [paths[index], *row, *chances]


def keras_rows(model: str, paths: list[Path]) -> Iterator[list[Any]]:
    """Rows of Keras."""
    os.environ["KERAS_BACKEND"] = "torch"
    import keras
    import numpy as np

    class Batches(keras.utils.PyDataset):
        def __len__(self) -> int:
            return -(-len(paths) // BATCH)

        def __getitem__(self, number: int) -> Any:
            part = paths[number * BATCH : (number + 1) * BATCH]
            loaded = [keras.utils.load_img(path, target_size=(224, 224), interpolation="bilinear") for path in part]
            return keras.applications.mobilenet_v2.preprocess_input(
                np.stack(list(map(keras.utils.img_to_array, loaded)))
            )

    network = getattr(keras.applications, KERAS_NAMES[model])(weights=None)
    chances = network.predict(Batches(workers=2, use_multiprocessing=False), verbose=0)
    for path, row in zip(paths, chances, strict=True):
        best = np.argsort(-row)[:5]
        yield [path, *best.tolist(), *row[best].tolist()]


def main() -> None:
    """Predicts and writes rows."""
    peer, model, *places = sys.argv[1:]
    paths = [path for place in map(Path, places) for path in (sorted(place.iterdir()) if place.is_dir() else [place])]
    rows = keras_rows(model, paths) if peer == "keras" else torch_rows(peer, model, paths)
    csv.writer(sys.stdout).writerows(rows)


if __name__ == "__main__":
    main()
