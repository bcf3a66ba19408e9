"""What a weights file declares is looked at before it is unpacked; the memory that refusing takes is measured."""

import struct
import subprocess
import sys
import zipfile

import pytest
import torch
from safetensors.torch import save_file

from striate.errors import WeightsError
from striate.weights import read_weights
from striate.weights.archives import LARGEST_HEADER, LARGEST_PICKLE, MOST_ENTRIES

TENSORS = {"fc.bias": torch.tensor([1.0, -1.0])}

MEASURED = """
import resource, sys
from striate.errors import WeightsError
from striate.weights import read_weights
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    read_weights(sys.argv[1])
except WeightsError as error:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, error)
"""


def archive(path, entries, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as written:
        for name, content in entries.items():
            written.writestr(f"weights/{name}", content)
    return path


def refusal(path):
    with pytest.raises(WeightsError) as error:
        read_weights(path)
    return str(error.value).removeprefix(f"weights file {path} ")


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = archive(tmp_path / "bomb.pth", {"data.pkl": b"\0" * (100 << 20), "version": b"3"}, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 1 << 20
    done = subprocess.run([sys.executable, "-c", MEASURED, path], capture_output=True, text=True, check=True)
    kilobytes, said = done.stdout.split(" ", 1)
    assert int(kilobytes) < 20 << 10, f"refusing 100 MiB took {kilobytes} KiB"
    assert said.startswith(
        f"weights file {path} is a compressed archive, which torch.save never writes: weights/data.pkl claims "
        "104,857,600 bytes in "
    )


def test_names_and_settings_larger_than_any_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("striate.weights.archives.LARGEST_PICKLE", 1000)
    path = archive(tmp_path / "w.pth", {"data.pkl": b"\0" * 1001, "version": b"3"})
    assert refusal(path) == (
        "holds 1,001 bytes that are no tensors, at most 1,000 are read; where it was made, save the tensors alone: "
        "torch.save(model.state_dict(), path)"
    )
    assert LARGEST_PICKLE == 64 << 20


def test_entries_that_lie_upon_each_other_are_refused(tmp_path):
    path = archive(tmp_path / "w.pth", {"data.pkl": b"\0" * 1000, "data/0": b"\1" * 1000})
    content = bytearray(path.read_bytes())
    second = content.rindex(b"PK\x01\x02")  # the directory's entry of data/0: its sizes are those of the whole file
    content[second + 20 : second + 28] = struct.pack("<II", 5000, 5000)
    path.write_bytes(content)
    assert refusal(path) == f"declares 6,000 bytes and has {len(content):,}; it is damaged: download or copy it anew"


@pytest.mark.parametrize("large", [False, True], ids=["zip", "zip64"])
def test_more_entries_than_weights_have_are_refused_unlisted(tmp_path, large):
    path = tmp_path / "w.pth"
    torch.save(TENSORS, path)
    content = bytearray(path.read_bytes())
    if large:
        content[content.rindex(b"PK\x06\x06") + 32 : content.rindex(b"PK\x06\x06") + 40] = struct.pack("<Q", 1 << 40)
    else:
        path = archive(path, {"data.pkl": b""} | {f"data/{number}": b"" for number in range(20)})
        content = bytearray(path.read_bytes())
        content[-10:-6] = struct.pack("<I", 1 << 30)  # bytes of the directory
    path.write_bytes(content)
    assert "; weights have 100,000 at most: it is another kind of archive" in refusal(path)
    assert MOST_ENTRIES == 100_000


@pytest.mark.parametrize("length", [1 << 62, LARGEST_HEADER + 1])
def test_a_safetensors_header_longer_than_its_file_is_refused(tmp_path, length):
    path = tmp_path / "w.safetensors"
    save_file(TENSORS, path)
    content = path.read_bytes()
    path.write_bytes(struct.pack("<Q", length) + content[8:])
    assert refusal(path) == (
        "is damaged or cut short; download or copy it anew (safetensors: it declares a header of "
        f"{length:,} bytes, and {len(content) - 8:,} can be)"
    )


def test_what_torch_writes_is_within_all_bounds(tmp_path):
    torch.save({f"layer{number}.weight": torch.zeros(3) for number in range(3000)}, tmp_path / "w.pth")
    assert len(read_weights(tmp_path / "w.pth").tensors) == 3000


def test_an_archive_that_says_it_is_one_of_several_parts(tmp_path):
    path = tmp_path / "w.pth"
    torch.save(TENSORS, path)
    content = path.read_bytes()
    end = content.rindex(b"PK\x05\x06")
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, 0, 2)  # two parts
    path.write_bytes(content[:end] + locator + content[end:])
    with pytest.raises(
        WeightsError, match=r"is damaged, cut short or not written by torch\.save; download or copy it anew$"
    ):
        read_weights(path)
