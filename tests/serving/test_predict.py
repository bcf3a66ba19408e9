"""Pictures in forms: what comes back is what `striate predict` says."""

import dataclasses
import json
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

import striate


def test_a_form_with_pictures_gets_the_rows_of_predict(server, finished_run, picture_files, striped):
    reply = server.form("/predict?model=striped&top=2", picture_files)
    assert reply.status == 200
    expected = list(striate.predict(finished_run, [str(path) for path in sorted(striped.rglob("*.png"))[::8]], top=2))
    told = reply.json()
    assert told["model"] == "striped"
    assert told["version"] == finished_run.classifier().bundle.digest[:12]
    for row, one in zip(told["predictions"], expected, strict=True):
        assert row["label"] == one.label
        assert row["probability"] == pytest.approx(one.probability, abs=1e-6)
        assert [each["label"] for each in row["top"]] == [label for label, _ in one.top]
    assert [row["path"] for row in told["predictions"]] == [name for name, _ in picture_files]


def test_a_file_alone_is_a_picture(server, picture_files):
    reply = server.post("/predict?model=striped", picture_files[0][1], "image/png")
    assert reply.status == 200
    assert len(reply.json()["predictions"]) == 1


def test_one_of_several_that_cannot_be_read_is_a_row_with_its_error(server, picture_files):
    reply = server.form("/predict?model=striped", [picture_files[0], ("notes.txt", b"no picture"), picture_files[1]])
    assert reply.status == 200
    rows = reply.json()["predictions"]
    assert [row["error"] is None for row in rows] == [True, False, True]
    assert rows[1] == {
        "path": "notes.txt",
        "label": None,
        "probability": None,
        "top": [],
        "error": "the file is no JPEG, PNG, BMP, GIF, TIFF, WebP, AVIF, JPEG 2000 or HEIC picture",
    }


@pytest.mark.parametrize(
    ("path", "body", "media_type", "status", "said"),
    [
        ("/predict?model=striped", b"no picture", "image/png", 422, "picture: the file is no JPEG"),
        ("/predict?model=striped", b"", "image/png", 422, "picture: the file is empty"),
        ("/predict?model=striped", b"{}", "application/json", 415, "Content-Type 'application/json' is not taken"),
        ("/predict?model=striped", b"rubbish", "multipart/form-data; boundary=edge", 400, "the form cannot be read"),
        ("/predict?model=striped", b"rubbish", "multipart/form-data", 400, "the form cannot be read"),
        ("/predict?model=striped", b"--edge--\r\n", "multipart/form-data; boundary=edge", 400, "there is no picture"),
        ("/predict", b"x", "image/png", 400, "which model? name one of 'striped', 'films': ?model=striped"),
        ("/predict?model=stripes", b"x", "image/png", 404, "there is no model 'stripes'; did you mean 'striped'?"),
        ("/predict?model=striped&version=1", b"x", "image/png", 404, "model 'striped' has no version '1'; there is '"),
        ("/predict?model=striped&top=0", b"x", "image/png", 400, "top must be a whole number from 1 to 1,000, got '0'"),
        ("/predict?model=striped&top=%D9%A3", b"x", "image/png", 400, "top must be a whole number"),
    ],
)
def test_what_cannot_be_answered_says_why(server, path, body, media_type, status, said):
    reply = server.post(path, body, media_type)
    told = reply.json()
    assert reply.status == status == told["status"], told
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert said in told["detail"]
    assert told["error"] == told["detail"]
    assert told["request_id"] == reply.headers["X-Request-Id"]


def test_a_picture_with_too_many_pixels_is_413(run_server, finished_run, picture_files):
    from striate.serving import ServingLimits

    small = run_server([finished_run.folder], ServingLimits(pixels=1000))
    reply = small.form("/predict", [picture_files[0]])
    assert reply.status == 413
    assert "more than the limit of 1,000" in reply.json()["detail"]
    small.end()


def test_sentences_are_lines_or_json(server, film_run):
    sentences = ["a wonderful film", "a dull film"]
    by_lines = server.post("/predict?model=films", "\n".join(sentences).encode(), "text/plain; charset=utf-8")
    by_json = server.post("/predict?model=films", json.dumps({"sentences": sentences}), "application/json")
    assert by_lines.status == by_json.status == 200
    assert by_lines.json()["predictions"] == by_json.json()["predictions"]
    expected = [row.label for row in striate.predict(film_run, sentences)]
    assert [row["label"] for row in by_json.json()["predictions"]] == expected
    refused = server.post("/predict?model=films", b"\xff\xfe\xfd", "text/plain")
    assert (refused.status, refused.json()["detail"][:20]) == (400, "the text is not UTF-")
    assert server.post("/predict?model=films", b"[1]", "application/json").status == 400
    assert server.post("/predict?model=films", b"x", "image/png").status == 415


def test_explain_is_the_drop_behind_a_patch(server, finished_run, picture_files):
    reply = server.form("/explain?model=striped", [picture_files[0]])
    told = reply.json()
    classifier = striate.load(finished_run, precision="auto")
    pixels = classifier.contract.preprocessing.encode(picture_files[0][1])
    target = classifier.classes.index(told["target"])
    whole = classifier.probabilities(classifier.logits_of_pixels(pixels[np.newaxis]))[0]
    assert told["probability"] == pytest.approx(whole[target], abs=1e-6)
    heat = np.array(told["heat"])
    assert heat.shape == pixels.shape[:2]
    # The corner pixel is hidden by the first patch alone.
    down, across = told["patch"]
    mean = classifier.contract.preprocessing
    scale, shift = mean.scale_and_shift
    covered = pixels.copy()
    covered[:down, :across] = np.round(-shift / scale).astype(np.uint8)
    hidden = classifier.probabilities(classifier.logits_of_pixels(covered[np.newaxis]))[0]
    assert heat[0, 0] == pytest.approx(whole[target] - hidden[target], abs=2e-5)

    drawn = server.form("/explain?model=striped", [picture_files[0]], headers={"Accept": "image/png"})
    picture = Image.open(BytesIO(drawn.body))
    assert picture.size == (pixels.shape[1], pixels.shape[0])
    assert picture.text["Title"] == told["target"]
    assert picture.text["Description"] == (
        f"occlusion: red where the probability of {told['target']}, {told['probability']:.3f}, rests"
    )
    unknown = server.form("/explain?model=striped&target=acros", [picture_files[0]])
    assert (unknown.status, unknown.json()["detail"]) == (400, "there is no class 'acros'; did you mean 'across'?")
    unlike = server.form("/explain?model=striped&target=7", [picture_files[0]])
    assert (unlike.status, unlike.json()["detail"]) == (400, "there is no class '7'; /v2/models/striped lists them")
    several = server.form("/explain?model=striped", picture_files[:2])
    assert (several.status, several.json()["detail"]) == (400, "expected one picture, got 2")
    words = server.post("/explain?model=films", b"a film", "text/plain")
    assert (words.status, words.json()["detail"]) == (400, "model 'films' is given sentences; maps are of pictures")


def test_any_class_is_explained_and_of_several_labels_each(run_server, label_run, labelled):
    labels = run_server([f"labels={label_run.folder}"])
    path = sorted(labelled.parent.rglob("*.png"))[0]
    classifier = striate.load(label_run, precision="auto")
    pixels = classifier.contract.preprocessing.encode(path)
    whole = classifier.probabilities(classifier.logits_of_pixels(pixels[np.newaxis]))[0]
    for place, target in enumerate(("blue", "red")):
        assert classifier.classes[place] == target
        told = labels.form(f"/explain?target={target}", [("a.png", path.read_bytes())]).json()
        assert (told["target"], told["probability"]) == (target, pytest.approx(whole[place], abs=1e-6))
    unasked = labels.form("/explain", [("a.png", path.read_bytes())]).json()
    assert unasked["target"] == classifier.classes[int(whole.argmax())]
    labels.end()


def test_strings_have_no_maps_of_classes(server, picture_files, monkeypatch):
    classifier = server.models.find("striped").classifier
    monkeypatch.setattr(classifier, "task", dataclasses.replace(classifier.task, sequential=True))
    refused = server.form("/explain?model=striped", picture_files[:1])
    assert (refused.status, refused.json()["detail"]) == (400, "model 'striped' reads strings; maps are of classes")
