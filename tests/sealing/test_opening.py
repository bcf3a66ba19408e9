"""What a user names is opened once, and a name that fits nothing is answered by the closest."""

import pytest
import torch
from torch import nn

import striate
from striate.bundle import Bundle, folder
from striate.errors import UnknownNameError, UsageError
from striate.models import Row
from striate.sealing.opening import draft_network, find_model, weighted_network


def test_a_name_is_a_row_and_a_folder_a_bundle(finished_run, tmp_path, monkeypatch):
    assert isinstance(find_model("lenet5"), Row)
    for place in (finished_run, finished_run.folder, str(finished_run.folder), finished_run.folder / "bundle"):
        found = find_model(place)
        assert isinstance(found, Bundle) and found.folder == finished_run.folder / "bundle"
    (tmp_path / "lenet5").symlink_to(finished_run.folder)
    monkeypatch.chdir(tmp_path)
    assert isinstance(find_model("lenet5"), Row)
    assert isinstance(find_model("./lenet5"), Bundle)


def test_what_is_neither_is_answered_by_the_closest_of_both(finished_run, tmp_path, monkeypatch):
    run = tmp_path / "striped"  # beside no other run that would be close, too
    run.symlink_to(finished_run.folder)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnknownNameError, match=r"^unknown model 'lenet6'; did you mean 'lenet5'"):
        find_model("lenet6")
    with pytest.raises(
        UnknownNameError, match=r"^unknown model 'stripes'; did you mean 'striped'\? \(run `striate models`"
    ):
        find_model("stripes")
    there, asked = str(run), str(run)[:-1]
    with pytest.raises(UnknownNameError) as error:
        find_model(asked)
    assert str(error.value) == (
        f"unknown model {asked!r}; did you mean {there!r}? "
        "(and no run or bundle is there; run `striate models` to see the names)"
    )
    with pytest.raises(UsageError) as error:
        striate.load(asked)
    assert str(error.value) == f"there is no run or bundle at {asked}; did you mean {there}?"


def test_drafts_have_no_values_and_weighted_networks_have_them(finished_run):
    sealed = finished_run.classifier(engine="torch").network().state_dict()
    draft, weighted = draft_network(finished_run), weighted_network(finished_run)
    assert draft.name == weighted.name == "striped (resnet20)"
    assert draft.size == weighted.size == finished_run.contract.preprocessing.size
    assert not (draft.of_catalogue or weighted.of_catalogue)
    assert all(parameter.device.type == "meta" for parameter in draft.network.parameters())
    assert {name: tuple(value.shape) for name, value in draft.network.state_dict().items()} == {
        name: tuple(value.shape) for name, value in sealed.items()
    }
    assert all(torch.equal(value, sealed[name]) for name, value in weighted.network.state_dict().items())


def test_networks_of_the_catalogue_and_modules():
    drawn = weighted_network("lenet5_relu", num_classes=3, seed=5)
    assert drawn.of_catalogue and drawn.name == "lenet5_relu" and drawn.paper
    again = striate.create_model("lenet5_relu", num_classes=3, seed=5).state_dict()
    assert all(torch.equal(value, again[name]) for name, value in drawn.network.state_dict().items())
    module = nn.Linear(2, 2)
    for opened in (draft_network(module), weighted_network(module)):
        assert (opened.network, opened.name, opened.paper, opened.size) == (module, "", "", None)


@pytest.fixture
def hashed(monkeypatch):
    """The files whose digests are computed, in order."""
    names = []
    compute = folder.file_digest
    monkeypatch.setattr(folder, "file_digest", lambda path: (names.append(path), compute(path))[1])
    return names


def verbs(run, data):
    from striate.api.bench_predicting import bench_predicting
    from striate.api.inspect import measure_effective_field

    picture = sorted(data.rglob("*.png"))[0]
    return {
        "inspect": lambda: striate.inspect(run),
        "effective field": lambda: measure_effective_field(run, pictures=1),
        "signal": lambda: striate.measure_signal(run, pictures=2),
        "visualize": lambda: striate.visualize(run, picture, method="feature-maps"),
        "load": lambda: striate.load(run),
        "evaluate": lambda: striate.evaluate(run, data, include_seen=True),
        "export": lambda: striate.export(run, data.parent / "one.xml"),
        "bench": lambda: bench_predicting(run, [picture], rounds=1),
    }


@pytest.mark.parametrize(
    "verb", ["inspect", "effective field", "signal", "visualize", "load", "evaluate", "export", "bench"]
)
def test_every_file_of_a_bundle_is_hashed_once(verb, finished_run, drawn, tmp_path, hashed):
    data = drawn(tmp_path / "data", ("across", "bands"), 1)
    verbs(finished_run, data)[verb]()
    assert sorted(hashed) == sorted(finished_run.folder / "bundle" / name for name in finished_run.contract.files)


def test_a_classifier_is_exported_by_the_bundle_it_was_opened_with(finished_run, tmp_path, hashed):
    classifier = striate.load(finished_run)
    hashed.clear()
    striate.export(classifier, tmp_path / "one.xml")
    assert hashed == []


@pytest.mark.parametrize("layer", [None, "layer2"])
def test_a_network_that_is_seen_into_is_traced_once(layer, finished_run, striped, monkeypatch):
    from striate.seeing import seen_network

    traced = []
    trace = seen_network.inspect_network
    monkeypatch.setattr(
        seen_network, "inspect_network", lambda *args, **named: (traced.append(1), trace(*args, **named))[1]
    )
    striate.visualize(finished_run, striped / "across" / "000.png", method="feature-maps", layer=layer)
    assert traced == [1]
