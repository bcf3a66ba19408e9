"""The map shows the data set in its own quadrant, in whatever place; its files are whole and always the same."""

import io
import re

import pytest
from matplotlib.figure import Figure
from PIL import Image

from striate.report.quadrants import CASES, HERE, StageBar, TransferMap, draw_transfer_map
from striate.report.quadrants import _draw_quadrants as draw_quadrants

BARS = tuple(StageBar(f"layer{place}", 0.2 * place, 0.1 * place - 0.3, best=place == 3) for place in range(1, 5))


def shown(size=0.244, similarity=0.74, **arguments):
    fields = {
        "data": "ants and bees",
        "network": "resnet18",
        "pictures": 244,
        "classes": 2,
        "size": size,
        "similarity": similarity,
        "similar_from": 0.5,
        "choice": "head",
        "reasons": ("They are few.", "So the head learns."),
        "stages": BARS,
    }
    return TransferMap(**fields | arguments)


def drawn(place):
    axes = Figure().add_subplot()
    draw_quadrants(axes, place)
    return axes


@pytest.mark.parametrize(
    ("size", "similarity", "quadrant"),
    [
        (0.2, 0.7, "few, similar"),
        (0.2, 0.2, "few, different"),
        (1.0, 0.5, "many, similar"),
        (60, -0.1, "many, different"),
        (1e9, 3.0, "many, similar"),
        (0.0001, -9.0, "few, different"),
    ],
)
def test_the_data_set_stands_in_its_quadrant(size, similarity, quadrant):
    axes = drawn(shown(size, similarity))
    (dot,) = [line for line in axes.lines if line.get_marker() == "o"]
    x, y = dot.get_xdata()[0], dot.get_ydata()[0]
    assert 0 <= x <= 1 and 0.01 <= y <= 100
    assert CASES[y >= 1, x >= 0.5][0] == quadrant
    (tinted,) = axes.collections
    corners = tinted.get_paths()[0].get_extents()
    assert corners.x0 <= x <= corners.x1 and corners.y0 <= y <= corners.y1
    assert tinted.get_facecolor()[0][:3] == pytest.approx([int(HERE[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    titles = {text.get_text() for text in axes.texts}
    assert {title for title, _ in CASES.values()} <= titles
    assert "ants and bees\n244 pictures, 2 classes" in titles


@pytest.mark.parametrize("size", [0.02, 0.3, 1.4, 60])
@pytest.mark.parametrize("similarity", [0.0, 0.3, 0.52, 0.75, 1.0])
def test_the_label_covers_no_other_words(size, similarity):
    axes = drawn(shown(size, similarity))
    axes.set_position((0.085, 0.305, 0.49, 0.59))
    axes.figure.set_size_inches(11, 6.5)
    axes.figure.draw_without_rendering()
    *words, label = [text.get_window_extent() for text in axes.texts]
    assert not any(label.overlaps(other) for other in words)
    border = axes.get_window_extent()
    assert label.x0 > border.x0 - 12 and label.x1 < border.x1 + 12


def test_svg_is_self_contained_and_always_the_same():
    first = draw_transfer_map(shown())
    assert first == draw_transfer_map(shown())
    text = first.decode()
    assert text.rstrip().endswith("</svg>")
    assert "<text" not in text
    # Nothing is fetched: the only addresses are those of name spaces and of the licence vocabulary.
    assert not re.search(r'(?:href|src)="(?!#)[^"]*"', text.replace("rdf:resource", ""))


def test_png():
    with Image.open(io.BytesIO(draw_transfer_map(shown(), "png"))) as picture:
        assert (picture.format, picture.size) == ("PNG", (1320, 780))


def test_many_stages_long_names_and_a_line_break():
    stages = tuple(StageBar(f"block{place}.inner", place / 40, 0.0) for place in range(40))
    place = shown(data="a name\nthat is " + "very " * 20 + "long", reasons=("word " * 90, "word " * 40), stages=stages)
    assert draw_transfer_map(place, "png")


@pytest.mark.filterwarnings("ignore::striate.fonts.MissingFontWarning")
@pytest.mark.parametrize("kind", ["png", "svg"])
def test_names_in_any_script_and_with_dollars_are_drawn_without_a_complaint(kind):
    name = "고양이 사진 $5 $\\frac{1}{"
    stages = (StageBar(f"{name} 층", 0.5, 0.0, best=True),)
    assert draw_transfer_map(shown(data=name, network=name, reasons=(name,) * 2, stages=stages), kind)
