"""Walks through networks: the numbers that a page is told are those of torch, and drawings are prepared as MNIST's."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

from striate.models import create_model
from striate.pixels import decode
from striate.studio.rooms.walk.digits import centred, drawn_digit
from striate.studio.rooms.walk.strokes import write


def floats(packed):
    return np.frombuffer(base64.b64decode(packed), "<f4")


def png(pixels):
    kept = io.BytesIO()
    Image.fromarray(pixels).save(kept, "PNG")
    return kept.getvalue()


def show(studio, network, picture, drawn=0):
    answer = studio.ask(
        "POST", f"/studio/api/walk/picture?network={network}&drawn={drawn}", picture, Content_Type="image/png"
    )
    assert answer.status == 200, answer.body
    return answer.json()


@pytest.fixture(scope="module")
def drawing():
    ink = np.zeros((112, 112), np.uint8)
    ink[20:90, 50:62] = 255
    ink[20:32, 30:62] = 255
    return png(ink)


@pytest.fixture(scope="module")
def walk(empty_studio, drawing):
    return show(empty_studio, "lenet5", drawing, drawn=1)


@pytest.fixture(scope="module")
def lenet():
    return create_model("lenet5", seed=0, auxiliary=False).eval()


def test_a_digit_is_prepared_as_those_of_mnist():
    ink = np.zeros((100, 100), np.uint8)
    ink[40:90, 5:15] = 255
    found = centred(ink)
    rows, columns = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
    assert (rows[0], rows[-1]) == (4, 23) and (columns[0], columns[-1]) == (12, 15)
    mass = found.sum(dtype=float)
    for axis in (0, 1):
        middle = (found.sum(axis=1 - axis) * np.arange(28)).sum() / mass
        assert middle == pytest.approx(13.5, abs=0.5)


def test_an_empty_drawing_is_dark_and_one_dot_fits():
    assert not centred(np.zeros((9, 9), np.uint8)).any()
    dot = np.zeros((50, 50), np.uint8)
    dot[0, 49] = 255
    assert centred(dot).shape == (28, 28) and centred(dot).any()
    with pytest.raises(Exception, match="pixels"):
        drawn_digit(png(np.zeros((40, 40), np.uint8)), limit=100)


def test_every_number_is_the_networks_own(walk, lenet, drawing):
    picture = drawn_digit(drawing, limit=10**6)
    assert decode(drawing, channels=1).shape == (112, 112, 1)
    ready = (
        torch.from_numpy(np.pad(picture[..., 0], 2).astype(np.float32) / 255 - 0.0784313725490196) / 0.7843137254901961
    )
    assert floats(walk["input"]["numbers"]).reshape(32, 32) == pytest.approx(ready.numpy(), abs=1e-6)
    with torch.no_grad():
        maps = lenet.s2(lenet.c1(ready[None, None]))
        logits = lenet(ready[None, None])[0]
    assert floats(walk["numbers"]["s2.squash"]) == pytest.approx(maps.numpy().ravel(), abs=1e-6)
    assert floats(walk["numbers"]["output.rbf"]) == pytest.approx(-logits.numpy(), rel=1e-6)
    best = walk["answer"][0]
    assert best["class"] == f"class {int(logits.argmax())}"
    assert best["share"] == pytest.approx(float(logits.double().softmax(0).max()), rel=1e-5)
    assert walk["connections"]["c3.convolution"][6] == [0, 1, 2, 3]
    assert "random" in walk["notes"][0]


def test_steps_come_by_stages_with_what_they_cost(walk):
    steps = [step for group in walk["groups"] for step in group["steps"]]
    c3 = next(step for step in steps if step["name"] == "c3.convolution")
    assert (c3["shape"], c3["parameters"], c3["macs"]) == ([16, 10, 10], 1516, 150_000)
    assert [group["stage"] for group in walk["groups"]][:5] == ["c1", "s2", "c3", "s4", "c5"]


def test_the_arithmetic_of_a_unit_is_its_tensors(empty_studio, walk):
    value = floats(walk["numbers"]["c3.squash"]).reshape(16, 10, 10)[6, 3, 4]
    told = empty_studio.json(f"walk/unit?walk={walk['walk']}&step=c3.convolution&unit=6,3,4")
    arithmetic = told["arithmetic"]
    assert arithmetic["activation"]["value"] == pytest.approx(value, abs=1e-7)
    (window,) = arithmetic["windows"]
    assert sorted(window["channels"]) == [0, 1, 2, 3] and window["rows"] == [3, 4, 5, 6, 7]
    products = np.array(window["values"]) * np.array(window["weights"])
    assert products == pytest.approx(np.array(window["terms"]), abs=1e-9)
    bias = next(line["value"] for line in arithmetic["lines"] if line["meaning"] == "bias")
    assert products.sum() + bias == pytest.approx(arithmetic["value"], abs=1e-6)
    assert arithmetic["relative_difference"] <= 1e-6
    assert told["box"] == {"top": 6, "left": 8, "bottom": 20, "right": 22, "whole": False, "known": True}


def test_maps_are_told_small_and_whole(empty_studio, walk):
    told = empty_studio.json(f"walk/maps?walk={walk['walk']}&step=c1.squash&first=2&count=3")
    assert told["maps"] == [2, 3, 4] and told["count"] == 6 and told["shape"] == [28, 28]
    whole = empty_studio.json(f"walk/maps?walk={walk['walk']}&step=c1.squash&map=4")
    maps = floats(walk["numbers"]["c1.squash"]).reshape(6, 28, 28)
    assert floats(whole["numbers"]) == pytest.approx(maps[4].ravel())
    signed = np.frombuffer(base64.b64decode(told["bytes"]), np.int8).reshape(3, 28, 28) / 127 * told["reach"]
    assert signed == pytest.approx(np.clip(maps[2:5], -told["reach"], told["reach"]), abs=told["reach"] / 250)


def test_large_maps_are_shrunk_to_means():
    from striate.studio.rooms.walk.walks import thumbnails

    maps = np.zeros((3, 100, 100), np.float32)
    maps[1, :3, :3] = 9
    maps[1, 99, 99] = -1
    told = thumbnails(maps, 0, 2, by_strength=True)
    small = np.frombuffer(base64.b64decode(told["bytes"]), np.int8).reshape(2, *told["shape"])
    assert told["maps"][0] == 1 and told["shape"] == [34, 34]
    assert small[0, 0, 0] == 127 and small[0, -1, -1] < 0 and not small[1].any()


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("walk/unit?walk={walk}&step=c9&unit=0", 404, "no step 'c9'"),
        ("walk/unit?walk={walk}&step=c1.squash&unit=0,99,0", 400, "(6, 28, 28)"),
        ("walk/unit?walk={walk}&step=c1.squash&unit=0;drop", 400, "such as 0,3,3"),
        ("walk/unit?walk=nobody&step=c1.squash&unit=0,0,0", 410, "forgotten"),
        ("walk/maps?walk={walk}&step=c1.squash&map=6", 400, "from 0 to 5"),
        ("walk/maps?walk={walk}&step=c1.squash&count=5000", 400, "from 0 to 48"),
    ],
)
def test_what_cannot_be_is_refused(empty_studio, walk, path, status, said):
    answer = empty_studio.get(f"/studio/api/{path.format(walk=walk['walk'])}")
    assert answer.status == status
    assert said in answer.json()["detail"]


def test_what_is_no_picture_is_refused(empty_studio):
    for drawn in (0, 1):
        answer = empty_studio.ask("POST", f"/studio/api/walk/picture?network=lenet5&drawn={drawn}", b"GIF8 no")
        assert answer.status == 415, answer.body
    answer = empty_studio.ask("POST", "/studio/api/walk/picture?network=nobody", b"x")
    assert answer.status == 404 and "lenet5 (digits)" in answer.json()["detail"]


def test_of_many_pictures_the_last_are_kept(empty_studio, drawing):
    tokens = [show(empty_studio, "lenet5_relu", drawing, drawn=1)["walk"] for _ in range(6)]
    first, last = (empty_studio.get(f"/studio/api/walk/maps?walk={tokens[at]}&step=c1.squash") for at in (0, -1))
    assert (first.status, last.status) == (410, 200)


def test_a_run_is_walked_through_with_its_own_classes(studio):
    assert '<option value="striped" data-kind="bundle"' in studio.page("walk")
    made = show(studio, "striped", png(np.full((40, 40, 3), 128, np.uint8)))
    assert {one["class"] for one in made["answer"]} == {"across", "bands"}
    assert sum(one["share"] for one in made["answer"]) == pytest.approx(1)
    assert made["notes"] == []


def test_the_one_that_learns_here_waits_until_it_is_asked(empty_studio, drawing):
    assert empty_studio.json("walk/lesson") == {"share": 0.0, "ready": False, "accuracy": 0.0, "problem": ""}
    answer = empty_studio.ask("POST", "/studio/api/walk/picture?network=lenet5+(digits)&drawn=1", drawing)
    assert answer.status == 409 and "let it learn first" in answer.json()["detail"]


def test_digits_are_written_in_many_hands():
    draws = np.random.default_rng(1)
    hands = [write(8, draws) for _ in range(6)]
    assert all(hand.shape == (112, 112) and 300 < (hand > 128).sum() < 6000 for hand in hands)
    assert len({hand.tobytes() for hand in hands}) == 6
    assert (write(3, np.random.default_rng(2)) == write(3, np.random.default_rng(2))).all()


@pytest.mark.slow
def test_a_lenet_learns_to_read_digits_in_seconds():
    from striate.studio.rooms.walk.digits import learnt_digits

    shares = []
    seen, accuracy = learnt_digits(shares.append, lambda: False)
    assert accuracy > 0.96 and shares[-1] == 1.0 and seen.classes == tuple("0123456789")
