"""Shards: what was packed is read back to the last byte, from any place; what others packed too; nothing of an index is believed."""

import gc
import io
import json
import tarfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from striate.data import check_pictures, load_data
from striate.data.packing import pack_shards
from striate.data.shard_index import INDEX, index_bytes, read_index
from striate.data.shards import ShardPictures, load_shards
from striate.errors import DataError, UsageError
from striate.watching import Watcher


def pack(dataset, folder, *, shard_bytes=1 << 20, seed=0):
    folder.mkdir(parents=True)
    return pack_shards(dataset, folder, shard_bytes=shard_bytes, seed=seed, watcher=Watcher())


def assert_same(packed, original):
    assert packed.classes == original.classes
    assert packed.task.name == original.task.name
    assert len(packed) == len(original)
    keys = {original.pictures.key(row): row for row in range(len(original))}
    for row in range(len(packed)):
        old = keys[packed.pictures.key(row)]
        assert packed.splits[row] == original.splits[old]
        assert np.array_equal(packed.labels[row], original.labels[old])
        assert packed.pictures.read(row) == original.pictures.read(old)


def png(colour=(200, 10, 10)):
    stored = io.BytesIO()
    Image.new("RGB", (12, 9), colour).save(stored, "PNG")
    return stored.getvalue()


def write_tar(path, members, mode="w"):
    with tarfile.open(path, mode) as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def test_what_was_packed_is_read_back(striped, tmp_path):
    original = load_data(striped)
    packed = pack(original, tmp_path / "shards", shard_bytes=30_000)
    assert len(packed.shards) > 3 and not packed.problems
    assert max(packed.sizes) <= 30_000
    found = load_data(tmp_path / "shards")
    assert_same(found, original)
    assert found.name == original.name and not found.notes


def test_splits_and_groups_are_kept(tmp_path):
    lines = ["path,label,split,group"]
    (tmp_path / "pictures").mkdir()
    for number in range(12):
        Image.new("L", (8, 8), 20 * number).save(tmp_path / f"pictures/사진 {number}.png")
        split = ("train", "val", "test")[number % 3]
        lines.append(f"pictures/사진 {number}.png,{'고양이' if number % 2 else 'dog'},{split},person {number // 3}")
    (tmp_path / "table.csv").write_text("\n".join(lines), encoding="utf-8")
    original = load_data(tmp_path / "table.csv")
    pack(original, tmp_path / "shards")
    assert sorted(path.name for path in (tmp_path / "shards").iterdir()) == [
        INDEX,
        "test-000000.tar",
        "train-000000.tar",
        "val-000000.tar",
    ]
    found = load_data(tmp_path / "shards")
    assert_same(found, original)
    groups = {found.pictures.key(row): found.group_names[found.groups[row]] for row in range(12)}
    assert groups["pictures/사진 4.png"] == "person 1"
    without = tmp_path / "shards" / INDEX
    without.rename(tmp_path / "kept.npz")
    scanned = load_data(tmp_path / "shards")
    assert scanned.counts() == original.counts()
    assert "the shards have no index" in scanned.notes[-1]


def test_several_labels_and_strings_are_kept(labelled, tmp_path):
    original = load_data(labelled)
    pack(original, tmp_path / "shards")
    assert_same(load_data(tmp_path / "shards"), original)
    (tmp_path / "shards" / INDEX).unlink()
    scanned = load_data(tmp_path / "shards", task="multi_label")
    assert scanned.counts() == original.counts()

    folder = tmp_path / "strings"
    folder.mkdir()
    rows = ["path,text,split"]
    for number, text in enumerate(["12", "", " 3", "21", "1", "2"]):
        Image.new("L", (32, 16), number).save(folder / f"{number}.png")
        rows.append(f'{number}.png,"{text}",{("train", "val", "test")[number % 3]}')
    (folder / "lines.csv").write_text("\n".join(rows))
    strings = load_data(folder)
    pack(strings, tmp_path / "string-shards")
    assert_same(load_data(tmp_path / "string-shards"), strings)


def test_the_same_seed_gives_the_same_bytes_and_another_another_order(striped, tmp_path):
    dataset = load_data(striped)
    for name, seed in (("one", 0), ("two", 0), ("three", 1)):
        pack(dataset, tmp_path / name, seed=seed)
    contents = {
        name: [path.read_bytes() for path in sorted((tmp_path / name).glob("*.tar"))]
        for name in ("one", "two", "three")
    }
    assert contents["one"] == contents["two"] != contents["three"]


def test_neighbours_in_a_shard_are_no_neighbours_in_the_data(striped, tmp_path):
    pack(load_data(striped), tmp_path / "shards")
    index = read_index((tmp_path / "shards" / INDEX).read_bytes(), "it")
    order = np.argsort([index.keys[row] for row in range(len(index))])
    ranks = np.empty(len(order))
    ranks[order] = np.arange(len(order))
    assert abs(np.corrcoef(ranks, np.arange(len(ranks)))[0, 1]) < 0.3  # 60 pictures: chance is within 0.26 in 95 of 100


def test_arrays_become_pictures_and_arrays_again(tmp_path):
    original = load_data("digits")
    pack(original, tmp_path / "shards")
    found = load_data(tmp_path / "shards")
    assert found.counts() == original.counts()
    both = [check_pictures(one, cache_folder=tmp_path / "cache") for one in (original, found)]
    assert both[0].fingerprint == both[1].fingerprint  # who learnt from the one has seen the other
    pack(found, tmp_path / "again")
    assert (tmp_path / "again/data-000000.tar").stat().st_size == (tmp_path / "shards/data-000000.tar").stat().st_size
    places = {original.pictures.key(row): row for row in range(len(original))}
    for row in (0, 500, 1700):
        assert np.array_equal(found.pictures.read(row), original.pictures.read(places[found.pictures.key(row)]))


def test_pictures_that_cannot_be_read_are_left_out_and_named(drawn, tmp_path):
    drawn(tmp_path / "data", ("a", "b"), 4)
    broken = next((tmp_path / "data/a").iterdir())
    broken.write_bytes(b"no picture")
    packed = pack(load_data(tmp_path / "data"), tmp_path / "shards")
    assert [problem.key for problem in packed.problems] == [f"a/{broken.name}"]
    assert len(load_data(tmp_path / "shards")) == 7


def test_an_address_that_fsspec_knows(striped, tmp_path):
    fsspec = pytest.importorskip("fsspec")
    original = load_data(striped)
    pack(original, tmp_path / "shards")
    memory = fsspec.filesystem("memory")
    for path in (tmp_path / "shards").iterdir():
        memory.pipe_file(f"/striate-test/{path.name}", path.read_bytes())
    try:
        found = load_data("memory://striate-test")
        assert_same(found, original)
        assert found.location == "memory://striate-test"
        assert_same(load_data(f"file://{tmp_path / 'shards'}"), original)
        memory.rm_file(f"/striate-test/{INDEX}")
        assert load_data("memory://striate-test").counts() == original.counts()
        with pytest.raises(DataError, match=r"there is no \.tar shard in memory://striate-none|cannot read the shards"):
            load_data("memory://striate-none")
    finally:
        memory.rm("/striate-test", recursive=True)


def test_an_address_whose_package_is_missing():
    pytest.importorskip("fsspec")
    try:
        import s3fs  # noqa: F401
    except ImportError:
        with pytest.raises(UsageError, match=r"s3://bucket/shards cannot be read: .*s3fs"):
            load_data("s3://bucket/shards")


def test_other_peoples_shards(tmp_path):
    folder = tmp_path / "shards"
    folder.mkdir()
    members = []
    for number in range(6):
        picture = ("jpg" if number % 2 else "PNG", png((number, 0, 0)))
        teller = ("cls", b"1\n") if number % 2 else ("json", b'{"label": "cat", "width": 3}')
        members += [(f"./deep/{number:03}.{picture[0]}", picture[1]), (f"./deep/{number:03}.{teller[0]}", teller[1])]
    write_tar(folder / "train-0000.tar", [*members, ("README", b"words"), ("deep/none.txt", b"no picture")])
    write_tar(folder / "val-0000.tar", [(f"v{name}", content) for name, content in members[:4]])
    found = load_data(folder)
    assert found.counts() == {"1": {"train": 3, "val": 1}, "cat": {"train": 3, "val": 1}}
    checked = check_pictures(found, cache_folder=tmp_path / "cache")
    assert not checked.problems and len(checked) == 8


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ([("1.png", png())], "1 of 1 pictures in .* have no label, such as 1.png; expected a member KEY.cls"),
        ([("1.png", png()), ("1.jpg", png()), ("1.cls", b"0")], "has two pictures of the key '1'"),
        ([("1.png", png()), ("1.cls", b"0"), ("2.png", png()), ("2.txt", b"x")], "told of in several ways"),
        ([("1.cls", b"0")], "no picture in"),
    ],
)
def test_shards_that_make_no_sense(members, said, tmp_path):
    write_tar(tmp_path / "a.tar", members)
    with pytest.raises(DataError, match=said):
        load_shards(tmp_path)


def test_a_compressed_shard_and_none_at_all(tmp_path):
    write_tar(tmp_path / "a.tar", [("1.png", png())], "w:gz")
    with pytest.raises(DataError, match=r"a\.tar cannot be read as a tar file: .*; a compressed one must be unpacked"):
        load_shards(tmp_path)
    (tmp_path / "a.tar").write_bytes(b"x" * 3000)
    with pytest.raises(DataError, match=r"a\.tar cannot be read as a tar file"):
        load_shards(tmp_path)


def test_a_shard_that_was_changed_is_refused(striped, tmp_path):
    pack(load_data(striped), tmp_path / "shards")
    shard = next((tmp_path / "shards").glob("*.tar"))
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-512])
    with pytest.raises(
        DataError, match=rf"{shard.name} in .* has {len(whole) - 512:,} bytes, and its index says {len(whole):,}"
    ):
        load_data(tmp_path / "shards")
    shard.unlink()
    with pytest.raises(DataError, match=f"has no {shard.name}, which its index names"):
        load_data(tmp_path / "shards")


def test_nothing_of_an_index_is_believed(striped, tmp_path):
    pack(load_data(striped), tmp_path / "shards")
    good = read_index((tmp_path / "shards" / INDEX).read_bytes(), "it")
    bad = {
        "a shard lies outside the folder": replace(good, shards=("../other.tar",)),
        "a row names what is not there": replace(good, shard=good.shard + 1),
        "a picture lies behind the end of its shard": replace(good, offset=good.offset + (1 << 40)),
        "offset has not one value a picture": replace(good, offset=good.offset[1:]),
        "keys has not one name a picture": replace(good, keys=good.keys.select(np.array([0]))),
        "a row names a group that is not there": replace(good, group=good.group + 5),
        "digests has not 32 bytes a picture": replace(good, digests=good.digests[:5]),
        "arrays has not one value a picture": replace(good, arrays=good.arrays[:5]),
    }
    for said, index in bad.items():
        with pytest.raises(DataError, match=f"it is no index of shards, or damaged: {said}; pack the data anew"):
            read_index(index_bytes(index), "it")
    for content in (b"", b"PK\x03\x04", (tmp_path / "shards" / INDEX).read_bytes()[:200]):
        with pytest.raises(DataError, match="is no index of shards, or damaged"):
            read_index(content, "it")


def test_a_shard_that_ends_while_it_is_read_is_a_problem_of_its_pictures(striped, tmp_path):
    pack(load_data(striped), tmp_path / "shards")
    found = load_data(tmp_path / "shards")
    assert isinstance(found.pictures, ShardPictures)
    shard = next((tmp_path / "shards").glob("*.tar"))
    whole = shard.read_bytes()
    shard.write_bytes(whole[: len(whole) * 2 // 3])
    checked = check_pictures(found, cache_folder=tmp_path / "cache")
    assert 0 < len(checked) < len(found)
    assert {problem.reason for problem in checked.problems} == {
        f"the file cannot be read ({shard.name} ends within it)"
    }


def test_what_was_found_of_pictures_is_remembered_until_their_shard_changes(striped, tmp_path):
    pack(load_data(striped), tmp_path / "shards")
    first = load_data(tmp_path / "shards").pictures.stamps()
    assert len(set(first.tolist())) == len(first) and first.all()
    again = load_data(tmp_path / "shards").pictures.stamps()
    assert np.array_equal(first, again)
    shard = next((tmp_path / "shards").glob("*.tar"))
    shard.write_bytes(shard.read_bytes())
    assert not np.array_equal(first, load_data(tmp_path / "shards").pictures.stamps())


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it leaves its file to the collector
def test_webdataset_reads_them_and_is_read(striped, tmp_path):
    webdataset = pytest.importorskip("webdataset")
    original = load_data(striped)
    pack(original, tmp_path / "shards")
    rows = list(webdataset.WebDataset(str(tmp_path / "shards/data-000000.tar"), shardshuffle=False))
    gc.collect()
    assert len(rows) == len(original)
    told = json.loads(rows[0]["json"])
    assert original.classes[int(rows[0]["cls"])] == told["label"]
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    with webdataset.TarWriter(str(theirs / "train-000000.tar")) as writer:
        for row in rows:
            writer.write({"__key__": row["__key__"], "png": row["png"], "cls": int(row["cls"])})
    assert load_data(theirs).counts() == {"0": {"train": 30}, "1": {"train": 30}}
