"""Models by name and version, and new bundles in the place of served ones."""

import shutil
import threading
import time

import pytest

from striate.errors import UsageError
from striate.folder_exchange import put_in_place
from striate.serving import named_bundles


def test_names_are_those_of_runs_unless_given(finished_run, tmp_path):
    run = tmp_path / "cats"
    shutil.copytree(finished_run.folder / "bundle", run / "bundle")
    alone = tmp_path / "sealed"
    shutil.copytree(run / "bundle", alone)
    named = named_bundles([run, f"고양이={run}", f"고양이={alone}", alone])
    assert [one.name for one in named] == ["cats", "고양이", "고양이", "sealed"]
    assert named_bundles([run / "bundle"])[0].name == "cats"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "there is nothing to serve: name a run or a bundle"),
        (["nowhere"], "there is no run or bundle at nowhere"),
        (["a/b={run}"], "'a/b' cannot be a model's name"),
        (["{run}", "{run}/bundle"], "two bundles would be called 'striped'; give them names"),
    ],
)
def test_what_cannot_be_served_is_refused_before_anything_is_opened(
    finished_run, tmp_path, monkeypatch, arguments, said
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=said.replace("?", r"\?")):
        named_bundles([text.format(run=finished_run.folder) for text in arguments])


def test_an_equals_sign_in_a_place_is_part_of_it(finished_run, tmp_path):
    place = tmp_path / "rate=0.1"
    shutil.copytree(finished_run.folder / "bundle", place)
    with pytest.raises(UsageError, match="cannot be a model's name"):
        named_bundles([place])
    assert named_bundles([f"quick={place}"])[0].path == place


@pytest.fixture
def two_bundles(finished_run, sigmoid_run, tmp_path):
    """A run in whose place another is put later, and the other's bundle."""
    run = tmp_path / "stripes"
    shutil.copytree(finished_run.folder / "bundle", run / "bundle")
    return run, sigmoid_run.folder / "bundle"


def wait_for(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def version_of(server):
    return server.get("/v2/models/stripes").json()["versions"][0]


def test_a_new_bundle_answers_without_a_lost_request(run_server, two_bundles, picture_files):
    run, other = two_bundles
    server = run_server([run])
    before = version_of(server)
    statuses, versions, ending = [], [], threading.Event()

    def ask():
        while not ending.is_set():
            reply = server.form("/predict", picture_files[:1])
            statuses.append(reply.status)
            versions.append(reply.json().get("version"))

    asking = [threading.Thread(target=ask) for _ in range(4)]
    for thread in asking:
        thread.start()
    wait_for(lambda: len(statuses) > 10)
    put_in_place(other, run / "bundle")
    wait_for(lambda: versions[-1] != before)
    wait_for(lambda: versions[-20:].count(versions[-1]) == 20)
    ending.set()
    for thread in asking:
        thread.join()
    assert set(statuses) == {200}
    assert versions[0] == before
    assert version_of(server) == versions[-1]
    taken = [event for event in server.events if event["event"] == "taken"]
    assert [(one["model"], one["before"], one["version"]) for one in taken] == [("stripes", before, versions[-1])]
    gone = server.get(f"/v2/models/stripes/versions/{before}")
    assert (gone.status, "has no version" in gone.json()["error"]) == (404, True)
    figures = server.get("/metrics").body.decode()
    assert f'striate_model_version{{model="stripes",version="{versions[-1]}"}} 1.0' in figures
    assert before not in figures
    assert 'striate_reloads_total{model="stripes",outcome="taken"} 1.0' in figures
    server.end()


def test_a_bundle_that_does_not_do_what_its_contract_says_is_refused_and_the_old_one_goes_on(
    run_server, two_bundles, picture_files, tmp_path
):
    run, other = two_bundles
    server = run_server([run])
    before = version_of(server)
    damaged = tmp_path / "damaged"
    shutil.copytree(other, damaged)
    (damaged / "engine.bin").write_bytes(b"not what was sealed")
    put_in_place(damaged, run / "bundle")
    wait_for(lambda: any(event["event"] == "refused" for event in server.events))
    assert server.form("/predict", picture_files[:1]).json()["version"] == before
    properties = server.get("/v2/models/stripes").json()["properties"]
    assert "engine.bin" in properties["refused"]
    assert 'striate_reloads_total{model="stripes",outcome="refused"} 1.0' in server.get("/metrics").body.decode()
    put_in_place(other, run / "bundle")
    wait_for(lambda: version_of(server) != before)
    assert "refused" not in server.get("/v2/models/stripes").json()["properties"]
    shutil.rmtree(run)  # what is loaded already goes on
    time.sleep(0.2)
    assert server.form("/predict", picture_files[:1]).status == 200
    server.end()


def test_versions_of_one_model_are_asked_for_by_their_digests(run_server, finished_run, sigmoid_run, picture_files):
    server = run_server([f"stripes={finished_run.folder}", f"stripes={sigmoid_run.folder}"])
    newest, oldest = server.get("/v2/models/stripes").json()["versions"]
    assert newest == sigmoid_run.classifier().bundle.digest[:12]
    assert oldest == finished_run.classifier().bundle.digest[:12]
    assert server.form("/predict", picture_files[:1]).json()["version"] == newest
    assert server.form(f"/predict?version={oldest}", picture_files[:1]).json()["version"] == oldest
    assert server.get(f"/v2/models/stripes/versions/{oldest}/ready").json() == {"name": "stripes", "ready": True}
    server.end()
