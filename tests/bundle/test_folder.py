"""A bundle that was changed in any way is refused, with the reason."""

import json
import shutil

import pytest

from striate.bundle import folder as room
from striate.bundle import open_bundle
from striate.bundle.contract import digest_of
from striate.bundle.folder import file_digest
from striate.errors import BundleError, StriateWarning, UsageError

FILES = ["contract.json", "model.safetensors", "engine.xml", "engine.bin", "seen.bin", "canaries/canaries.json"]


@pytest.fixture
def folder(finished_run, tmp_path):
    return shutil.copytree(finished_run.folder / "bundle", tmp_path / "bundle")


def refusal(folder):
    with pytest.raises(BundleError) as caught:
        open_bundle(folder)
    return str(caught.value)


def reseal_files(folder, *, change=None):
    """Computes the contract's digests anew, but not what the canaries are bound to."""
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


def test_what_was_written_is_opened_once_before_it_is_in_its_place(folder, tmp_path, monkeypatch):
    bundle, opened = open_bundle(folder), []
    monkeypatch.setattr(room, "open_bundle", lambda path: opened.append(path) or open_bundle(path))
    files = {name: folder / name for name in bundle.contract.files if name != room.CANARY_SHEET}
    written = room.write_bundle(tmp_path / "copy", room.BundleContent(files), bundle.contract, bundle.canaries)
    assert len(opened) == 1 and opened[0] != tmp_path / "copy"
    assert written == open_bundle(tmp_path / "copy")
    assert written.digest == bundle.digest


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
        reseal_files(copy)
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
        ("precisions", lambda table: table["precisions"]["fp32"].update(tolerance=4e-4)),
        ("precisions", lambda table: table["precisions"]["bf16"].update(agreement=1.0, pictures=6, speed=9.0)),
    ],
)
def test_the_contract_with_digests_computed_anew(folder, field, change):
    reseal_files(folder, change=change)
    assert refusal(folder) == (
        f"{folder}: the canaries' logits were computed with another {field} than the bundle now holds"
    )


def test_terms_beyond_their_range_with_every_digest_computed_anew(folder, reseal):
    table = json.loads((folder / "contract.json").read_text())
    table["precisions"]["fp32"]["tolerance"] = 1e308
    reseal(folder, table)
    assert refusal(folder) == (
        f"{folder}: the contract's tolerance for fp32 is 1e+308; expected above 0 and at most 0.0005"
    )
    for temperature in (0, -1):
        table["precisions"]["fp32"]["tolerance"] = 5e-4
        table["calibration"]["temperature"] = temperature
        reseal(folder, table)
        assert refusal(folder) == f"{folder}: the contract's temperature is {temperature}; expected 0.01 to 10,000"


def test_a_canary_sheet_that_lost_canaries_with_every_digest_computed_anew(folder, reseal):
    sheet = json.loads((folder / "canaries/canaries.json").read_text())
    for kept in (5, 1):
        reseal(folder, sheet=sheet | {"canaries": sheet["canaries"][:kept]})
        assert refusal(folder).startswith(f"{folder}: the canaries are not whole: expected 0.png, 1.png, 2.jpg, 3.png")


def test_an_exchanged_canary_picture_with_the_files_digests_computed_anew(folder):
    shutil.copyfile(folder / "canaries/0.png", folder / "canaries/5.png")
    reseal_files(folder)
    assert refusal(folder) == (
        f"{folder}: the canaries' logits were computed with another set of canary pictures than the bundle now holds"
    )


def test_a_canary_without_a_digest(folder, reseal):
    table = json.loads((folder / "contract.json").read_text())
    del table["files"]["canaries/3.png"]
    reseal(folder, table)
    assert refusal(folder) == f"{folder}: contract.json has no digest for canaries/3.png"


def test_a_canary_without_pixels(folder, reseal):
    sheet = json.loads((folder / "canaries/canaries.json").read_text())
    del sheet["canaries"][2]["pixels"]
    reseal(folder, sheet=sheet)
    assert refusal(folder) == f"{folder}: the canary 2.jpg has no sealed pixels"


@pytest.mark.parametrize(
    "name", ["nul\0byte", "n" * 101, "a/" * 3000 + "b", "line\nbreak"], ids=["nul", "long", "deep", "line break"]
)
def test_names_that_no_file_has(folder, name):
    table = json.loads((folder / "contract.json").read_text())
    del table["digest"]
    table["files"][name] = "00"
    (folder / "contract.json").write_text(json.dumps(table | {"digest": digest_of(table)}))
    assert refusal(folder).endswith(", which is not the name of a bundle's file")


def test_an_older_bundle_opens_with_a_notice(older_bundle):
    with pytest.warns(
        StriateWarning, match=r"was sealed by an earlier version: .*; train or import it anew to have both$"
    ):
        bundle = open_bundle(older_bundle)
    assert bundle.contract.schema == 1
    assert bundle.contract.temperature == 1.0
    assert len(bundle.canaries.canaries) == 4


@pytest.mark.parametrize("kept", [3, 1])
def test_an_older_canary_sheet_must_be_whole_too(older_bundle, tmp_path, reseal, kept):
    folder = shutil.copytree(older_bundle, tmp_path / "bundle")
    sheet = json.loads((folder / "canaries/canaries.json").read_text())
    reseal(folder, sheet=sheet | {"canaries": sheet["canaries"][:kept]})
    assert refusal(folder).startswith(
        f"{folder}: the canaries are not whole: expected 0.png, 1.png, 2.jpg, 3.png; it lacks"
    )


def test_an_older_bundle_has_ranges_too(older_bundle, tmp_path, reseal):
    folder = shutil.copytree(older_bundle, tmp_path / "bundle")
    table = json.loads((folder / "contract.json").read_text())
    table["precisions"]["fp32"]["tolerance"] = 0.1
    reseal(folder, table)
    assert "the contract's tolerance for fp32 is 0.1; expected above 0 and at most 0.0005" in refusal(folder)


def test_files_outside_the_bundle(folder):
    reseal_files(folder)
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
