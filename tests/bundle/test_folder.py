"""A bundle that was changed in any way is refused, with the reason."""

import json
import shutil

import pytest

from striate.bundle import open_bundle
from striate.bundle.contract import digest_of
from striate.bundle.folder import file_digest
from striate.errors import BundleError, UsageError

FILES = ["contract.json", "model.safetensors", "engine.xml", "engine.bin", "seen.bin", "canaries/canaries.json"]


@pytest.fixture
def folder(finished_run, tmp_path):
    return shutil.copytree(finished_run.folder / "bundle", tmp_path / "bundle")


def refusal(folder):
    with pytest.raises(BundleError) as caught:
        open_bundle(folder)
    return str(caught.value)


def reseal(folder, *, change=None):
    """Computes every digest anew, as someone would who wants a change to go unnoticed."""
    path = folder / "contract.json"
    table = json.loads(path.read_text())
    if change:
        change(table)
    del table["digest"]
    table["files"] = {name: file_digest(folder / name) for name in table["files"]}
    path.write_text(json.dumps(table | {"digest": digest_of(table)}))


def test_a_whole_bundle_opens_wherever_it_is(folder):
    bundle = open_bundle(folder)
    assert bundle.contract.classes == ("across", "bands")
    assert sorted(bundle.contract.files) == sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.name != "contract.json"
    )


def test_a_run_stands_for_its_bundle(finished_run):
    assert open_bundle(finished_run.folder).folder == finished_run.folder / "bundle"


@pytest.mark.parametrize("name", FILES[1:])
def test_one_changed_byte(folder, name):
    path = folder / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert refusal(folder) == f"{folder}: {name} was changed after it was sealed: its SHA-256 is not the contract's"


@pytest.mark.parametrize("name", FILES[1:])
def test_a_missing_file(folder, name):
    (folder / name).unlink()
    assert refusal(folder) == f"{folder}: {name} is missing"


def test_one_changed_number_in_the_contract(folder):
    path = folder / "contract.json"
    path.write_text(path.read_text().replace('"temperature": 1.0', '"temperature": 2.0'))
    assert "contract.json was changed after it was sealed" in refusal(folder)


@pytest.mark.parametrize("content", ["", "{", "[]", "\x00"])
def test_a_contract_that_is_none(folder, content):
    (folder / "contract.json").write_text(content)
    assert refusal(folder).startswith(f"{folder}: contract.json ")


def test_one_byte_of_the_weights_with_digests_computed_anew(folder):
    for name in ("model.safetensors", "engine.bin"):
        copy = shutil.copytree(folder, folder.with_name(f"copy-{name}"))
        content = bytearray((copy / name).read_bytes())
        content[len(content) // 2] ^= 1
        (copy / name).write_bytes(content)
        reseal(copy)
        assert refusal(copy) == (
            f"{copy}: the canaries' logits were computed with another {name} than the bundle now holds"
        )


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("classes", lambda table: table["classes"].reverse()),
        ("preprocessing", lambda table: table["preprocessing"]["mean"].__setitem__(0, 0.001)),
        ("preprocessing", lambda table: table["preprocessing"].update(filter="bicubic")),
        ("calibration", lambda table: table["calibration"].update(temperature=1.1)),
        ("architecture", lambda table: table["architecture"].update(model="lenet5_dense")),
    ],
)
def test_the_contract_with_digests_computed_anew(folder, field, change):
    reseal(folder, change=change)
    assert refusal(folder) == (
        f"{folder}: the canaries' logits were computed with another {field} than the bundle now holds"
    )


def test_files_outside_the_bundle(folder):
    reseal(folder)
    path = folder / "contract.json"
    table = json.loads(path.read_text())
    del table["digest"]
    table["files"]["../secret"] = "00"
    path.write_text(json.dumps(table | {"digest": digest_of(table)}))
    assert refusal(folder) == f"{folder}: contract.json names '../secret', which lies outside the bundle"


def test_a_file_without_a_digest(folder):
    path = folder / "contract.json"
    table = json.loads(path.read_text())
    del table["digest"], table["files"]["engine.bin"]
    path.write_text(json.dumps(table | {"digest": digest_of(table)}))
    assert refusal(folder) == f"{folder}: contract.json has no digest for engine.bin"


def test_places_without_a_bundle(tmp_path):
    for path, message in [
        (tmp_path / "no", f"there is no run or bundle at {tmp_path / 'no'}"),
        (tmp_path, f"{tmp_path} is neither a run nor a bundle: it has no contract.json"),
    ]:
        with pytest.raises(UsageError) as caught:
            open_bundle(path)
        assert str(caught.value) == message
    (tmp_path / "recipe.toml").touch()
    with pytest.raises(UsageError) as caught:
        open_bundle(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path} is a run that has not ended; finish it with: striate train --resume {tmp_path}"
    )
