"""A map looked into from the walk: the same pictures as the library's, tested before they are shown, and what is refused."""

import io
import json
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from striate.pixels import PICTURE_EXTENSIONS
from striate.report.thumbnails import thumbnail
from striate.seeing.seen_network import seen_network
from striate.studio.rooms.walk.ways_of_seeing import SIDE
from striate.visualization import deconvnet, layer_output
from striate.visualization.layers import prepare
from striate.visualization.montage import draw_signal


@pytest.fixture(scope="module")
def picture(striped):
    return next(path for path in sorted(Path(striped).rglob("*")) if path.suffix in PICTURE_EXTENSIONS).read_bytes()


def walk_of(running, network, picture):
    answer = running.ask("POST", f"/studio/api/walk/picture?network={network}", picture, Content_Type="image/png")
    assert answer.status == 200, answer.body
    return answer.json()["walk"]


def ended(running, walk, step, unit, way):
    told = running.json("walk/see", {"walk": walk, "step": step, "unit": unit, "way": way})
    for _ in range(600):
        if told["ended"]:
            return told
        time.sleep(0.05)
        told = running.json(f"walk/seen?job={told['job']}")
    raise AssertionError("it never ended")


def seen(*asked):
    told = ended(*asked)
    assert told["refusal"] == ""
    return told["shown"]


def refused(running, table):
    answer = running.ask("POST", "/studio/api/walk/see", json.dumps(table).encode(), Content_Type="application/json")
    return answer.status, answer.json()["detail"]


def test_a_projection_is_the_library_s_and_says_how_its_test_came_out(studio, finished_run, picture):
    network = seen_network(finished_run.folder)
    pixels = network.preprocessing.pixels(picture)
    images = torch.from_numpy(network.preprocessing.normalise(pixels[None]))
    unit = (3, 5, 6)
    shown = seen(studio, walk_of(studio, "striped", picture), "layer1.1.conv1", list(unit), "deconvnet")
    facts = network.layer_facts("layer1.1.conv1")
    rows, columns = (
        slice(max(0, start + place * jump), min(side, start + place * jump + size))
        for start, place, jump, size, side in zip(
            facts.field.start, unit[1:], facts.field.jump, facts.field.size, pixels.shape, strict=False
        )
    )
    signal = deconvnet(network.network, images, layer="layer1.1.conv1", unit=[unit])[0, :, rows, columns]
    assert [one["source"] for one in shown["pictures"]] == [
        thumbnail(pixels[rows, columns], side=SIDE).source,
        thumbnail(draw_signal(signal).pixels, side=SIDE).source,
    ]
    assert shown["passed"] in (True, False)
    assert any("no max pooling" in warning for warning in shown["warnings"])
    assert shown["passed"] or len(shown["warnings"]) == 2


def test_the_nine_pictures_are_those_with_the_largest_answers(studio, finished_run, striped, picture):
    shown = seen(studio, walk_of(studio, "striped", picture), "layer1.0.conv1", [2], "top")
    network = seen_network(finished_run.folder)
    files = [path for path in sorted(Path(striped).rglob("*")) if path.suffix in PICTURE_EXTENSIONS]
    pixels = np.stack([network.preprocessing.pixels(path) for path in files])
    images = torch.from_numpy(network.preprocessing.normalise(pixels))
    with torch.no_grad():
        answers = layer_output(network.network, prepare(network.network, images), "layer1.0.conv1")[:, 2].amax((1, 2))
    largest = answers.sort(descending=True).values[:9]
    assert f"map 2: {largest[0]:.3g} to {largest[-1]:.3g}" in shown["pictures"][0]["lines"]


def test_the_picture_that_a_map_likes_most_is_the_library_s(empty_studio):
    drawn = io.BytesIO()
    Image.fromarray(np.pad(np.full((12, 4), 255, np.uint8), ((8, 8), (12, 12)))).save(drawn, "PNG")
    walk = walk_of(empty_studio, "lenet5", drawn.getvalue())
    shown = seen(empty_studio, walk, "c1.convolution", [2], "maximize")
    (one,) = shown["pictures"]
    assert one["source"].startswith("data:image/png;base64,")
    assert shown["passed"] is None  # it is made, and claims nothing of a picture
    again = seen(empty_studio, walk, "c1.convolution", [2], "maximize")
    assert again == shown


def test_what_no_page_asks_for_is_refused(studio, picture):
    walk = walk_of(studio, "striped", picture)
    asked = {"walk": walk, "step": "layer1.0.conv1", "unit": [0], "way": "deconvnet"}
    assert refused(studio, {**asked, "way": "tea"}) == (
        422,
        "the way of seeing must be one of deconvnet, maximize, top, got 'tea'",
    )
    assert refused(studio, {**asked, "unit": [99]})[1].startswith("layer1.0.conv1 gives numbers of shape")
    assert refused(studio, {**asked, "unit": [0, 0]})[0] == 422
    assert refused(studio, {**asked, "unit": "x"})[0] == 400
    assert refused(studio, {**asked, "step": "none"})[0] == 404
    assert refused(studio, {**asked, "walk": "none"})[0] == 410
    assert refused(studio, {})[0] == 400


def test_what_cannot_be_looked_into_says_why(studio, empty_studio, picture):
    walk = walk_of(empty_studio, "lenet5", picture)
    why = ended(empty_studio, walk, "c1.convolution", [0], "top")["refusal"]
    assert "only a run whose data is still where it was has them" in why
    why = ended(empty_studio, walk, "output.rbf", [3], "top")["refusal"]
    assert "only a run" in why
    walk = walk_of(studio, "striped", picture)
    why = ended(studio, walk, "layer1.0.add", [0], "maximize")["refusal"]
    assert why == "layer1.0.add is a function between layers; choose the layer before or after it"
