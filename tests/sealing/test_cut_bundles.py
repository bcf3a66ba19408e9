"""A network cut behind a stage, as a run makes it: sealed, opened, exported and resumed like any other."""

import json
import shutil

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

import striate
from striate.bundle.contract import Architecture, Contract, Cut, digest_of
from striate.errors import BundleError, UnknownNameError, WeightsError
from striate.models import CutNetwork, create_model, split_after
from striate.openvino_loading import openvino_core
from striate.sealing.cut_figures import cut_figures
from striate.sealing.opening import draft_network

STAGES = ("layer1", "layer2")


@pytest.fixture(scope="module")
def weights(once):
    def make(folder):
        folder.mkdir()
        torch.save(create_model("resnet20", seed=0).state_dict(), folder / "resnet20.pth")

    return once("cut/weights", make) / "resnet20.pth"


@pytest.fixture(scope="module")
def cut_run(striped, weights, once):
    """A head on two stages of an untrained ResNet-20."""
    options = {"model": "resnet20", "weights": weights, "transfer": "head:layer2+layer1", "size": 32}
    return striate.Run(once("cut/run", lambda folder: striate.train(striped, output=folder, **options)))


def test_the_contract_says_where_it_is_cut_and_what_that_saves(cut_run):
    architecture = json.loads((cut_run.folder / "bundle/contract.json").read_text())["architecture"]
    whole = striate.inspect("resnet20")
    cut = architecture.pop("cut")
    assert architecture == {"model": "resnet20", "num_classes": 2, "in_channels": 3}
    assert cut["head_stages"] == list(STAGES)
    # 8 logits fewer, of 64 numbers and a bias each
    assert cut["whole_parameters"] == whole.parameters - 8 * 65 and cut["whole_macs"] == whole.macs - 8 * 64
    assert cut["parameters"] == sum(parameter.numel() for parameter in cut_run.classifier().network().parameters())
    assert 0 < cut["macs"] < cut["whole_macs"]
    said = f"resnet20 with a head on layer1 and layer2: {cut['parameters']:,} of {cut['whole_parameters']:,} parameters and "
    assert said in cut_run.to_text()


def test_the_classifier_is_the_logistic_regression_on_the_whole_networks_pooled_maps(cut_run, striped, weights):
    network = create_model("resnet20", seed=0).eval()
    network.load_state_dict(torch.load(weights))
    classifier = cut_run.classifier()
    paths = sorted(striped.rglob("*.png"))
    rule = classifier.contract.preprocessing
    images = torch.from_numpy(rule.normalise(np.stack([rule.pixels(path) for path in paths])))
    with torch.no_grad():
        maps = [split_after(network, stage)[0](images) for stage in STAGES]
    rows = torch.cat([pool for each in maps for pool in (each.mean((2, 3)), each.amax((2, 3)))], dim=1).double().numpy()
    table = [line.split(",") for line in (cut_run.folder / "split.csv").read_text().splitlines()[1:]]
    of_training = {row[0] for row in table if row[2] == "train"}
    trained = np.array([str(path.relative_to(striped)) in of_training for path in paths])
    labels = np.array([path.parent.name for path in paths])
    assert np.allclose(classifier.features(paths), rows, atol=1e-5)
    scaler = StandardScaler().fit(rows[trained])
    scaled = scaler.transform(rows)
    answers = [
        LogisticRegression(C=strength, max_iter=5000, tol=1e-8)
        .fit(scaled[trained], labels[trained])
        .predict_log_proba(scaled)
        for strength in (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
    ]
    with torch.no_grad():
        logits = classifier.network()(images).log_softmax(1).numpy()
    assert min(np.abs(np.exp(answer) - np.exp(logits)).max() for answer in answers) < 1e-3


def test_it_is_rebuilt_as_it_was(cut_run):
    network = cut_run.classifier().network()
    assert isinstance(network, CutNetwork) and network.head_stages == STAGES and network.stages[-1] == "layer2"
    draft = draft_network(cut_run.folder)
    assert draft.network.state_dict().keys() == network.state_dict().keys()
    assert draft.name.endswith("(resnet20 with a head on layer1 and layer2)")
    assert striate.inspect(cut_run.folder).parameters == sum(each.numel() for each in network.parameters())
    graph = openvino_core().read_model(cut_run.folder / "bundle/engine.xml")
    assert [output.get_any_name() for output in graph.outputs] == ["logits", "features"]
    assert not any("layer3" in node.get_friendly_name() for node in graph.get_ops())


@pytest.mark.parametrize("ending", [".onnx", ".xml", ".pt2"])
def test_exports_agree(cut_run, tmp_path, ending):
    if ending == ".onnx":
        pytest.importorskip("onnx")
    agreement = striate.export(cut_run.folder, tmp_path / f"cut{ending}").agreement
    assert agreement.same_label == agreement.pictures and agreement.passed


def test_a_resume_seals_the_same_bytes(cut_run, tmp_path):
    folder = tmp_path / "again"
    shutil.copytree(cut_run.folder, folder)
    shutil.rmtree(folder / "bundle")
    striate.resume(folder)
    for name in ("model.safetensors", "engine.xml", "engine.bin"):
        assert (folder / "bundle" / name).read_bytes() == (cut_run.folder / "bundle" / name).read_bytes()


def test_a_recipe_names_the_stages_for_another_run(cut_run, striped, weights, tmp_path):
    recipe = cut_run.folder / "recipe.toml"
    again = striate.train(striped, recipe=recipe, weights=weights, size=32, output=tmp_path / "run")
    ours, theirs = (run.folder / "bundle/model.safetensors" for run in (cut_run, again))
    assert ours.read_bytes() == theirs.read_bytes()


def test_its_weights_are_no_start_for_the_whole_network(cut_run, striped, tmp_path):
    cut = cut_run.folder / "bundle/model.safetensors"
    with pytest.raises(
        WeightsError,
        match="cut behind one of its stages, and lack what comes after it; start from the weights that it was cut from",
    ):
        striate.train(striped, model="resnet20", weights=cut, output=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_stage_that_is_not_there_is_refused_before_anything_is_read(tmp_path, weights):
    with pytest.raises(
        UnknownNameError,
        match=r"unknown stage 'layer4'; did you mean 'layer1'.*ResNet has relu1, layer1, layer2, layer3, features",
    ):
        striate.train("nowhere", model="resnet20", weights=weights, transfer="head:layer4", output=tmp_path / "run")


def test_a_cut_that_makes_no_sense_is_refused(cut_run):
    table = cut_run.contract.to_dict()
    table["architecture"]["cut"]["macs"] = -1
    del table["digest"]
    with pytest.raises(BundleError, match=r"the contract's architecture has -1 for cut.macs; expected 1 to"):
        Contract.from_dict(table | {"digest": digest_of(table)})


def test_a_whole_network_has_no_cut_in_its_contract():
    assert Architecture("resnet20", 2, 3).to_dict() == {"model": "resnet20", "num_classes": 2, "in_channels": 3}
    assert Architecture("resnet20", 2, 3).title == "resnet20"
    cut = cut_figures(create_model("resnet20", head_stages=["layer2"]), "resnet20", (32, 32))
    assert Architecture("resnet20", 10, 3, cut).arguments["head_stages"] == ("layer2",)
    assert isinstance(cut, Cut)
