import json

import pytest

FROZEN = "b" * 64 + ".array.npy"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "striate" / "frozen").mkdir(parents=True)
    (tmp_path / "striate" / "frozen" / FROZEN).write_bytes(bytes(12))
    return tmp_path / "striate"


def test_the_cache_is_shown_and_cleared(striate_command, cache):
    shown = striate_command("cache")
    assert shown.code == 0 and f"12 bytes in {cache}" in shown.out and "frozen" in shown.out
    assert json.loads(striate_command("cache", "frozen", "--json").out)["bytes"] == 12
    cleared = striate_command("cache", "--clear", "frozen")
    assert (cleared.code, cleared.out) == (0, f"frozen  1 file, 12 bytes\n12 bytes freed in {cache}\n")
    assert json.loads(striate_command("cache", "--clear", "--json").out)["freed_bytes"] == 0


def test_an_unknown_kind_is_wrong_usage(striate_command, cache):
    refused = striate_command("cache", "--clear", "pixel")
    assert refused.code == 2 and "unknown kind of cache 'pixel'; did you mean 'pixels'" in refused.err
    assert (cache / "frozen" / FROZEN).exists()
