import argparse
import datetime
import errno
import hashlib
import os
import pickle
import sys
import types
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from striate.errors import UsageError, WeightsError
from striate.weights import WeightsFile, known_file, read_weights
from striate.weights.tensor_tables import WRAPPERS

TENSORS = {"fc.weight": torch.arange(6.0).view(2, 3), "fc.bias": torch.tensor([1.0, -1.0])}
EXPECTED = "expected .safetensors, or a .pth, .pt or .th file written by torch.save"


def assert_holds(weights, tensors=TENSORS):
    assert isinstance(weights, WeightsFile)
    assert list(weights.tensors) == list(tensors)
    assert all(torch.equal(weights.tensors[name], tensors[name]) for name in tensors)


def reason(path):
    """What the error says after naming the file."""
    with pytest.raises(WeightsError) as error:
        read_weights(path)
    start = f"weights file {path} "
    assert str(error.value).startswith(start)
    return str(error.value).removeprefix(start)


@pytest.mark.parametrize("name", ["weights.pth", "weights.pt", "weights.th", "weights", "weights.safetensors"])
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_what_torch_saves(tmp_path, name, zipped):
    torch.save(TENSORS, tmp_path / name, _use_new_zipfile_serialization=zipped)
    weights = read_weights(tmp_path / name)
    assert_holds(weights)
    assert weights.path == tmp_path / name
    assert weights.metadata == {}
    assert weights.sha256 == hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()


@pytest.mark.parametrize("name", [b"\xff.safetensors", b"gr\xfcn.pth", b"\xe4"])
@pytest.mark.parametrize("write", [torch.save, save_file])
def test_files_whose_names_are_not_text(tmp_path, name, write):
    path = tmp_path / os.fsdecode(name)
    write(TENSORS, tmp_path / "plain")
    (tmp_path / "plain").rename(path)
    weights = read_weights(path)
    assert weights.path == path
    assert set(weights.tensors) == set(TENSORS)


@pytest.mark.parametrize("name", ["weights.safetensors", "weights.pth"])
def test_safetensors_by_content(tmp_path, name):
    save_file(TENSORS, tmp_path / name, metadata={"mean": "0.5"})
    weights = read_weights(str(tmp_path / name))
    assert_holds(weights, {name: TENSORS[name] for name in weights.tensors})
    assert set(weights.tensors) == set(TENSORS)
    assert weights.metadata == {"mean": "0.5"}


def test_safetensors_without_metadata(tmp_path):
    save_file(TENSORS, tmp_path / "weights.safetensors")
    assert read_weights(tmp_path / "weights.safetensors").metadata == {}


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_tensors_beside_other_things(tmp_path, wrapper):
    torch.save({"epoch": 3, "optimizer": {"lr": 0.1}, "best": torch.tensor(0.9), wrapper: TENSORS}, tmp_path / "w.pth")
    assert_holds(read_weights(tmp_path / "w.pth"))


def test_settings_of_such_a_name_are_passed_over(tmp_path):
    torch.save({"params": {"lr": 0.1}, "net": TENSORS}, tmp_path / "w.pth")
    assert_holds(read_weights(tmp_path / "w.pth"))
    torch.save({"params": {"lr": 0.1}} | TENSORS, tmp_path / "w.pth")
    assert_holds(read_weights(tmp_path / "w.pth"))


def test_a_mapping_that_holds_itself(tmp_path):
    content = {}
    content["model"] = content
    torch.save(content, tmp_path / "w.pth")
    assert reason(tmp_path / "w.pth").startswith("holds no tensors by name; it holds 'model'")


def test_nested_twice(tmp_path):
    torch.save({"model": {"state_dict": TENSORS}}, tmp_path / "w.pth")
    assert_holds(read_weights(tmp_path / "w.pth"))


def test_what_is_no_tensor_is_left_out(tmp_path):
    torch.save(TENSORS | {"epoch": 3, "names": ["a"]}, tmp_path / "w.pth")
    assert_holds(read_weights(tmp_path / "w.pth"))


def test_parameters_become_tensors(tmp_path):
    torch.save({name: torch.nn.Parameter(tensor) for name, tensor in TENSORS.items()}, tmp_path / "w.pth")
    weights = read_weights(tmp_path / "w.pth")
    assert_holds(weights)
    assert not any(tensor.requires_grad for tensor in weights.tensors.values())


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."])
def test_prefixes(tmp_path, prefix):
    torch.save({prefix + name: tensor for name, tensor in TENSORS.items()}, tmp_path / "w.pth")
    assert_holds(read_weights(tmp_path / "w.pth"))


def test_a_compiled_submodule(tmp_path):
    save_file({"layer1._orig_mod.weight": torch.zeros(1), "fc.bias": torch.ones(1)}, tmp_path / "w.safetensors")
    assert set(read_weights(tmp_path / "w.safetensors").tensors) == {"layer1.weight", "fc.bias"}


def test_averaged_model(tmp_path):
    averaged = torch.optim.swa_utils.AveragedModel(torch.nn.Linear(3, 2))
    torch.save(averaged.state_dict(), tmp_path / "w.pth")
    assert set(read_weights(tmp_path / "w.pth").tensors) == {"weight", "bias", "n_averaged"}


@pytest.mark.parametrize(
    "beside",
    [
        argparse.Namespace(lr=0.1, model=argparse.Namespace(name="resnet20")),
        types.SimpleNamespace(lr=0.1),
        np.float64(0.5),
        np.int32(3),
        np.bool_(True),
        np.arange(6.0).reshape(2, 3),
        np.array(["a", "b"]),
        Path("runs/first"),
        [np.float32(1.5), {"best": (np.float64(0.5), None)}],
    ],
    ids=lambda beside: type(beside).__name__,
)
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_settings_and_figures_beside_the_tensors_are_passed_over(tmp_path, beside, zipped):
    content = {"args": beside, "state_dict": TENSORS, "best": beside}
    torch.save(content, tmp_path / "w.pth", _use_new_zipfile_serialization=zipped)
    assert_holds(read_weights(tmp_path / "w.pth"))


def test_what_stands_in_is_never_what_it_stands_for(tmp_path):
    torch.save({"state_dict": TENSORS, "args": argparse.Namespace(lr=1)}, tmp_path / "w.pth")
    read_weights(tmp_path / "w.pth")
    with pytest.raises(pickle.UnpicklingError, match=r"argparse\.Namespace"):  # and nothing stays allowed
        torch.load(tmp_path / "w.pth", weights_only=True)


def test_settings_of_another_library_get_the_way_out(tmp_path, monkeypatch):
    library = types.ModuleType("omegaconf")
    library.DictConfig = type("DictConfig", (), {"__module__": "omegaconf", "__qualname__": "DictConfig"})
    monkeypatch.setitem(sys.modules, "omegaconf", library)
    torch.save({"state_dict": TENSORS, "hyper_parameters": library.DictConfig()}, tmp_path / "w.ckpt")
    assert reason(tmp_path / "w.ckpt") == (
        "wants to run code (omegaconf.DictConfig), and Striate never runs code from a weights file; that is of settings "
        "beside the tensors: in a program that has their library, if you trust the file, keep the tensors alone: "
        'torch.save(torch.load(path, weights_only=False)["state_dict"], "weights.pth")'
    )


OTHERS = {name: tensor + 1 for name, tensor in TENSORS.items()}


@pytest.mark.parametrize(
    ("content", "first", "places"),
    [
        ({"state_dict": TENSORS, "state_dict_ema": OTHERS}, "plain", ("state_dict", "state_dict_ema")),
        ({"model": TENSORS, "ema": {"state_dict": OTHERS}}, "plain", ("model", "ema state_dict")),
        ({"model": TENSORS, "model_ema": {"n_averaged": torch.tensor(3)} | OTHERS}, "plain", ("model", "model_ema")),
        ({"params": TENSORS, "params_ema": OTHERS}, "plain", ("params", "params_ema")),
        ({"state_dict": OTHERS, "current_model_state": TENSORS}, "ema", ("current_model_state", "state_dict")),
        (
            {
                "state_dict": {f"model.{n}": t for n, t in TENSORS.items()}
                | {f"ema_model.{n}": t for n, t in OTHERS.items()}
            },
            "plain",
            ("state_dict", "state_dict: ema_model."),
        ),
        (
            TENSORS | {f"model_ema.module.{name}": tensor for name, tensor in OTHERS.items()},
            "plain",
            ("", "model_ema."),
        ),
    ],
    ids=["timm", "nested", "torchvision", "params", "lightning", "prefixes", "prefixes in the file itself"],
)
def test_plain_and_averaged_weights(tmp_path, content, first, places):
    torch.save(content, tmp_path / "w.pth")

    def bias(**which):
        tensors = read_weights(tmp_path / "w.pth", **which).tensors
        return next(tensor for name, tensor in tensors.items() if name.endswith("fc.bias")).tolist()

    assert bias(which="plain") == [1.0, -1.0] and bias(which="ema") == [2.0, 0.0]
    assert bias() == bias(which=first)
    said = {which: read_weights(tmp_path / "w.pth", which=which).choice for which in ("plain", "ema")}
    under = [f" under {place}" if place else "" for place in places]
    assert said["plain"] == (
        f"w.pth holds plain weights and averaged (EMA) ones: taken are the plain weights{under[0]}; the others{under[1]} "
        "are the averaged (EMA) weights: striate import --which ema, or which='ema', takes those"
    )
    assert said["ema"].startswith(
        f"w.pth holds plain weights and averaged (EMA) ones: taken are the averaged (EMA) weights{under[1]}; "
    )


def test_one_kind_of_weights_is_not_the_other(tmp_path):
    torch.save({"state_dict": TENSORS}, tmp_path / "w.pth")
    assert read_weights(tmp_path / "w.pth", which="plain").choice is None
    with pytest.raises(
        WeightsError, match=r"holds no averaged \(EMA\) weights: what it has is plain weights \(state_dict\)"
    ):
        read_weights(tmp_path / "w.pth", which="ema")
    with pytest.raises(UsageError, match="which is 'EMA'; expected 'plain' or 'ema'"):
        read_weights(tmp_path / "w.pth", which="EMA")


@pytest.mark.parametrize(
    ("tensor", "said"),
    [
        (
            torch.zeros(1).expand(1000, 1000),
            r"declares a\.b as \(1000, 1000\), and has fewer values than that; save it as",
        ),
        (torch.empty(2, 3, device="meta"), r"holds a\.b without values; save it as an ordinary tensor"),
        (torch.eye(3).to_sparse(), r"holds a\.b as torch\.sparse_coo; save it as an ordinary tensor"),
    ],
    ids=["expanded", "meta", "sparse"],
)
def test_tensors_that_claim_more_than_is_there(tmp_path, tensor, said):
    torch.save({"a.b": tensor}, tmp_path / "w.pth")
    with pytest.raises(WeightsError, match=said):
        read_weights(tmp_path / "w.pth")


def test_one_name_twice(tmp_path):
    torch.save({"fc.bias": torch.zeros(1), "module.fc.bias": torch.ones(1)}, tmp_path / "w.pth")
    assert reason(tmp_path / "w.pth") == "holds fc.bias twice: with a prefix and without, or with two"


def test_no_file(tmp_path):
    assert reason(tmp_path / "none.pth") == "does not exist; expected a .safetensors or .pth file"


def test_folder(tmp_path):
    assert reason(tmp_path) == "is a folder; expected a .safetensors or .pth file"
    inside = tmp_path / "bundle" / "model.safetensors"
    inside.parent.mkdir()
    inside.touch()
    assert reason(tmp_path) == f"is a folder; expected a .safetensors or .pth file; did you mean {inside}?"
    assert reason(inside.parent) == f"is a folder; expected a .safetensors or .pth file; did you mean {inside}?"


def test_empty(tmp_path):
    (tmp_path / "w.pth").touch()
    assert reason(tmp_path / "w.pth") == "is empty; download or copy it anew"


def test_not_permitted(tmp_path, monkeypatch):
    torch.save(TENSORS, tmp_path / "w.pth")

    def refuse(path, mode):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "open", refuse)  # who is root may open everything
    assert reason(tmp_path / "w.pth") == "cannot be read: Permission denied"


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95, 0.999])
def test_cut_short(tmp_path, share, zipped):
    torch.save(TENSORS, tmp_path / "whole.pth", _use_new_zipfile_serialization=zipped)
    content = (tmp_path / "whole.pth").read_bytes()
    (tmp_path / "w.pth").write_bytes(content[: int(share * len(content))])
    assert reason(tmp_path / "w.pth") == "is damaged, cut short or not written by torch.save; download or copy it anew"


@pytest.mark.parametrize("length", [1_000, 50_000, 300_000])
def test_a_larger_archive_cut_short(
    tmp_path, length
):  # torch looks for the archive's end in places before its beginning
    torch.save({"weight": torch.zeros(100_000)}, tmp_path / "whole.pth")
    (tmp_path / "w.pth").write_bytes((tmp_path / "whole.pth").read_bytes()[:length])
    assert reason(tmp_path / "w.pth") == "is damaged, cut short or not written by torch.save; download or copy it anew"


@pytest.mark.parametrize("length", [9, 40, -1])
def test_safetensors_cut_short(tmp_path, length):
    save_file(TENSORS, tmp_path / "whole.safetensors")
    content = (tmp_path / "whole.safetensors").read_bytes()
    (tmp_path / "w.safetensors").write_bytes(content[:length])
    assert reason(tmp_path / "w.safetensors").startswith(
        "is damaged or cut short; download or copy it anew (safetensors: "
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"some notes", f"is not a weights file; {EXPECTED}"),
        (b"\xff\xd8\xff\xe0 a photograph", f"is not a weights file; {EXPECTED}"),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "is a Git LFS pointer, not the weights; fetch them with `git lfs pull`",
        ),
        (b"<!DOCTYPE html><title>404</title>", "is a web page, not weights; download it anew"),
        (b"\x89HDF\r\n\x1a\n", "is a Keras HDF5 file, which Striate does not read; convert it to .safetensors"),
    ],
)
def test_something_else(tmp_path, content, said):
    (tmp_path / "w.pth").write_bytes(content)
    assert reason(tmp_path / "w.pth") == said


def test_another_zip_archive(tmp_path):
    with zipfile.ZipFile(tmp_path / "w.pth", "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert reason(tmp_path / "w.pth") == f"is a zip archive without weights; {EXPECTED}"


@pytest.mark.filterwarnings("ignore:.torch.jit:FutureWarning")
def test_torchscript(tmp_path):
    torch.jit.trace(torch.nn.Linear(3, 2), torch.zeros(1, 3)).save(tmp_path / "w.pt")
    assert reason(tmp_path / "w.pt") == (
        "is a TorchScript program, not weights; save the network's state_dict() instead"
    )


@pytest.mark.parametrize("form", ["zip", "legacy", "safetensors"])
def test_whatever_byte_is_wrong_it_is_read_or_refused(tmp_path, form):
    if form == "safetensors":
        save_file(TENSORS, tmp_path / "whole")
    else:
        torch.save(TENSORS, tmp_path / "whole", _use_new_zipfile_serialization=form == "zip")
    content = (tmp_path / "whole").read_bytes()
    for place in range(0, len(content), max(1, len(content) // 97)):
        damaged = bytearray(content)
        damaged[place] ^= 0xFF
        (tmp_path / "w.pth").write_bytes(damaged)
        try:
            read_weights(tmp_path / "w.pth")
        except WeightsError as error:
            assert str(error).startswith(f"weights file {tmp_path / 'w.pth'} ")


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_code_is_never_run(tmp_path, zipped):
    torch.save(
        {"state_dict": TENSORS, "trap": Trap(tmp_path / "sprung")},
        tmp_path / "w.pth",
        _use_new_zipfile_serialization=zipped,
    )
    assert reason(tmp_path / "w.pth").endswith(
        "and Striate never runs code from a weights file; where the network was made, save its tensors alone: "
        "torch.save(model.state_dict(), path)"
    )
    assert not (tmp_path / "sprung").exists()


def test_code_in_a_bare_pickle_is_never_run(tmp_path):
    (tmp_path / "w.pth").write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
    reason(tmp_path / "w.pth")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (torch.nn.Linear(3, 2), "torch.nn.modules.linear.Linear"),
        ({"state_dict": TENSORS, "when": datetime.timedelta(1)}, "datetime.timedelta"),
    ],
    ids=["whole network", "something beside the tensors"],
)
def test_what_code_it_wants_is_named(tmp_path, content, wanted):
    torch.save(content, tmp_path / "w.pth")
    assert reason(tmp_path / "w.pth").startswith(f"wants to run code ({wanted}), and Striate never runs code")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ({"epoch": 3}, f"it holds 'epoch', and tensors are looked for there and under {', '.join(WRAPPERS)}"),
        ({}, f"it holds nothing, and tensors are looked for there and under {', '.join(WRAPPERS)}"),
        ([torch.zeros(1)], "it holds a list, expected what state_dict() answers"),
        (torch.zeros(1), "it holds a Tensor, expected what state_dict() answers"),
    ],
)
def test_no_tensors_by_name(tmp_path, content, found):
    torch.save(content, tmp_path / "w.pth")
    assert reason(tmp_path / "w.pth") == f"holds no tensors by name; {found}"


def test_safetensors_without_tensors(tmp_path):
    save_file({}, tmp_path / "w.safetensors")
    assert reason(tmp_path / "w.safetensors") == "holds no tensors"


def test_a_legacy_file_from_a_gpu(real_data):
    weights = read_weights(real_data("weights/cifar_resnet20_akamaster.th"))
    assert known_file(weights.sha256).row == "resnet20"
    assert {tensor.device.type for tensor in weights.tensors.values()} == {"cpu"}
    assert "conv1.weight" in weights.tensors
