"""Every kind is planted and found, and nothing else; on real pictures too, and real clean data stays quiet."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest
from PIL import Image

import striate
from striate.pixels import decode


def found_by_kind(checked):
    found = defaultdict(set)
    for finding in checked.findings:
        found[finding.kind].add(frozenset(finding.files or finding.classes))
    return found


def test_every_kind_is_found_and_nothing_else(planted, checked):
    found = found_by_kind(checked)
    assert {kind: found[kind] for kind in planted.truth} == planted.truth
    assert set(found) == set(planted.truth)


def test_what_is_found_says_where_it_is_and_how_grave(planted, checked):
    assert {finding.kind for finding in checked.findings if finding.fault} == {
        "broken",
        "contradicting-copies",
        "leaked-copies",
        "unusable-class",
        "empty-folder",
        "folder-twice",
    }
    leaked = next(finding for finding in checked.findings if finding.kind == "leaked-copies")
    # The one that is measured on stays.
    assert (leaked.splits, leaked.classes) == (("val", "train"), ("birch", "birch"))
    assert leaked.words == "2 exact copies are in val and train" and leaked.files[0].startswith("val/birch/")
    contested = next(finding for finding in checked.findings if finding.kind == "contradicting-copies")
    assert contested.words == "2 exact copies are labelled 'ash' and 'cedar'"
    rows = {finding["files"][0] for finding in checked.to_dict()["findings"] if finding["kind"] == "blurry"}
    assert rows == {key for keys in planted.truth["blurry"] for key in keys}


def test_the_audit_goes_on_where_training_would_be_refused(planted, checked):
    assert len(checked.pictures) == planted.pictures
    with pytest.raises(striate.errors.DataError):
        striate.load_data(planted.root)
    broken = sum(len(keys) for keys in planted.truth["broken"] | planted.truth["contradicting-copies"])
    assert len(checked.dataset) == planted.pictures - broken


@pytest.mark.slow
@pytest.mark.parametrize(("name", "each_and_clean"), [("imagenette", (60, 1000)), ("hymenoptera", (10, 100))])
def test_every_kind_is_found_among_real_pictures(planted_defects, real_data, tmp_path, name, each_and_clean):
    dataset = striate.load_data(real_data(name))
    pictures, each, clean = [], *each_and_clean
    needed = planted_defects.needed(clean, each=each, huge=2)
    for row in np.random.default_rng(3).permutation(len(dataset)):
        pixels = decode(dataset.pictures.read(int(row)))
        if np.ptp(pixels.astype(np.int64), axis=2).max() > 40:  # the few without colour are found for what they are
            pictures.append(Image.fromarray(pixels))
    planted = planted_defects.plant(tmp_path, pictures[:clean], pictures[clean : clean + needed], each=each, huge=2)
    found = found_by_kind(striate.check(tmp_path))
    for kind, truth in planted.truth.items():
        right = len(found[kind] & truth)
        assert right >= 0.98 * len(truth), kind
        assert right >= 0.98 * len(found[kind]), kind


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("imagenette", {"colour-mode"}),
        ("hymenoptera", {"colour-mode"}),
        ("flowers5", {"colour-mode", "contradicting-copies", "copies", "near-copies", "bright"}),
        ("mnist", set()),
    ],
)
def test_real_data_has_no_false_alarm(real_data, name, expected):
    data = striate.load_data(real_data(name))
    if name == "mnist":  # the whole of it takes minutes, and among 70,000 digits some are alike
        data = data.select(data.indices("test"))
    found = Counter(finding.kind for finding in striate.check(data).findings)
    assert set(found) == expected
    assert found["bright"] <= 1  # a tulip on a white ground, paler than any other
