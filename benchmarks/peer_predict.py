"""The peers' side of predicting: a folder of pictures to five labels each, as timm's or torchvision's documentation has it.

    python benchmarks/peer_predict.py timm resnet50 PICTURES...

A DataLoader with two workers decodes and prepares, and the network runs eagerly in inference mode; the weights are random. (timm's own
script for this is not in its package; these are the same parts.)
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

BATCH = 64
TIMM_NAMES = {"mobilenet_v2": "mobilenetv2_100"}


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


def main() -> None:
    """Predicts and writes rows."""
    peer, model, *places = sys.argv[1:]
    paths = [path for place in map(Path, places) for path in (sorted(place.iterdir()) if place.is_dir() else [place])]
    network, transform = build(peer, model)
    network.eval()
    rows = csv.writer(sys.stdout)
    with torch.inference_mode():
        for images, indices in DataLoader(Pictures(paths, transform), batch_size=BATCH, num_workers=min(2, len(paths))):
            values, labels = network(images).softmax(dim=1).topk(5)
            for index, row, chances in zip(indices.tolist(), labels.tolist(), values.tolist(), strict=True):
                rows.writerow([paths[index], *row, *chances])


if __name__ == "__main__":
    main()
