"""A run that keeps epochs learns what it learns without, and keeps the same bytes when it was interrupted."""

from __future__ import annotations

import signal

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import striate
from striate.errors import Interrupted, UsageError
from striate.training import kept_epochs
from striate.visualization import maps_through_training


@pytest.mark.slow
def test_an_interrupted_run_keeps_the_same_epochs(finished_run, finished_options, striped, tmp_path):
    class Interrupting(striate.Watcher):
        def step(self, report):
            if report.step == 5:
                signal.raise_signal(signal.SIGTERM)

    options = finished_options | {"settings": [*finished_options["settings"], "keep_epochs=3"]}
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
    shown = striate.visualize(whole.folder, np.zeros((32, 32, 3), np.uint8), method="through-training", layer="layer2")
    (panel,) = shown.panels
    assert (panel.columns, len(panel.rows)) == (["epoch 0", "epoch 2", "epoch 3"], 6)
    assert panel.facts["epochs"] == [0, 2, 3]
    image = torch.from_numpy(shown.seen.preprocessing.normalise(np.zeros((1, 32, 32, 3), np.uint8)))
    maps = maps_through_training(network, whole.folder / "checkpoints", image, layer="layer2")
    for found in panel.facts["maps"]:
        assert found["largest"] == pytest.approx([float(one[0, found["map"]].max()) for one in maps.values()], rel=1e-5)
    with pytest.raises(UsageError, match="has no epochs to look back at; train with --set keep_epochs=6"):
        striate.visualize(finished_run.folder, np.zeros((32, 32, 3), np.uint8), method="through-training")
    assert not list((finished_run.folder / "checkpoints").glob("epoch-*"))
