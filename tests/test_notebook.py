"""What results show in a notebook: whole HTML that loads nothing and runs nothing, whatever the names are."""

import base64
import dataclasses
import io
import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from striate import notebook
from striate.bundle.contract import Architecture
from striate.evaluation import score
from striate.inspection import (
    EffectiveField,
    SignalReport,
    compare_inspections,
    inspect_network,
    network_signal,
)
from striate.models import create_model
from striate.visualization import occlusion, top_patches

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
ALLOWED = {"div", "strong", "p", "pre", "table", "thead", "tbody", "tr", "th", "td", "img"}


class Reader(HTMLParser):
    """Reads a piece of HTML and fails where it is not what a notebook may be given."""

    def __init__(self, piece):
        super().__init__()
        self.open, self.pictures, self.texts = [], [], []
        self.feed(piece)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        assert tag in ALLOWED
        assert {name for name, _ in attributes} <= {"style", "src", "alt", "width", "colspan"}
        if tag == "img":
            self.pictures.append(dict(attributes)["src"])
            assert re.match(r"data:image/(png|jpeg|svg\+xml);base64,[A-Za-z0-9+/=]+$", self.pictures[-1])
        else:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return "".join(self.texts)


def decoded(source):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))))


def test_a_block_by_hand():
    assert notebook.block("a", notebook.text("b & c"), notebook.plain(" d\n e")) == (
        '<div><strong>a</strong><p style="margin:.4em 0">b &amp; c</p><pre style="overflow-x:auto"> d\n e</pre></div>'
    )
    assert notebook.text("") == ""


def test_a_long_table_is_cut_in_its_middle():
    whole = Reader(notebook.table(("n", "twice"), [(n, 2 * n) for n in range(20)]))
    assert whole.text == "ntwice" + "".join(f"{n}{2 * n}" for n in range(20))
    cut = Reader(notebook.table(("n", "twice"), [(n, 2 * n) for n in range(1021)]))
    shown = [*range(10), *range(1011, 1021)]
    assert cut.text.replace("⋮ 1,001 more", "") == "ntwice" + "".join(f"{n}{2 * n}" for n in shown)


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 1), (4, 5, 3)])
def test_a_picture_is_whole(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    piece = Reader(notebook.picture(pixels, said="<b>", width=50))
    assert np.array_equal(decoded(piece.pictures[0]), pixels.squeeze())
    assert piece.text == "<b>"


def test_kinds_of_pictures():
    for content, kind in ((b"<svg/>", "svg+xml"), (b"\x89PNG...", "png"), (b"\xff\xd8\xff\xe0", "jpeg")):
        assert Reader(notebook.picture(content)).pictures[0].startswith(f"data:image/{kind};")


def test_small():
    assert notebook.small(np.zeros((400, 200, 3), np.uint8)).shape == (80, 40, 3)
    assert notebook.small(np.zeros((8, 8, 1), np.uint8)).shape == (8, 8)


@pytest.fixture(scope="module")
def inspection():
    return dataclasses.replace(inspect_network(create_model("lenet5"), (1, 32, 32)), name=EVIL, paper=EVIL)


def one_inspection(inspection, folder):
    return inspection, ["c1", "6x28x28", "60,000 parameters"], 0


def a_comparison(inspection, folder):
    other = inspect_network(nn.Sequential(nn.Conv2d(1, 6, 5)), (1, 32, 32))
    return compare_inspections([inspection, other]), ["Sequential departs from", "EuclideanRBF removed"], 0


def a_signal(inspection, folder):
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))
    torch.manual_seed(0)
    signal = network_signal(network, torch.randn(4, 1, 2, 2), torch.tensor([0, 1, 0, 1]), scheme=EVIL)
    return SignalReport(EVIL, "", (1, 2, 2), "noise", (signal,)), ["noise", "train"], 1


def an_effective_field(inspection, folder):
    importance = np.full((8, 8), 1 / 64)
    return EffectiveField(EVIL, EVIL, (5, 5), (3.5, 3.5), 3, importance, 1), ["lies within 3 x 3 pixels"], 1


def a_sheet(inspection, folder):
    from striate.api.augment import AugmentationSheet

    return AugmentationSheet(np.zeros((4, 4, 3), np.uint8), None, (EVIL,), ()), ["Augmentation"], 1


def some_advice(inspection, folder):
    from striate.api.advise import DataAdvice
    from striate.transfer import Advice
    from striate.transfer.separability import StageScore

    scores = (StageScore(EVIL, 4, 0.1, 0.8, 50), StageScore("head", 4, 0.2, 0.9, 50))
    advice = Advice("head", 0, (EVIL, "so"), 50, 2, 0.05, 0.3, "head", scores, 10)
    return DataAdvice(advice, EVIL, EVIL, EVIL, EVIL, 50, (32, 32)), ["50 pictures"], 1


def a_rate_test(inspection, folder):
    from striate.api.learning_rate import RateTest

    curve = tuple(np.geomspace(1e-4, 1.0, 9).tolist())
    losses = (2.0, 1.9, 1.5, 1.0, 0.8, 0.7, 0.9, 2.0, 3.0)
    return RateTest(EVIL, 0.01, 0.01, 0.1, 0.02, "fine", EVIL, curve, losses, losses, False), [], 1


def a_depth_result(inspection, folder):
    from striate.depth.depth_result import DepthResult, NetworkRow

    rows = (NetworkRow(EVIL, False, False, 10, 0.5, None), NetworkRow("b", True, True, 2000, 0.25, 0.125))
    (folder / "degradation.png").write_bytes(b"\x89PNG")
    result = DepthResult(folder, rows, 3, 10, 10, 0.0, 0.0, EVIL)
    result.picture.write_bytes(b"\x89PNG")
    return result, ["after 3 epochs", "2,000"], 1


def a_data_set(inspection, folder):
    from striate.data import load_data

    for name in ("<script>alert(1)<b>", "ok"):
        (folder / name).mkdir()
        for number in range(3):
            Image.new("RGB", (200, 100), (9, 9, 200)).save(folder / name / f"{number}.png")
    (folder / "ok" / "0.png").write_bytes(b"broken")
    return load_data(folder), ["6 pictures of 2 classes", "<script>alert(1)<b>"], 1


def a_run(inspection, folder):
    from striate.runs.run import Run

    run = Run(f"runs/{EVIL}")
    figures = {"count": 200, "accuracy": 0.5, "balanced_accuracy": 0.25}
    vars(run)["contract"] = SimpleNamespace(
        metrics={EVIL: figures}, architecture=Architecture("lenet5", 10, 1), task="single_label", kind="picture"
    )  # as if the bundle had been read
    return run, ["lenet5; the report is", "50.00%", "25.00%"], 0


def a_run_that_is_none(inspection, folder):
    from striate.runs.run import Run

    return Run(folder / "nothing"), ["nothing"], 0


def an_evaluation(inspection, folder):
    from striate.api.evaluate import Evaluation

    classes, labels = (EVIL, "b"), np.array([0, 1, 1, 0])
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.6, 0.4]])
    scores = score(probabilities, labels, classes)
    every = Evaluation(scores, "test", classes, ("a", "b", "c", "d"), labels, probabilities, 2, ())
    return every, ["75.0% right on the 4 pictures of test", "2 seen in training"], 0


def a_prediction(inspection, folder):
    from striate.tasks import Prediction

    return Prediction(EVIL, EVIL, 0.9, ((EVIL, 0.9), ("dog", 0.1))), ["90.0%", "dog"], 0


def a_failed_prediction(inspection, folder):
    from striate.tasks import Prediction

    return Prediction("a.jpg", None, None, (), EVIL), ["a.jpg"], 0


def an_occlusion(inspection, folder):
    network = create_model("lenet5", seed=0)
    answer = occlusion(network, torch.rand(2, 1, 32, 32), target=7, patch=16, stride=16)
    return answer, ["a patch of 16 x 16 pixels", "class 7"], 2


def some_top_patches(inspection, folder):
    network = create_model("lenet5", seed=0)
    answer = top_patches(network, torch.rand(5, 1, 32, 32), layer="c1", count=2)
    return answer, ["2 of 5 pictures for each of 6 maps", "top 2"], 0


def a_visualization(inspection, folder):
    from striate.api.visualize import visualize

    Image.new("L", (28, 28), 90).save(folder / "a<b>.png")
    answer = visualize("lenet5", folder / "a<b>.png", method="deconvnet", layer="s2", unit=3)
    return answer, ["lenet5 and a<b>.png: class ", "the weights are random", "DeconvNet of s2"], 1


def an_explanation_check(inspection, folder):
    from striate.visualization.explanation_checks import Completeness, ExplanationCheck, Redrawing
    from striate.visualization.pixel_curves import PixelCurves

    redrawings = (Redrawing(EVIL, 1, 0.9, 0.5),)
    curves, moved = PixelCurves((1.0, 0.0, 0.0), (0.0, 1.0, 1.0)), PixelCurves((1.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    check = ExplanationCheck(EVIL, redrawings, curves, (moved,), Completeness(9.9, 10.0), 0.9, 0, 1)
    said = [f"{EVIL}: failed", "it stays alike", "0.90", "0.250, 0.750", "moved-0.500", "off by1.0%"]
    return check, said, 0


def a_level(inspection, folder):
    from striate.visualization import hierarchy

    network = create_model("lenet5", seed=0)
    levels = hierarchy(network, torch.rand(4, 1, 32, 32), layers=["c1"], maps=2, count=4)
    return levels[0], ["c1: the strongest of 6 maps; kernels of 5 x 5", f"map {levels[0].maps[1].map}: "], 12


RESULTS = [
    one_inspection,
    a_comparison,
    a_signal,
    an_effective_field,
    a_sheet,
    some_advice,
    a_rate_test,
    a_depth_result,
    a_data_set,
    a_run,
    a_run_that_is_none,
    an_evaluation,
    a_prediction,
    a_failed_prediction,
    an_occlusion,
    some_top_patches,
    a_visualization,
    an_explanation_check,
    a_level,
]


@pytest.mark.parametrize("make", RESULTS, ids=lambda make: make.__name__)
def test_results_show_themselves(make, inspection, tmp_path: Path):
    result, said, pictures = make(inspection, tmp_path)
    piece = Reader(result._repr_html_())
    for words in said:
        assert words in piece.text
    assert len(piece.pictures) == pictures
    assert len(result._repr_html_()) < 400_000
