"""What a classifier answers, and what it refuses."""

import io
import json
import os
import shutil

import numpy as np
import pytest
from PIL import Image

import striate
from striate.errors import BundleError, PictureError, StriateWarning, UnknownNameError
from striate.hardware import available_processors
from striate.pixels.picture_arguments import as_pictures


@pytest.fixture(scope="module")
def classifier(finished_run):
    return finished_run.classifier()


@pytest.fixture(scope="module")
def picture(striped):
    return sorted(striped.rglob("*.png"))[0]


def test_a_picture_is_the_same_however_it_comes(classifier, picture):
    array = np.asarray(Image.open(picture))
    forms = [picture, str(picture), picture.read_bytes(), Image.open(picture), array]
    rows = classifier.predict_proba(forms)
    assert rows.shape == (5, 2)
    assert (rows == rows[0]).all()
    for form in forms:
        assert np.array_equal(classifier.predict_proba(form), rows[:1])


def test_pictures_come_in_what_people_have(classifier, picture):
    data = picture.read_bytes()
    expected = classifier.predict_proba(picture)
    with picture.open("rb") as file, os.scandir(picture.parent) as entries:
        entry = next(one for one in entries if one.name == picture.name)
        for one in (bytearray(data), memoryview(data), io.BytesIO(data), file, entry, np.array(str(picture))):
            assert np.array_equal(classifier.predict_proba(one), expected)
    twice = [str(picture), str(picture)]
    for many in (np.array(twice), np.array(twice, object), tuple(twice), iter(twice), (io.BytesIO(data) for _ in "ab")):
        assert np.array_equal(classifier.predict_proba(many), np.concatenate([expected, expected]))
    assert classifier.predict(np.array([])).shape == (0,)


@pytest.mark.parametrize(
    ("pictures", "message"),
    [
        (
            None,
            "None: expected a path, a picture file's bytes, a file opened with mode 'rb', a PIL picture or an array of uint8, got None",
        ),
        ({"a.jpg"}, "the pictures: expected one picture, or many in their order, got a set"),
        ({"a.jpg": 1}, "the pictures: expected one picture, or many in their order, got a dict"),
        (
            "https://example.org/cat.jpg",
            "https://example.org/cat.jpg: this is a URL, and nothing is downloaded: save the picture, and give the path of the file",
        ),
    ],
)
def test_what_is_no_picture_is_refused_in_one_sentence(classifier, pictures, message):
    for method in (classifier.predict, classifier.predict_proba, classifier.features, classifier.decision_function):
        with pytest.raises(PictureError) as caught:
            method(pictures)
        assert str(caught.value) == message


def test_rows_are_probabilities_of_the_named_classes(classifier, striped):
    paths = sorted(striped.rglob("*.png"))
    rows = classifier.predict_proba(paths)
    assert np.allclose(rows.sum(axis=1), 1)
    assert rows.dtype == np.float64
    names = classifier.predict(paths)
    assert names.tolist() == [classifier.classes[place] for place in rows.argmax(axis=1)]
    assert classifier.classes == ("across", "bands")


def test_grey_arrays_and_stacks(classifier):
    grey = np.zeros((20, 30), np.uint8)
    assert classifier.predict(grey).shape == (1,)
    assert classifier.predict(np.zeros((4, 20, 30), np.uint8)).shape == (4,)
    assert classifier.predict(np.zeros((4, 20, 30, 3), np.uint8)).shape == (4,)
    assert len(as_pictures(np.zeros((20, 30, 3), np.uint8))) == 1


def test_a_picture_with_alpha_as_an_array_is_the_picture_as_a_file(classifier):
    rgba = np.random.default_rng(0).integers(0, 256, (24, 20, 4), dtype=np.uint8)
    for array in (rgba, rgba[..., 2:], rgba[..., :1]):
        file = io.BytesIO()
        Image.fromarray(array[..., 0] if array.shape[2] == 1 else array).save(file, "PNG")
        rows = classifier.predict_proba(array)
        assert rows.shape == (1, 2)
        assert np.array_equal(rows, classifier.predict_proba(file))
    assert classifier.predict(np.stack([rgba, rgba])).shape == (2,)
    assert classifier.features(rgba).shape == (1, 64)
    with pytest.raises(PictureError, match=r"which may be a picture with its channels first, or 3 grey ones"):
        classifier.predict(rgba[..., :3].transpose(2, 0, 1))


def test_no_picture_is_no_row(classifier):
    assert classifier.predict([]).shape == (0,)
    assert classifier.predict_proba([]).shape == (0, 2)
    assert classifier.features([]).shape == (0, 64)


def test_features_are_what_the_head_sees(classifier, picture):
    features = classifier.features(picture)
    assert features.shape == (1, 64)
    head = classifier.network().head
    logits = features @ head.weight.detach().numpy().T + head.bias.detach().numpy()
    assert np.allclose(logits, classifier.decision_function(picture), atol=1e-4)


def test_the_result_does_not_depend_on_the_batch(classifier, striped):
    paths = sorted(striped.rglob("*.png"))
    together = classifier.decision_function(paths)
    alone = np.concatenate([classifier.decision_function(path) for path in paths[:5]])
    assert np.allclose(together[:5], alone, atol=1e-4)


@pytest.mark.parametrize("bad", ["nothing.jpg", b"not a picture", np.zeros((0, 5), np.uint8)])
def test_a_bad_picture_raises(classifier, picture, bad):
    with pytest.raises(PictureError):
        classifier.predict([picture, bad])


def test_torch_gives_the_same(finished_run, classifier, striped):
    paths = sorted(striped.rglob("*.png"))[:10]
    other = finished_run.classifier(engine="torch")
    assert np.allclose(other.decision_function(paths), classifier.decision_function(paths), atol=1e-4)
    assert repr(other) == "<Classifier resnet20 of 2 classes, torch fp32>"


def test_a_bundle_loads_in_another_precision(finished_run):
    torch_bf16 = finished_run.classifier(engine="torch", precision="bf16")
    assert torch_bf16.engine.precision == "bf16"
    assert 1e-5 < torch_bf16.canary_difference < torch_bf16.contract.precisions["bf16"].tolerance
    # Where the processor has no bf16, OpenVINO computes in fp32, and says so.
    assert finished_run.classifier(precision="bf16").engine.precision in ("fp32", "bf16")


@pytest.mark.parametrize(("option", "value"), [("engine", "openvion"), ("precision", "fp31")])
def test_unknown_names(finished_run, option, value):
    with pytest.raises(UnknownNameError, match=f"unknown {option} '{value}'; did you mean"):
        striate.load(finished_run.folder, **{option: value})


def test_the_stream_keeps_the_order_and_goes_on_after_errors(classifier, striped, tmp_path):
    good = sorted(striped.rglob("*.png"))
    bad = tmp_path / "text.jpg"
    bad.write_text("this is no picture")
    paths = [*good[:40], bad, *good[40:], tmp_path / "missing.png"]
    rows = list(classifier.stream(iter(paths), batch_size=7, top=1))
    assert [row.path for row in rows] == [str(path) for path in paths]
    failed = [row for row in rows if row.error]
    assert [row.path for row in failed] == [str(bad), str(tmp_path / "missing.png")]
    assert all(row.label is None and row.probability is None and row.top == () for row in failed)
    expected = classifier.predict(good).tolist()
    assert [row.label for row in rows if not row.error] == expected
    assert rows[0].top == ((rows[0].label, rows[0].probability),)
    assert json.loads(json.dumps(failed[0].to_dict()))["error"] == failed[0].error


def test_the_stream_takes_what_people_have(classifier, picture):
    data, path = picture.read_bytes(), str(picture)
    with picture.open("rb") as file:
        rows = list(
            classifier.stream([data, io.BytesIO(data), file, np.zeros((8, 9, 4), np.uint8), None, Image.open(picture)])
        )
    assert [row.path for row in rows] == ["a picture in memory", "a picture in memory", path, "an array", "None", path]
    assert [row.error is None for row in rows] == [True, True, True, True, False, True]
    assert [row.path for row in classifier.stream(np.array([path, path]))] == [path, path]
    assert [row.path for row in classifier.stream(path)] == [path]


def test_the_stream_reads_only_a_little_ahead(classifier, picture):
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield picture

    stream = classifier.stream(endless(), batch_size=4)
    for _ in range(20):
        next(stream)
    stream.close()
    assert len(taken) <= 20 + 4 * (2 * (available_processors() + 1) + 1)


def resealed(run, folder, change, reseal):
    """A copy of the run's bundle with a change that every digest, also the canaries' own, was made to agree with."""
    shutil.copytree(run.folder / "bundle", folder)
    contract = json.loads((folder / "contract.json").read_text())
    change(folder, contract)
    return reseal(folder, contract)


def turn_a_weight(folder, contract, name="engine.bin"):
    content = bytearray((folder / name).read_bytes())
    content[-len(content) // 2 // 4 * 4 + 3] ^= 0x40  # the exponent of one weight
    (folder / name).write_bytes(content)


FAULTS = {
    "class order": lambda folder, contract: contract["classes"].reverse(),
    "mean": lambda folder, contract: contract["preprocessing"].update(
        mean=[value + 0.02 for value in contract["preprocessing"]["mean"]]
    ),
    "deviation": lambda folder, contract: contract["preprocessing"].update(
        std=[value * 1.05 for value in contract["preprocessing"]["std"]]
    ),
    "filter": lambda folder, contract: contract["preprocessing"].update(filter="bicubic"),
    "squash instead of crop": lambda folder, contract: contract["preprocessing"].update(resize="exact"),
    "grey weights": turn_a_weight,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_canaries_tell_even_when_every_digest_agrees(finished_run, tmp_path, fault, reseal):
    folder = resealed(finished_run, tmp_path / "bundle", FAULTS[fault], reseal)
    with pytest.raises(BundleError, match="the canaries do not give their sealed logits"):
        striate.load(folder)


def test_without_a_change_the_resealed_bundle_loads(finished_run, tmp_path, reseal):
    folder = resealed(finished_run, tmp_path / "bundle", lambda folder, contract: None, reseal)
    assert striate.load(folder).canary_difference < 1e-5


def test_a_runtime_that_forgets_a_step_is_refused(finished_run, monkeypatch):
    """Faults of the code that reads pictures, not of the bundle."""
    from striate.pixels import Preprocessing

    honest = Preprocessing.pixels

    def without_exif(self, source, **options):
        if isinstance(source, bytes):
            buffer = io.BytesIO()
            with Image.open(io.BytesIO(source)) as picture:
                picture.getexif().clear()
                picture.copy().save(buffer, "PNG", exif=Image.Exif())
            source = buffer.getvalue()
        return honest(self, source, **options)

    faults = {
        "colours exchanged": lambda self, source, **options: honest(self, source, **options)[..., ::-1],
        "mirrored": lambda self, source, **options: honest(self, source, **options)[:, ::-1],
        "exif ignored": without_exif,
        "too dark": lambda self, source, **options: honest(self, source, **options) // 2,
    }
    for fault in faults.values():
        monkeypatch.setattr(Preprocessing, "pixels", fault)
        with pytest.raises(BundleError, match="canaries"):
            striate.load(finished_run.folder)


@pytest.fixture(scope="module")
def grey_bundle(tmp_path_factory):
    """A small grey network whose canaries are made of pictures that are of its input's size already, and black."""
    from striate.bundle import SeenPictures
    from striate.models import create_model
    from striate.pixels import Preprocessing
    from striate.sealing.seal import seal

    rule = Preprocessing(colour="grey", resize="exact", resize_size=(28, 28), crop=(32, 32), mean=(0.1,), std=(0.3,))
    sealed = seal(
        create_model("lenet5", seed=0),
        tmp_path_factory.mktemp("grey") / "bundle",
        model="lenet5",
        classes=tuple("0123456789"),
        preprocessing=rule,
        splits=[],
        canary_pictures=rule.canaries([np.zeros((28, 28), np.uint8)]),
        seen=SeenPictures.of(np.empty((0, 32), np.uint8)),
        data={"name": "drawn", "fingerprint": "", "training_pictures": 0},
    )
    return sealed.bundle.folder


@pytest.mark.parametrize("colours", ["grey", "rgb"])
@pytest.mark.parametrize("fault", ["nearest", "box", "hamming", "bicubic", "lanczos", "no antialias"])
def test_a_runtime_that_resizes_otherwise_is_refused(finished_run, grey_bundle, monkeypatch, colours, fault):
    import torch

    from striate.pixels import Preprocessing

    honest = Preprocessing.fitted

    def fitted(self, picture, name):
        width, height = self._resized_size(*picture.size)
        if fault == "no antialias":
            tensor = torch.from_numpy(np.array(picture).reshape(picture.height, picture.width, -1)).permute(2, 0, 1)
            tensor = torch.nn.functional.interpolate(tensor[None].float(), (height, width), mode="bilinear")
            pixels = tensor[0].round().byte().permute(1, 2, 0).numpy()
            other = Image.fromarray(pixels if self.channels == 3 else pixels[:, :, 0])
        else:
            other = picture.resize((width, height), Image.Resampling[fault.upper()])
        # What is of the right size already is not resized again.
        return honest(self, other, name)

    folder = grey_bundle if colours == "grey" else finished_run.folder
    assert striate.load(folder).canary_difference < 1e-4
    monkeypatch.setattr(Preprocessing, "fitted", fitted)
    with pytest.raises(BundleError, match=r"do not give their sealed logits|is prepared otherwise than it was sealed"):
        striate.load(folder)


def test_an_older_bundle_predicts_with_a_notice(older_bundle, finished_run, picture):
    with pytest.warns(StriateWarning, match="was sealed by an earlier version"):
        classifier = striate.load(older_bundle)
    assert np.array_equal(classifier.decision_function(picture), finished_run.classifier().decision_function(picture))
