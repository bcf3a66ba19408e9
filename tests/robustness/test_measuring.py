import numpy as np
import pytest

import striate
from striate.robustness import answers_under, choose_shifts, measuring

SHIFTS = choose_shifts(("turned", "sensor_noise", "mirrored"), corruptions=False)


@pytest.fixture(scope="module")
def classifier(finished_run):
    return striate.load(finished_run)


@pytest.fixture(scope="module")
def pixels(classifier, striped):
    rule = classifier.contract.preprocessing
    return np.stack([rule.pixels(path) for path in sorted(striped.rglob("*.png"))[:7]])


def test_answers_are_the_classifiers_own(classifier, pixels):
    found = answers_under([classifier], pixels, range(7), SHIFTS, seed=1)[0]
    assert found.clean.tolist() == classifier.logits_of_pixels(pixels).argmax(axis=1).tolist()
    assert [len(rows) for rows in found.shifted] == [5, 1, 5]
    for shift, rows in zip(SHIFTS, found.shifted, strict=True):
        for level, row in enumerate(rows):
            changed = np.stack([shift.apply(p, level, seed=1, picture=place) for place, p in enumerate(pixels)])
            assert row.tolist() == classifier.logits_of_pixels(changed).argmax(axis=1).tolist()


def test_neither_threads_nor_neighbours_change_an_answer(classifier, pixels, monkeypatch):
    whole = answers_under([classifier, classifier], pixels, range(7), SHIFTS, seed=1)
    monkeypatch.setattr(measuring, "available_processors", lambda: 5)
    part = answers_under([classifier], pixels[3:], range(3, 7), SHIFTS, seed=1)[0]
    for found in whole:
        assert np.array_equal(found.clean[3:], part.clean)
        assert all(np.array_equal(a[:, 3:], b) for a, b in zip(found.shifted, part.shifted, strict=True))


def test_progress_is_told(classifier, pixels):
    told = []
    answers_under([classifier], pixels[:3], range(3), SHIFTS, seed=0, progress=lambda *what: told.append(what))
    assert told == [("shifting pictures", 1, 3), ("shifting pictures", 2, 3), ("shifting pictures", 3, 3)]
