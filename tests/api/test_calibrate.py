"""A decision rule for a finished bundle, and what it comes to in prediction."""

import pickle
import shutil

import numpy as np
import pytest
from PIL import Image

import striate
from striate.bundle import open_bundle
from striate.data import check_pictures
from striate.errors import DataError, UsageError
from striate.tasks.doubting import UNLIKE


@pytest.fixture(scope="module")
def calibrated(finished_run, striped, tmp_path_factory):
    folder = tmp_path_factory.mktemp("calibrated") / "bundle"
    return striate.calibrate(
        finished_run, striped, abstain="coverage=0.5,unfamiliar=0.45", conformal=0.8, output=folder
    )


@pytest.fixture(scope="module")
def strange(tmp_path_factory):
    """Pictures unlike all in `striped`."""
    folder = tmp_path_factory.mktemp("strange")
    generator = np.random.default_rng(0)
    for number in range(8):
        pixels = generator.integers(0, 256, (48, 48, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return sorted(folder.glob("*.png"))


def test_the_copy_is_the_bundle_with_a_rule(calibrated, finished_run):
    own, copy = open_bundle(finished_run.folder), striate.load(calibrated.bundle).bundle
    assert {name: copy.contract.files[name] for name in own.contract.files if name != "canaries/canaries.json"} == {
        name: digest for name, digest in own.contract.files.items() if name != "canaries/canaries.json"
    }
    assert copy.contract.calibration == own.contract.calibration and copy.contract.metrics == own.contract.metrics
    assert copy.contract.rule == calibrated.rule
    assert calibrated.rule.least_sure.pictures == calibrated.pictures == own.contract.metrics["val"]["count"]
    assert calibrated.to_dict()["rule"]["unfamiliar"]["share"] == 0.45
    assert "to promise that at least 50% of new pictures get an answer" in calibrated.to_text()


def test_training_seals_a_rule_or_says_why_not(striped, finished_options, tmp_path):
    options = finished_options | {"epochs": 1}
    run = striate.train(striped, output=tmp_path / "ruled", abstain="coverage=0.5,unfamiliar=0.45", **options)
    assert run.to_dict()["rule"].keys() == {"least_sure", "unfamiliar"}
    assert "to promise that at least 50% of new pictures get an answer" in " ".join(run.to_text().split())
    assert striate.load(run).doubting is not None
    run = striate.train(striped, output=tmp_path / "plain", abstain="error=0.01", **options)
    assert run.to_dict()["rule"] is None and striate.load(run).doubting is None
    (said,) = [finding for finding in run.findings if "never abstains" in finding.text]
    assert said.severity == "warning" and "6 validation pictures are too few to promise error=0.01" in said.text
    with pytest.raises(UsageError, match="error must be a share between 0 and 1"):
        striate.train(striped, output=tmp_path / "none", abstain="error=1", **options)


def test_rows_say_what_they_abstain_on(calibrated, strange, striped):
    classifier = striate.load(calibrated.bundle)
    rows = list(classifier.stream([*strange, striped / "no.png"]))
    assert all(row.doubt.abstains for row in rows[:-1])
    assert [row.doubt.reason for row in rows[:-1]] == [UNLIKE] * len(strange)
    assert rows[-1].error and rows[-1].doubt is None
    known = list(classifier.stream(sorted(striped.rglob("*.png"))))
    assert sum(not row.doubt.abstains for row in known) >= 0.5 * len(known)
    assert all(set(row.doubt.labels) <= {"across", "bands"} for row in known)


def test_names_are_marked_where_it_abstains(calibrated, finished_run, strange, striped):
    classifier = striate.load(calibrated.bundle)
    assert classifier.predict(strange, abstaining="?").tolist() == ["?"] * len(strange)
    assert set(classifier.predict(strange)) <= {"across", "bands"}
    decided = classifier.decide(strange)
    assert decided.unlike.all() and decided.abstains.all()
    paths = sorted(striped.rglob("*.png"))
    marked = classifier.predict(paths, abstaining="?")
    assert ((marked == "?") == classifier.decide(paths).abstains).all()
    plain = striate.load(finished_run)
    assert (plain.predict(paths) == classifier.predict(paths)).all()
    with pytest.raises(UsageError, match="has no rule by which it abstains; make one by: striate calibrate"):
        plain.predict(paths, abstaining="?")
    with pytest.raises(UsageError, match="has no decision rule"):
        plain.decide(paths)


def test_the_score_is_the_same_on_every_engine(calibrated, striped, strange):
    paths = [*sorted(striped.rglob("*.png"))[::5], *strange]
    scores = [
        striate.load(calibrated.bundle, engine=name).decide(paths).unfamiliarity for name in ("openvino", "torch")
    ]
    np.testing.assert_allclose(*scores, atol=1e-4)


def test_it_travels_to_another_process_with_its_rule(calibrated, strange):
    sent = pickle.loads(pickle.dumps(striate.load(calibrated.bundle)))
    assert [row.doubt.reason for row in sent.stream(strange)] == [UNLIKE] * len(strange)


def test_costs_change_what_it_answers(finished_run, striped, tmp_path):
    costs = tmp_path / "costs.csv"
    costs.write_text("true,across,bands\nacross,0,1\nbands,100000000,0\n", encoding="utf-8")
    made = striate.calibrate(finished_run, striped, costs=costs, output=tmp_path / "bundle")
    classifier = striate.load(made.bundle)
    paths = sorted(striped.rglob("*.png"))
    assert (classifier.predict(paths) == "bands").sum() > (striate.load(finished_run).predict(paths) == "bands").sum()
    (row,) = classifier.stream(paths[:1])
    assert (row.label, row.probability) == (classifier.predict(paths[:1])[0], row.doubt.probability)
    assert "it always answers" in made.to_text()
    with pytest.raises(UsageError, match="always answers"):
        classifier.predict(paths, abstaining="?")


def test_a_rule_is_replaced_and_outlives_int8(calibrated, striped, tmp_path):
    again = striate.calibrate(calibrated.bundle, striped, conformal=0.7, by_class=True, output=tmp_path / "again")
    assert again.rule.to_dict().keys() == {"sets"} and not (again.bundle / "familiar.safetensors").exists()
    narrow = striate.quantize(calibrated.bundle, striped, output=tmp_path / "int8", max_drop=100)
    assert striate.load(narrow.bundle, precision="int8").contract.rule == calibrated.rule


def test_what_cannot_be_promised_writes_nothing(finished_run, striped, tmp_path):
    with pytest.raises(
        DataError, match=r"validation pictures are too few to promise error=0\.01: it takes 299 at least"
    ):
        striate.calibrate(finished_run, striped, abstain="error=0.01", output=tmp_path / "bundle")
    with pytest.raises(UsageError, match="say what the classifier shall promise"):
        striate.calibrate(finished_run, striped, output=tmp_path / "bundle")
    with pytest.raises(UsageError, match="exists already; name another --output"):
        striate.calibrate(finished_run, striped, conformal=0.8, output=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_pictures_of_the_training_promise_nothing(finished_run, striped, tmp_path):
    seen = tmp_path / "seen"
    dataset = striate.load_data(striped)
    digests = open_bundle(finished_run.folder).seen_pictures()
    facts = check_pictures(dataset).checked_facts
    for row in np.flatnonzero(digests.contains(facts.digests)):
        path = striped / dataset.pictures.key(int(row))
        (seen / "val" / path.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, seen / "val" / path.parent.name)
    with pytest.raises(DataError, match=r"was trained on|pictures to calibrate on"):
        striate.calibrate(finished_run, seen, conformal=0.8, output=tmp_path / "bundle")


def test_a_rule_is_not_measured_on_the_pictures_that_it_was_chosen_on(calibrated, striped):
    found = striate.evaluate(calibrated.bundle, striped)  # all that it was not trained on
    classifier = striate.load(calibrated.bundle)
    assert found.rule.chosen_on == calibrated.pictures == len(classifier.rule_pictures().prefixes)
    assert found.rule.count == found.scores.count - calibrated.pictures > 0
    assert f"measured without {calibrated.pictures} pictures that it was chosen on" in " ".join(found.to_text().split())
    assert found.to_dict()["rule"]["chosen_on"] == calibrated.pictures and "many" not in found.to_dict()["rule"]
    dataset = check_pictures(striate.load_data(striped))
    chosen = classifier.rule_pictures().contains(dataset.checked_facts.digests)
    own = striate.evaluate(classifier, dataset.select(np.flatnonzero(chosen)))
    assert (own.rule.count, own.rule.chosen_on, own.rule.set_size) == (0, calibrated.pictures, None)
    assert "not measured: it was chosen on these very pictures; give others" in " ".join(own.to_text().split())
    others = striate.evaluate(classifier, dataset.select(np.flatnonzero(~chosen)), include_seen=True)
    assert others.rule.count == others.scores.count and "chosen on" not in others.to_text()


def test_a_rule_of_an_earlier_version_names_no_pictures(calibrated, striped, tmp_path, reseal):
    shutil.copytree(calibrated.bundle, tmp_path / "older")
    (tmp_path / "older" / "rule.bin").unlink()
    reseal(tmp_path / "older")
    found = striate.evaluate(tmp_path / "older", striped)
    assert found.rule.chosen_on == 0 and found.rule.count == found.scores.count
