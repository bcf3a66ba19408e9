"""What the studio's arguments mean."""

import pytest

from striate.errors import UnknownNameError, UsageError
from striate.serving import NamedBundle
from striate.studio import Named, StudioSettings, named


def test_runs_bundles_and_networks(finished_run, tmp_path, monkeypatch):
    unfinished = tmp_path / "learns"
    unfinished.mkdir()
    (unfinished / "recipe.toml").write_text("")
    found = named([finished_run.folder, f"cats={finished_run.folder}", "lenet5", unfinished])
    assert found.bundles == (
        NamedBundle(finished_run.folder.name, finished_run.folder),
        NamedBundle("cats", finished_run.folder),
    )
    assert found.networks == ("lenet5",)
    assert found.runs == (unfinished,)
    assert named([]) == Named()


def test_a_folder_that_is_called_as_a_network_is_the_folder(finished_run, tmp_path, monkeypatch):
    (tmp_path / "lenet5").symlink_to(finished_run.folder)
    monkeypatch.chdir(tmp_path)
    found = named(["lenet5"])
    assert not found.networks and found.bundles[0].path.name == "lenet5"


def test_what_is_neither_offers_the_closest():
    with pytest.raises(UnknownNameError, match=r"unknown model 'lenet_5'; did you mean 'lenet5'"):
        named(["lenet_5"])
    with pytest.raises(UnknownNameError, match="and no run or bundle is there"):
        named(["runs/none"])


def test_networks_that_take_no_single_pictures_are_refused():
    with pytest.raises(UsageError, match="textcnn_rand takes no single pictures, which the studio shows"):
        named(["textcnn"])


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(UsageError, match="is neither a run nor a bundle"):
        named([tmp_path])


def test_what_is_set_is_refused_before_anything_is_opened(tmp_path):
    with pytest.raises(UnknownNameError, match="unknown precision 'fp99'"):
        StudioSettings(precision="fp99")
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="file is no folder; name the one that holds the runs"):
        StudioSettings(runs=tmp_path / "file")
    assert StudioSettings(runs=tmp_path / "none").runs == tmp_path / "none"  # a first run makes it


def test_ports_have_a_range():
    with pytest.raises(UsageError, match="port must be from 0 to 65,535, got 65536"):
        StudioSettings(port=65536)
