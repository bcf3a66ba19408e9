"""A run that keeps epochs learns what it learns without, and keeps the same bytes when it was interrupted."""

from __future__ import annotations

import signal

import pytest
import torch
from safetensors.torch import load_file

import striate
from striate.errors import Interrupted
from striate.training import kept_epochs
from striate.visualization import maps_through_training


def test_an_interrupted_run_keeps_the_same_epochs(finished_run, striped, tmp_path):
    class Interrupting(striate.Watcher):
        def step(self, report):
            if report.step == 5:
                signal.raise_signal(signal.SIGTERM)

    options = {"model": "resnet20", "epochs": 3, "settings": ["batch_size=16", "keep_epochs=3"]}
    whole = striate.train(striped, **options, output=tmp_path / "whole")
    with pytest.raises(Interrupted):
        striate.train(striped, **options, output=tmp_path / "resumed", watcher=Interrupting())
    resumed = striate.resume(tmp_path / "resumed")
    kept = kept_epochs(whole.folder / "checkpoints")
    assert list(kept) == [0, 2, 3]
    for epoch, path in kept_epochs(resumed.folder / "checkpoints").items():
        assert path.read_bytes() == kept[epoch].read_bytes()
    sealed = load_file(finished_run.folder / "bundle" / "model.safetensors")
    for run in (whole, resumed):
        assert len(kept_epochs(run.folder / "checkpoints")) == 3
        for name, tensor in load_file(run.folder / "bundle" / "model.safetensors").items():
            assert torch.equal(tensor, sealed[name]), name
    last = load_file(kept[3])
    assert all(torch.equal(last[name], tensor) for name, tensor in sealed.items())

    network = whole.classifier(engine="torch").network()
    maps = maps_through_training(network, whole.folder / "checkpoints", torch.zeros(1, 3, 32, 32), layer="layer2")
    assert list(maps) == [0, 2, 3]
    assert not torch.allclose(maps[0], maps[3])
    assert not list((finished_run.folder / "checkpoints").glob("epoch-*"))
