"""A picture, its answer under every slider, the curve, the map and the nearest training pictures."""

import base64
import dataclasses
import io
import json
import shutil
import time

import numpy as np
import pytest
from PIL import Image

import striate
from striate.robustness import keeping, view
from striate.robustness.shifts import KNOWN as ROWS
from striate.serving.item_answer import ItemAnswer
from striate.studio.rooms.try_it import dials
from striate.studio.rooms.try_it.answering import told
from striate.studio.rooms.try_it.dials import DIALS, Shifting
from striate.studio.rooms.try_it.pictures import MOST, Pictures, drawing_of
from striate.tasks.prediction import Doubt, Prediction

DRAWN = np.random.default_rng(1).integers(0, 256, (48, 40, 3), dtype=np.uint8)
BY_NAME = dials.KNOWN


def value_of(dial, level):
    """A level of the limits card as its slider has it."""
    (number,) = level.numbers if dial.name != "exposure" else (level.size,)
    return {"contrast": 100 - number, "jpeg": 100 - number, "scale": number / 100}.get(dial.name, number)


@pytest.mark.parametrize("name", ["temperature", "scale", "contrast", "noise", "blur", "motion", "jpeg", "exposure"])
def test_a_slider_does_what_the_limits_card_does(name):
    dial = BY_NAME[name]
    for place, row in enumerate(dial.rows):
        shift = ROWS[row]
        for level, known in enumerate(shift.levels):
            value = value_of(dial, known)
            if name == "exposure" and place == 0:
                value = -value
            if not dial.least <= value <= dial.most or (value > dial.neutral) != bool(place):
                continue
            expected = shift.apply(DRAWN, level, seed=3, picture=77)
            found = Shifting({name: value}, seed=3).apply(DRAWN, picture=77)
            np.testing.assert_array_equal(found, expected, err_msg=f"{row} {known.size}")


def test_sliders_have_both_directions_of_what_the_card_draws_one_of():
    generator = np.random.default_rng
    for degrees in (10, 45):
        both = [Shifting({"rotation": sign * degrees}).apply(DRAWN, picture=0) for sign in (-1, 1)]
        drawn = [view.turn(DRAWN, (degrees,), generator(seed)) for seed in range(8)]
        assert {one.tobytes() for one in drawn} == {one.tobytes() for one in both}
        both = [Shifting({"tilt": sign * degrees}).apply(DRAWN, picture=0).tobytes() for sign in (-1, 1)]
        drawn = {view.tilt(DRAWN, (degrees,), generator(seed)).tobytes() for seed in range(40)}
        assert set(both) < drawn and len(drawn) == 4
    down, across = generator(5).random(2)
    covered = Shifting({"covered": 20}, (down, across)).apply(DRAWN, picture=0)
    np.testing.assert_array_equal(covered, keeping.cover(DRAWN, (20,), generator(5)))


def test_a_picture_turned_to_the_right_has_its_top_on_the_right():
    picture = np.zeros((41, 41, 1), np.uint8)
    picture[2:6, 18:23] = 255
    turned = Shifting({"rotation": 90}).apply(picture, picture=0)
    assert turned[20, 36, 0] == 255 and turned[20, 4, 0] == 0 and turned[4, 20, 0] == 0


def test_all_sliders_work_in_the_order_of_a_camera():
    values = {"noise": 20, "rotation": 10, "exposure": -1}
    step = DRAWN
    for name in ("rotation", "exposure", "noise"):
        step = Shifting({name: values[name]}, seed=1).apply(step, picture=5)
    np.testing.assert_array_equal(Shifting(values, seed=1).apply(DRAWN, picture=5), step)
    neutral = {dial.name: dial.neutral for dial in DIALS}
    assert Shifting(neutral).apply(DRAWN, picture=5) is DRAWN


@pytest.mark.parametrize("dial", DIALS, ids=lambda dial: dial.name)
def test_points_go_over_the_whole_range(dial):
    points = dial.points()
    assert len(points) == dials.POINTS and points == sorted(set(points))
    assert (points[0], points[-1]) == (dial.least, dial.most) and dial.neutral in points
    grey = DRAWN[..., :1]
    for value in (dial.least, dial.most):
        for pixels in (DRAWN, grey):
            found = Shifting({dial.name: value}).apply(pixels, picture=1)
            assert found.shape == pixels.shape and found.dtype == np.uint8
            same = value == dial.neutral or (dial.coloured and pixels is grey)
            assert np.array_equal(found, pixels) == same, value


def test_the_newest_pictures_are_held():
    pictures = Pictures()
    names = [pictures.keep(bytes([number])).name for number in range(MOST + 3)]
    assert pictures.find(names[-1]).content == bytes([MOST + 2])
    assert pictures.keep(bytes([MOST])).name == names[MOST]
    with pytest.raises(Exception, match="held no more; show it again"):
        pictures.find(names[2])
    assert pictures.find(names[3]).content == bytes([3])


@pytest.fixture(scope="module")
def shown(studio):
    """A sample of the bundle, shown: its bytes, and what requests call it."""
    content = studio.get("/studio/api/try/samples/striped/0").body
    answer = studio.ask("POST", "/studio/api/try/pictures", content)
    assert answer.status == 200, answer.body
    return content, answer.json()["picture"]


def refused(studio, path, table):
    answer = studio.ask(
        "POST", f"/studio/api/try/{path}", table if isinstance(table, bytes) else json.dumps(table).encode()
    )
    return answer.status, answer.json()["detail"]


def test_the_answer_is_that_of_predict(studio, shown, finished_run):
    content, picture = shown
    classifier = striate.load(finished_run.folder)
    found = studio.json("try/answer", {"model": "striped", "picture": picture})
    expected = classifier.predict_proba([content])[0]
    assert [place for place, _ in found["rows"]] == np.argsort(-expected, kind="stable").tolist()
    np.testing.assert_allclose([share for _, share in found["rows"]], np.sort(expected)[::-1], rtol=0, atol=1e-9)
    assert found["label"] == classifier.predict([content])[0]
    assert found["abstains"] is False and found["reason"] is None


def test_it_shows_what_the_network_is_shown_and_answers_to_that(studio, shown, finished_run):
    content, picture = shown
    classifier = striate.load(finished_run.folder)
    values = {"rotation": 30, "noise": 12, "covered": 9}
    asked = {"model": "striped", "picture": picture, "values": values, "place": [0.2, 0.9], "seed": 4}
    found = studio.json("try/answer", asked)
    clean = classifier.contract.preprocessing.encode(content)
    pixels = Shifting(values, (0.2, 0.9), 4).apply(clean, picture=int(picture[:12], 16))
    kind, _, data = found["shown"].partition(",")
    assert kind == "data:image/png;base64"  # small ones lose nothing
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))), pixels)
    expected = classifier.probabilities(classifier.logits_of_pixels(pixels[None]))[0]
    np.testing.assert_allclose(dict(found["rows"])[int(expected.argmax())], expected.max(), rtol=0, atol=1e-9)
    assert studio.json("try/answer", asked) == found


def test_of_many_classes_the_most_probable_and_those_that_are_followed_are_told():
    stand = dataclasses.make_dataclass("Stand", ["classifier", "task", "sequential"])
    bundle = stand(stand(None, stand(None, None, False), None), None, None)
    shares = np.linspace(0, 1, 40)
    doubt = Doubt("c39", 0.3, True, "the probability is below 0.4", ("c39", "c38"), 2.5)
    prediction = Prediction("picture", "c39", 0.3, (("c39", 0.3),), doubt=doubt)
    answer = ItemAnswer(prediction, shares, shares, shares)
    found = told(answer, bundle, (3, 38))
    assert found["rows"] == [[place, shares[place]] for place in (*range(39, 31, -1), 3)]
    assert found["abstains"] is True and found["reason"] == "the probability is below 0.4"
    assert found["set"] == ["c39", "c38"] and found["unfamiliarity"] == 2.5
    strings = stand(stand(None, stand(None, None, True), None), None, None)
    assert told(answer, strings)["rows"] == []


def test_a_curve_is_made_of_answers(studio, shown):
    asked = {"model": "striped", "picture": shown[1], "values": {"exposure": -1}}
    points = [-90, -12.5, 0, 90]
    found = studio.json("try/curve", {**asked, "dial": "rotation", "points": points})
    for row, value in zip(found["rows"], points, strict=True):
        one = studio.json("try/answer", {**asked, "values": {"exposure": -1, "rotation": value}})
        assert row["value"] == value and row["label"] == one["label"]
        np.testing.assert_allclose(row["probability"], one["probability"], rtol=0, atol=1e-6)


def test_what_makes_no_sense_is_said(studio, shown):
    asked = {"model": "striped", "picture": shown[1]}
    cases = [
        ("answer", b"[]", 400, "the body must be JSON"),
        ("answer", b"{", 400, "the body must be JSON"),
        ("answer", {**asked, "model": "stripes"}, 404, "did you mean 'striped'?"),
        ("answer", {**asked, "model": 3}, 400, "model must be a name"),
        ("answer", {**asked, "picture": "0" * 24}, 404, "held no more; show it again"),
        ("answer", {**asked, "values": {"twist": 1}}, 400, "there is no slider 'twist'; there is tilt, scale"),
        ("answer", {**asked, "values": {"rotation": 91}}, 400, "rotation must be a number from -90 to 90, got 91"),
        ("answer", {**asked, "values": {"rotation": True}}, 400, "rotation must be a number"),
        ("answer", {**asked, "values": [1]}, 400, "values must be an object"),
        ("answer", {**asked, "place": [0, 2]}, 400, "place must be two numbers from 0 to 1"),
        ("answer", {**asked, "seed": -1}, 400, "seed must be a whole number"),
        ("answer", {**asked, "follow": [99]}, 400, "follow must be at most 12 places"),
        ("answer", b'{"model": "striped", "picture": "x", "values": {"rotation": NaN}}', 404, "held no more"),
        ("curve", {**asked, "dial": "rotation", "points": []}, 400, "points must be 1 to 15 values"),
        ("curve", {**asked, "dial": [], "points": [0]}, 400, "there is no slider"),
        ("pictures", b"no picture", 422, "the picture"),
        ("text", {"model": "striped", "text": "hello"}, 400, "is given pictures, not texts"),
    ]
    for path, table, status, said in cases:
        found = refused(studio, path, table)
        assert found[0] == status and said in found[1], (path, table, found)
    body = b'{"model": "striped", "picture": "%s", "values": {"rotation": NaN}}' % shown[1].encode()
    assert refused(studio, "answer", body) == (400, "rotation must be a number from -90 to 90, got nan")
    assert studio.get("/studio/api/try/samples/striped/9").status == 404
    assert studio.get("/studio/api/try/neighbours/striped/x").status == 404


def ended(studio, ask):
    """What is answered once a job has ended."""
    for _ in range(600):
        found = ask()
        if found["ended"]:
            return found
        time.sleep(0.05)
    raise AssertionError(found)


def test_the_map_is_that_of_explain_and_it_is_tested(studio, shown):
    content, picture = shown
    found = studio.json("try/explain", {"model": "striped", "picture": picture})
    answer = studio.ask("POST", "/explain?model=striped", content, Content_Type="image/png").json()
    heat = np.array(answer["heat"])
    np.testing.assert_allclose([found["most"], found["least"]], [heat.max(), heat.min()], rtol=0, atol=2e-5)
    layer = np.asarray(Image.open(io.BytesIO(base64.b64decode(found["overlay"].partition(",")[2]))))
    assert layer.shape == (*heat.shape, 4)
    np.testing.assert_allclose(layer[..., 3], abs(heat) / abs(heat).max() * 200, rtol=0, atol=0.6)
    strong = abs(heat) > 1e-3
    assert ((layer[..., 0] > layer[..., 2]) == (heat > 0))[strong].all()
    result = ended(studio, lambda: studio.json(f"try/jobs/{found['check']['job']}"))
    assert result["refusal"] == "" and result["result"]["passed"] == (not result["result"]["warnings"])
    assert result["result"]["similarity"] <= 1


def test_the_nearest_training_picture_of_one_is_itself(studio, striped):
    path = sorted(striped.rglob("*.png"))[0]
    found = []
    for content in (path.read_bytes() for path in sorted(striped.rglob("*.png"))[:12]):
        picture = studio.ask("POST", "/studio/api/try/pictures", content).json()["picture"]
        asked = {"model": "striped", "picture": picture}
        answer = ended(studio, lambda asked=asked: studio.json("try/neighbours", asked))
        found.append((content, answer))
    assert {answer["compared"] for _, answer in found} == {answer["of"] for _, answer in found}
    itself = [
        (content, answer["found"][0])
        for content, answer in found
        if answer["found"][0]["similarity"] > 0.99999
        and answer["found"][0]["key"].endswith(".png")
        and (striped / answer["found"][0]["key"]).read_bytes() == content
    ]
    assert len(itself) >= 6  # most of them were learnt from
    thumbnail = studio.get(f"/studio/api/try/neighbours/striped/{itself[0][1]['place']}")
    assert thumbnail.status == 200 and thumbnail.headers["Content-Type"] == "image/png"
    similarities = [one["similarity"] for one in found[0][1]["found"]]
    assert similarities == sorted(similarities, reverse=True) and len(similarities) == 8
    assert path.parent.name in {one["label"] for one in found[0][1]["found"]}


def test_a_bundle_without_its_run_says_why_it_has_no_neighbours(studio, finished_run, tmp_path):
    from striate.studio.rooms.try_it.neighbours import training_pictures

    shutil.copytree(finished_run.folder / "bundle", tmp_path / "alone")
    alone = dataclasses.make_dataclass("Alone", ["classifier", "place", "name"])
    classifier = striate.load(tmp_path / "alone")
    assert training_pictures(alone(classifier, tmp_path / "alone", "alone"), None) == "no_run"


def test_a_drawing_is_like_the_bundles_own_pictures(tmp_path):
    def grey(ink, paper):
        picture = np.full((40, 40), paper, np.uint8)
        picture[5:35, 15:25] = ink
        return picture

    class Stand:
        def __init__(self, channels):
            self.classifier = self.contract = self.bundle = self
            self.preprocessing = striate.Preprocessing(
                colour="grey" if channels == 1 else "rgb", resize="exact", resize_size=(28, 28),
                mean=(0.5,) * channels, std=(0.5,) * channels,
            )  # fmt: skip

        def canary_path(self, name):
            return tmp_path / name

    for ink, paper in ((250, 3), (3, 250)):
        for name in ("0.png", "1.png", "2.jpg"):
            Image.fromarray(grey(ink, paper)).save(tmp_path / name)
        assert drawing_of(Stand(1)) == {"share": 0.75, "dark": ink > paper}
    assert drawing_of(Stand(3)) is None


def test_without_a_classifier_the_page_says_how_to_get_one(empty_studio):
    text = empty_studio.page("try")
    assert "striate train digits --output runs/digits" in text
    assert 'href="/studio/catalogue?lang=en"' in text and "room.js" not in text
