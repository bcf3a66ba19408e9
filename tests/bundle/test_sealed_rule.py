"""Decision rules in bundles: bound to the canaries, and refused where anything in them makes no sense."""

import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import save

import striate
from striate.bundle import open_bundle
from striate.bundle.folder import FAMILIAR
from striate.bundle.sealed_rule import bank_rows, bank_to_bytes, read_bank
from striate.errors import BundleError
from striate.evaluation.familiarity import unit_rows


@pytest.fixture(scope="module")
def ruled(finished_run, striped, tmp_path_factory):
    """The bundle of `finished_run` with a rule of every kind but costs; do not change it."""
    folder = tmp_path_factory.mktemp("ruled") / "bundle"
    return striate.calibrate(
        finished_run, striped, abstain="error=0.4,unfamiliar=0.45", conformal=0.8, output=folder
    ).bundle


@pytest.fixture
def copied(ruled, tmp_path):
    return shutil.copytree(ruled, tmp_path / "copy")


def contract_of(folder):
    return json.loads((folder / "contract.json").read_text(encoding="utf-8"))


def test_a_bank_comes_back(tmp_path):
    rows = unit_rows(np.random.default_rng(0).normal(size=(9, 5)))
    (tmp_path / "bank").write_bytes(bank_to_bytes(rows))
    np.testing.assert_allclose(read_bank(tmp_path / "bank", neighbours=5), rows, atol=1e-3)
    assert (bank_rows(1_280), bank_rows(10**9)) == (2_000, 1)


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        ({"features": np.eye(9, dtype=np.float32)}, "does not hold"),
        ({"other": np.eye(9, dtype=np.float16)}, "does not hold"),
        ({"features": np.eye(9, dtype=np.float16), "more": np.zeros(1)}, "and no more"),
        ({"features": np.ones(9, dtype=np.float16)}, "does not hold"),
        ({"features": np.eye(4, dtype=np.float16)}, "must hold 5 rows of length 1 or more"),
        ({"features": 2 * np.eye(9, dtype=np.float16)}, "must hold 5 rows of length 1"),
        ({"features": np.full((9, 4), np.nan, np.float16)}, "must hold 5 rows of length 1"),
    ],
)
def test_what_is_no_bank_is_refused(tmp_path, tensors, said):
    (tmp_path / "bank").write_bytes(save(tensors))
    with pytest.raises(BundleError, match=said):
        read_bank(tmp_path / "bank", neighbours=5)


def test_a_file_that_is_no_safetensors_file(tmp_path):
    (tmp_path / "bank").write_bytes(b"\x80\x04pickled")
    with pytest.raises(BundleError, match="bank cannot be read"):
        read_bank(tmp_path / "bank", neighbours=5)


def test_a_bundle_without_a_rule_says_nothing_of_it(finished_run, ruled):
    assert "rule" not in contract_of(finished_run.folder / "bundle")
    contract = open_bundle(finished_run.folder).contract
    assert contract.rule is None and FAMILIAR not in contract.files
    assert contract_of(ruled)["rule"].keys() == {"least_sure", "unfamiliar", "sets"}


def test_a_changed_threshold_shows_even_where_the_digests_were_computed_anew(copied):
    from striate.bundle.contract import digest_of

    table = contract_of(copied)
    table["rule"]["least_sure"]["least_probability"] = 0.0
    del table["digest"]
    (copied / "contract.json").write_text(json.dumps(table | {"digest": digest_of(table)}), encoding="utf-8")
    with pytest.raises(BundleError, match="computed with another rule than the bundle now holds"):
        open_bundle(copied)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rule: rule.update(more=1), r"makes no sense: .*rule\.more"),
        (
            lambda rule: rule["least_sure"].update(least_probability=-1),
            "decision rule makes no sense: least_probability is -1",
        ),
        (lambda rule: rule["sets"]["least_probability"].popitem(), "least_probability lack the class"),
        (lambda rule: rule.clear(), "a decision rule without any part"),
        (lambda rule: rule["unfamiliar"].update(usual=3), r"rule\.unfamiliar\.usual must be a table"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(copied, reseal, change, said):
    table = contract_of(copied)
    change(table["rule"])
    with pytest.raises(BundleError, match=said):
        open_bundle(reseal(copied, table))


def test_a_rule_without_its_features_is_refused(copied, reseal):
    (copied / FAMILIAR).unlink()
    with pytest.raises(BundleError, match=r"familiar\.safetensors, of which the contract has no digest"):
        striate.load(reseal(copied))
