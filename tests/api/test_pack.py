"""`striate.pack`: shards of which every verb can read."""

import json

import pytest
from safetensors.numpy import load_file

import striate
from striate.errors import DataError, UsageError


def test_what_is_learnt_from_shards_is_what_is_learnt_from_the_folder(striped, tmp_path):
    packed = striate.pack(striped, tmp_path / "shards")
    assert packed.pictures == 60 and packed.splits == {"unassigned": 60} and packed.exit_code == 0
    options = {"model": "resnet20", "epochs": 1, "settings": ["batch_size=16"], "precision": "fp32"}
    weights = []
    for data, name in ((striped, "folder"), (tmp_path / "shards", "packed")):
        run = striate.train(data, output=tmp_path / name, **options)
        weights.append(load_file(run.folder / "bundle/model.safetensors"))
    assert weights[0].keys() == weights[1].keys()
    assert all((weights[0][key] == weights[1][key]).all() for key in weights[0])
    evaluation = striate.evaluate(tmp_path / "packed", tmp_path / "shards")
    assert evaluation.scores.count == striate.evaluate(tmp_path / "folder", striped).scores.count


def test_pictures_that_were_learnt_are_known_in_shards_too(tmp_path):
    """Also those that were rows of an array, which are PNG files there."""
    run = striate.train("digits", model="lenet5_relu", epochs=1, output=tmp_path / "run", precision="fp32")
    striate.pack("digits", tmp_path / "shards")
    assert striate.evaluate(run, tmp_path / "shards").scores.count == 179  # its own test pictures
    with pytest.raises(DataError, match="the classifier was trained on all 1439 pictures"):
        striate.evaluate(run, tmp_path / "shards", split="train")


def test_it_refuses_what_it_cannot_do(film_lines, striped, tmp_path):
    with pytest.raises(UsageError, match=r"shards are of pictures, and .* has sentences"):
        striate.pack(film_lines, tmp_path / "shards")
    with pytest.raises(UsageError, match="exists already; nothing was changed"):
        striate.pack(striped, tmp_path)
    with pytest.raises(UsageError, match="there is no folder"):
        striate.pack(striped, tmp_path / "none/shards")
    with pytest.raises(UsageError, match="more than 0 megabytes, got 0"):
        striate.pack(striped, tmp_path / "shards", shard_megabytes=0)
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_what_was_left_out(drawn, tmp_path, striate_command):
    drawn(tmp_path / "data", ("a", "b"), 3)
    next((tmp_path / "data/b").iterdir()).write_bytes(b"")
    code, out, _ = striate_command("pack", tmp_path / "data", "-o", tmp_path / "shards")
    assert code == 3
    assert "pictures  5: 5 unassigned" in out and "left out: b/" in out
    code, out, _ = striate_command("pack", tmp_path / "shards", "-o", tmp_path / "again", "--json", "--quiet")
    assert code == 0 and json.loads(out)["pictures"] == 5
