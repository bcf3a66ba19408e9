"""What is stated of number formats: only what was measured, and nothing of one that the processor widens."""

from pathlib import Path

import numpy as np
import pytest

from striate.bundle import PrecisionTerms
from striate.bundle.contract import LARGEST_TOLERANCE
from striate.pixels import Preprocessing
from striate.sealing import precision_terms as room
from striate.sealing.measuring import MeasuredSplit, measure_splits
from striate.tasks import SINGLE_LABEL

RULE = Preprocessing(colour="grey", resize="none", crop=(1, 2), mean=(0.0,), std=(1.0,))


class TwoPixels:
    """An engine whose logits are the two pixels, as shares of white; `wrong` of them are turned round."""

    def __init__(self, precision="fp32", wrong=0):
        self.precision, self.wrong, self.seen = precision, wrong, 0

    def infer(self, pixels):
        logits = pixels.reshape(len(pixels), 2) / 255
        turned = np.arange(self.seen, self.seen + len(pixels)) < self.wrong
        self.seen += len(pixels)
        logits[turned] = logits[turned, ::-1]
        return logits, logits


@pytest.fixture
def measured():
    """120 pictures of which each second one is of the second class, and what an engine in fp32 answers."""
    pixels = np.zeros((120, 1, 2, 1), np.uint8)
    pixels[np.arange(120), 0, np.arange(120) % 2] = 200
    split = MeasuredSplit("val", np.arange(120) % 2, lambda rows: pixels[rows], "")
    return split, measure_splits(TwoPixels(), [split], ("a", "b"), SINGLE_LABEL)


def test_a_narrow_format_is_compared_on_the_first_hundred_pictures(measured, monkeypatch):
    split, figures = measured
    assert figures.scores["val"].accuracy == 1.0
    monkeypatch.setattr(room, "OpenVINOEngine", lambda graph, rule, precision: TwoPixels(precision, wrong=3))
    terms = room.narrow_terms(Path("x.xml"), TwoPixels(), "bf16", RULE, [split], figures)
    assert (terms.tolerance, terms.agreement, terms.pictures) == (LARGEST_TOLERANCE["bf16"], 0.97, 100)
    assert terms.speed is not None and terms.speed > 0


def test_of_a_format_that_is_widened_nothing_is_said(measured, monkeypatch):
    split, figures = measured
    monkeypatch.setattr(room, "OpenVINOEngine", lambda graph, rule, precision: TwoPixels("fp32"))
    bare = PrecisionTerms(LARGEST_TOLERANCE["fp16"])
    assert room.narrow_terms(Path("x.xml"), TwoPixels(), "fp16", RULE, [split], figures) == bare
    assert room.narrow_terms(Path("x.xml"), TwoPixels(), "fp16", RULE, [], figures) == bare
