import os

import pytest
import torch

from striate.errors import TrainingError
from striate.training import (
    Recipe,
    TrainingState,
    checkpoints,
    evenly_spaced,
    keep_epoch,
    kept_epochs,
    load_checkpoint,
    read_epoch,
    save_checkpoint,
)

RECIPE = Recipe()


def state_of(network, step=0):
    state = TrainingState.begin(network, RECIPE, total_steps=10)
    state.step = step
    return state


def test_only_the_newest_are_kept(small_network, tmp_path):
    state = state_of(small_network())
    for step in (1, 2, 3):
        state.step = step
        save_checkpoint(state, tmp_path)
    assert [path.name for path in checkpoints(tmp_path)] == ["step-00000002.safetensors", "step-00000003.safetensors"]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_place_and_sums_are_kept(small_network, tmp_path):
    state = state_of(small_network(), 4)
    state.epoch, state.batch, state.progress = 2, 3, 0.1 + 0.2
    state.tally.loss, state.tally.correct = 1 / 3, 5
    save_checkpoint(state, tmp_path)
    other = state_of(small_network())
    load_checkpoint(other, checkpoints(tmp_path)[0])
    assert (other.epoch, other.batch, other.step, other.progress) == (2, 3, 4, 0.1 + 0.2)
    assert other.tally == state.tally


def test_a_network_laid_out_channels_last_stays_so(small_network, tmp_path):
    network = small_network("resnet20").to(memory_format=torch.channels_last)
    state = state_of(network)
    network(torch.ones(2, 1, 32, 32)).sum().backward()
    state.optimizer.step()
    save_checkpoint(state, tmp_path)
    other = state_of(small_network("resnet20").to(memory_format=torch.channels_last))
    load_checkpoint(other, checkpoints(tmp_path)[0])
    for one, two in zip(state.tensors(), other.tensors(), strict=True):
        assert one[0] == two[0]
        assert torch.equal(one[1], two[1])
        assert one[1].stride() == two[1].stride(), one[0]


@pytest.mark.parametrize("damage", ["cut", "empty", "noise", "other network"])
def test_a_damaged_checkpoint_is_one_clear_sentence(small_network, tmp_path, damage):
    path = save_checkpoint(state_of(small_network()), tmp_path)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "noise":
        path.write_bytes(bytes(range(256)) * 10)
    network = small_network("resnet20" if damage == "other network" else "lenet5_dense")
    with pytest.raises(TrainingError) as caught:
        load_checkpoint(state_of(network), path)
    text = str(caught.value)
    assert text.startswith(f"the checkpoint {path} cannot be read (")
    assert text.endswith("delete it to go on from the one before")
    assert "\n" not in text


def test_epochs_are_kept_evenly_spaced_beside_the_checkpoints(small_network, tmp_path):
    state = state_of(small_network())
    for epoch in range(8):
        state.epoch, state.step = epoch, epoch
        with torch.no_grad():
            next(state.averaged.parameters()).fill_(epoch)
        keep_epoch(state, tmp_path, epochs=7, keep=3)
        save_checkpoint(state, tmp_path)
    assert list(kept_epochs(tmp_path)) == evenly_spaced(7, 3) == [0, 4, 7]
    assert [path.name for path in checkpoints(tmp_path)] == ["step-00000006.safetensors", "step-00000007.safetensors"]
    weights = read_epoch(kept_epochs(tmp_path)[4])
    assert set(weights) == set(state.averaged.state_dict())
    assert bool((weights[next(iter(dict(state.averaged.named_parameters())))] == 4).all())
    kept_epochs(tmp_path)[4].write_bytes(b"noise")
    with pytest.raises(TrainingError, match=r"epoch-00004.safetensors cannot be read"):
        read_epoch(kept_epochs(tmp_path)[4])
    assert kept_epochs(tmp_path / "nothing") == {}


def test_in_a_folder_whose_name_is_not_text(small_network, tmp_path):
    folder = tmp_path / os.fsdecode(b"gr\xfcn")
    state = state_of(small_network(), 4)
    keep_epoch(state, folder, epochs=1, keep=2)
    load_checkpoint(state, save_checkpoint(state, folder))
    assert state.step == 4
    assert read_epoch(kept_epochs(folder)[0]).keys() == state.averaged.state_dict().keys()
