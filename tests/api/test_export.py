"""A bundle as a file for other programs: what is in it, what it is compared on, and what is left where it fails."""

import dataclasses
import errno
import io
import json

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image, ImageEnhance

import striate
from striate.conversion.formats import FORMATS, open_openvino
from striate.data import check_pictures, load_data, open_store
from striate.data.examples import SplitExamples
from striate.errors import ExportError, UnknownNameError, UsageError
from striate.openvino_loading import openvino_core
from striate.pixels import decode
from striate.training.inputs import prepare_inputs


@pytest.fixture(scope="module")
def exported(finished_run, tmp_path_factory):
    """An ONNX file with preprocessing."""
    return striate.export(finished_run, tmp_path_factory.mktemp("onnx") / "striped.onnx", with_preprocessing=True)


@pytest.fixture(scope="module")
def session(exported):
    return onnxruntime.InferenceSession(str(exported.path), providers=["CPUExecutionProvider"])


@pytest.mark.slow
def test_the_file_was_compared_before_it_was_there(exported):
    agreement = exported.agreement
    assert (agreement.pictures, agreement.same_label, agreement.canaries) == (100, 100, 6)
    assert agreement.logits_difference < 1e-5 and agreement.canaries_difference < 1e-5
    assert agreement.pictures_from == "100 made from the canaries"
    assert [path.name for path in exported.path.parent.iterdir()] == ["striped.onnx"]
    table = json.loads(json.dumps(exported.to_dict()))
    assert table["opset"] == 18 and table["agreement"]["same_label"] == 100


@pytest.mark.slow
def test_the_file_says_what_it_is(finished_run, session):
    said = session.get_modelmeta().custom_metadata_map
    contract = finished_run.contract
    assert json.loads(said["classes"]) == ["across", "bands"]
    assert json.loads(said["preprocessing"]) == contract.preprocessing.to_dict()
    assert json.loads(said["preprocessing_in_graph"]) is True
    assert said["model"] == "resnet20" and said["opset"] == "18" and said["striate_version"] == striate.__version__
    assert said["contract_digest"] == contract.to_dict()["digest"]
    assert [(one.name, one.shape, one.type) for one in session.get_inputs()] == [
        ("images", ["batch", "height", "width", 3], "tensor(uint8)")
    ]


@pytest.mark.slow
def test_a_batch_of_pictures_goes_in(session, finished_run):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 37, 71, 3)).astype(np.uint8)
    logits, features = session.run(["logits", "features"], {"images": pixels})
    expected = finished_run.classifier().decision_function(list(pixels))
    assert np.allclose(logits, expected, atol=1e-4) and features.shape == (5, 64)


def in_another_form(picture, number, generator):
    """An encoded picture of one of 30 formats and modes, and of any of 8 orientations where the format states one."""
    exif = Image.Exif()
    exif[0x0112] = 1 + number % 8
    alpha = Image.fromarray(generator.integers(0, 256, picture.size[::-1]).astype(np.uint8))
    grey = picture.convert("L")

    def see_through(opaque):
        opaque.putalpha(alpha)
        return opaque

    def sixteen():
        return Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)

    forms = [
        (lambda: picture, "JPEG", {"quality": 95, "subsampling": 0, "exif": exif}),
        (lambda: picture, "JPEG", {"quality": 30, "exif": exif}),
        (lambda: picture, "JPEG", {"progressive": True, "exif": exif}),
        (lambda: grey, "JPEG", {"exif": exif}),
        (lambda: picture.convert("CMYK"), "JPEG", {}),
        (lambda: picture, "PNG", {"exif": exif}),
        (lambda: see_through(picture), "PNG", {"exif": exif}),
        (lambda: grey, "PNG", {}),
        (lambda: see_through(grey), "PNG", {}),
        (lambda: picture.quantize(64), "PNG", {}),
        (lambda: picture.quantize(64), "PNG", {"transparency": 3}),
        (lambda: picture.convert("1"), "PNG", {}),
        (sixteen, "PNG", {}),
        (lambda: picture, "TIFF", {}),
        (lambda: picture, "TIFF", {"compression": "tiff_lzw"}),
        (lambda: picture, "TIFF", {"compression": "tiff_adobe_deflate"}),
        (lambda: grey, "TIFF", {}),
        (sixteen, "TIFF", {}),
        (lambda: picture.convert("CMYK"), "TIFF", {}),
        (lambda: see_through(picture), "TIFF", {}),
        (lambda: picture.convert("1"), "TIFF", {"compression": "group4"}),
        (lambda: picture.quantize(32), "TIFF", {}),
        (lambda: picture, "WEBP", {"lossless": True, "exif": exif}),
        (lambda: picture, "WEBP", {"quality": 80, "exif": exif}),
        (lambda: see_through(picture), "WEBP", {"lossless": True}),
        (lambda: picture, "BMP", {}),
        (lambda: grey, "BMP", {}),
        (lambda: picture.quantize(16), "BMP", {}),
        (lambda: picture.quantize(200), "GIF", {}),
        (lambda: picture.quantize(60), "GIF", {"transparency": 5}),
    ]
    form, name, options = forms[number % len(forms)]
    image = form()
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue(), name.lower()


@pytest.fixture(scope="module")
def all_forms(striped, tmp_path_factory):
    """A folder with 300 pictures of every format and mode, of many sizes."""
    folder = tmp_path_factory.mktemp("forms") / "val"
    generator = np.random.default_rng(7)
    originals = sorted(striped.rglob("*.png"))
    for number in range(300):
        original = originals[number * 7 % len(originals)]
        size = tuple(int(side) for side in generator.integers(20, 120, 2))
        picture = Image.open(original).convert("RGB").resize(size, Image.Resampling.BICUBIC)
        picture = ImageEnhance.Brightness(picture).enhance(generator.uniform(0.5, 1.5))
        content, ending = in_another_form(picture, number, generator)
        place = folder / original.parent.name
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number:03}.{ending}").write_bytes(content)
    return folder.parent


@pytest.mark.slow
def test_every_way_from_bytes_gives_the_same_label(finished_run, session, all_forms):
    dataset = check_pictures(load_data(all_forms))
    assert len(dataset) == 300 and not dataset.problems
    classifier = finished_run.classifier()
    rule = finished_run.contract.preprocessing
    # As training evaluates: decoded, kept as bytes, normalised on the device, by the network in torch.
    examples = SplitExamples.of(dataset, open_store(dataset, rule), rule, "val")
    inputs = prepare_inputs(examples, np.arange(300), device=torch.device("cpu"))
    with torch.no_grad():
        trained = classifier.network()(inputs.images).numpy()
    paths = [dataset.pictures.path(index) for index in range(300)]
    predicted = [row.label for row in classifier.stream(paths)]
    encoded = [path.read_bytes() for path in paths]
    exported = np.concatenate([session.run(["logits"], {"images": decode(one)[np.newaxis]})[0] for one in encoded])
    assert np.abs(trained - exported).max() < 1e-5 * np.ptp(trained)
    names = np.array(classifier.classes)
    assert names[trained.argmax(1)].tolist() == predicted == names[exported.argmax(1)].tolist()
    assert set(predicted) == {"across", "bands"}


def test_openvino_is_two_files_that_say_the_same(finished_run, tmp_path, striped):
    result = striate.export(finished_run.folder, tmp_path / "striped.xml", data=striped)
    assert [path.name for path in result.files] == ["striped.xml", "striped.bin"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["striped.bin", "striped.xml"]
    assert result.agreement.pictures_from == f"60 of {striped} and 40 made from the canaries"
    model = openvino_core().read_model(str(result.path))
    assert json.loads(model.get_rt_info(["striate", "classes"]).value) == ["across", "bands"]


@pytest.mark.slow
def test_openvino_with_preprocessing(finished_run, tmp_path, all_forms):
    result = striate.export(finished_run, tmp_path / "striped.xml", with_preprocessing=True, data=all_forms)
    assert result.agreement.pictures == 300 and result.agreement.logits_difference < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("with_preprocessing", [False, True])
def test_torch_export(finished_run, tmp_path, all_forms, with_preprocessing):
    path = tmp_path / "striped.pt2"
    result = striate.export(finished_run, path, with_preprocessing=with_preprocessing, data=all_forms)
    assert result.agreement.logits_difference < 1e-5 and result.opset is None
    said = {"striate.json": ""}
    torch.export.load(path, extra_files=said)
    assert json.loads(json.loads(said["striate.json"])["classes"]) == ["across", "bands"]


def test_a_file_that_answers_otherwise_is_not_kept(finished_run, tmp_path, monkeypatch):
    def wrong(path):
        run = open_openvino(path)
        return lambda images: (run(images)[0][:, ::-1], run(images)[1])

    (tmp_path / "before.xml").write_text("old")
    monkeypatch.setitem(FORMATS, "openvino", dataclasses.replace(FORMATS["openvino"], open=wrong))
    with pytest.raises(
        ExportError, match=r"and was not kept: the label is the network's on 0 of 100 pictures .*; logits"
    ):
        striate.export(finished_run, tmp_path / "before.xml")
    assert [path.name for path in tmp_path.iterdir()] == ["before.xml"]
    assert (tmp_path / "before.xml").read_text() == "old"


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device")])
def test_nothing_is_left_behind(finished_run, tmp_path, monkeypatch, failure):
    def half(content, path):
        path.write_bytes(b"half")
        path.with_suffix(".bin").write_bytes(b"half")
        raise failure

    monkeypatch.setitem(FORMATS, "openvino", dataclasses.replace(FORMATS["openvino"], write=half))
    with pytest.raises(type(failure)) as raised:
        striate.export(finished_run, tmp_path / "striped.xml")
    assert list(tmp_path.iterdir()) == []
    if isinstance(failure, OSError):
        assert raised.value.filename == str(tmp_path / "striped.xml")


def test_wrong_input_is_one_sentence(finished_run, tmp_path):
    with pytest.raises(UsageError, match=r"the name striped.tflite does not tell a format; expected .*\.onnx \(onnx\)"):
        striate.export(finished_run, tmp_path / "striped.tflite")
    with pytest.raises(UnknownNameError, match="unknown format 'onxx'; did you mean 'onnx'"):
        striate.export(finished_run, tmp_path / "striped.onnx", file_format="onxx")
    with pytest.raises(UsageError, match=r"expected a name that ends in \.onnx, got '\.xml'"):
        striate.export(finished_run, tmp_path / "striped.xml", file_format="onnx")
    with pytest.raises(UsageError, match="there is no folder"):
        striate.export(finished_run, tmp_path / "nowhere" / "striped.onnx")
    with pytest.raises(UsageError, match="there is no run or bundle"):
        striate.export(tmp_path / "run", tmp_path / "striped.onnx")
    with pytest.raises(UsageError, match="there is no"):
        striate.export(finished_run, tmp_path / "striped.xml", data=tmp_path / "nothing")
