import hashlib

import pytest
import torch

import striate.api.starting_weights
from striate.models import create_model
from striate.pixels import Preprocessing
from striate.weights import PublishedWeights


@pytest.fixture
def published(tmp_path, monkeypatch):
    """Weights of resnet20 that count as published, in a folder in the network's place; nothing leaves this machine."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    path = tmp_path / "server" / "resnet20.pth"
    path.parent.mkdir()
    torch.save(create_model("resnet20", num_classes=1000, seed=1).state_dict(), path)
    prefix = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    path = path.rename(path.with_name(f"resnet20-{prefix}.pth"))
    weights = PublishedWeights(
        row="resnet20",
        source="somebody's resnet20",
        url=path.as_uri(),
        sha256_prefix=prefix,
        preprocessing=Preprocessing(
            colour="rgb",
            resize="shorter_side",
            resize_size=(40, 40),
            filter="bicubic",
            crop=(32, 32),
            mean=(0.4, 0.5, 0.6),
            std=(0.1, 0.2, 0.3),
        ),
        accuracy=0.7,
        classes=tuple(map(str, range(1000))),
    )
    monkeypatch.setattr(striate.api.starting_weights, "published_weights", lambda name: weights)
    return weights
