"""int8 beside fp32 in one bundle, and the guard that keeps it honest."""

import dataclasses
import gc
import shutil
import signal
import sys

import numpy as np
import pytest

import striate
from striate.bundle import PrecisionTerms, open_bundle
from striate.errors import DataError, QuantizationError, UsageError
from striate.runtime.engines import fastest_precision, half_precision
from striate.sealing import int8 as module


@pytest.fixture(scope="module")
def quantised(finished_run, striped, tmp_path_factory):
    return striate.quantize(finished_run, striped, output=tmp_path_factory.mktemp("quantised") / "int8")


def test_the_bundle_computes_in_int8_and_says_how_well(quantised, striped):
    assert quantised.pictures > 0 and quantised.calibration_pictures > 0
    assert quantised.drop <= 0.5 and quantised.agreement >= 0.9
    assert (quantised.layers, quantised.layers_fp32) == (20, 0)
    assert quantised.size < 0.4 * quantised.size_fp32
    classifier = striate.load(quantised.bundle, precision="int8")
    assert classifier.engine.precision == "int8"
    terms = classifier.contract.precisions["int8"]
    assert (terms.agreement, terms.pictures) == (quantised.agreement, quantised.pictures)
    assert 0 < classifier.canary_difference <= terms.tolerance / 1.9
    paths = sorted(striped.rglob("*.png"))
    wide = striate.load(quantised.bundle).predict_proba(paths)
    assert np.abs(classifier.predict_proba(paths) - wide).max() < 0.2


def test_the_fp32_of_the_copy_is_that_of_the_bundle(quantised, finished_run):
    copy, own = open_bundle(quantised.bundle), open_bundle(finished_run.folder)
    assert own.int8_path is None and copy.int8_path == copy.folder / "int8.xml"
    for name in ("engine.xml", "engine.bin", "model.safetensors", "seen.bin"):
        assert copy.contract.files[name] == own.contract.files[name]
    assert copy.contract.precisions["fp32"] == own.contract.precisions["fp32"]
    with pytest.raises(
        UsageError, match=r"int8 is asked for, but .* has none; make a bundle with it by: striate quantize"
    ):
        striate.load(finished_run.folder, precision="int8")
    with pytest.raises(UsageError, match="int8 is asked for, but torch does not compute it"):
        striate.load(quantised.bundle, precision="int8", engine="torch")


def test_auto_takes_the_fastest_that_agrees(quantised, finished_run):
    bundle = open_bundle(quantised.bundle)

    def choice(**terms):
        contract = dataclasses.replace(bundle.contract, precisions={"fp32": PrecisionTerms(1e-3, 1.0, 100), **terms})
        return fastest_precision(dataclasses.replace(bundle, contract=contract))

    assert choice(int8=PrecisionTerms(0.1, 0.995, 1000, 1.2)) == "int8"
    assert choice(int8=PrecisionTerms(0.1, 0.994, 1000, 1.2)) == "fp32"
    assert choice(int8=PrecisionTerms(0.1, 1.0, 1000, 0.9)) == "fp32"
    assert choice(int8=PrecisionTerms(0.1, None, 0, None)) == "fp32"
    assert choice(int8=PrecisionTerms(0.1, 1.0, 9, 1.5), bf16=PrecisionTerms(0.1, 1.0, 9, 1.6)) == "bf16"
    assert choice(int8=PrecisionTerms(0.1, 1.0, 9, 1.7), bf16=PrecisionTerms(0.1, 1.0, 9, 1.6)) == "int8"
    assert choice() == "fp32"
    own = open_bundle(finished_run.folder)  # it has no int8, whatever its contract says
    claimed = dataclasses.replace(own.contract, precisions={"int8": PrecisionTerms(0.1, 1.0, 9, 2.0)})
    assert fastest_precision(dataclasses.replace(own, contract=claimed)) == "fp32"
    terms = bundle.contract.precisions["int8"]
    assert terms.speed == quantised.speed > 0
    wanted = "int8" if terms.agrees() and terms.speed > 1 else "fp32"
    assert striate.load(quantised.bundle, precision="auto").engine.precision in (wanted, "bf16")


@pytest.mark.parametrize(("agreeing", "wanted"), [(("fp16", "bf16"), "fp16"), (("bf16",), "bf16"), ((), "fp32")])
def test_a_gpu_takes_16_bits_that_agree(finished_run, agreeing, wanted):
    bundle = open_bundle(finished_run.folder)
    precisions = {name: PrecisionTerms(0.1, 1.0 if name in agreeing else 0.9, 100) for name in ("fp32", "bf16", "fp16")}
    contract = dataclasses.replace(bundle.contract, precisions=precisions)
    assert half_precision(dataclasses.replace(bundle, contract=contract)) == wanted


def test_a_damaged_int8_graph_is_refused(quantised, tmp_path):
    copy = shutil.copytree(quantised.bundle, tmp_path / "bundle")
    content = bytearray((copy / "int8.bin").read_bytes())
    content[len(content) // 2] ^= 0x40
    (copy / "int8.bin").write_bytes(content)
    with pytest.raises(striate.BundleError, match=r"int8.bin was changed after it was sealed"):
        striate.load(copy)


@pytest.mark.slow
def test_what_loses_too_much_is_refused_with_the_numbers(finished_run, striped, tmp_path, monkeypatch):
    honest = module.Int8Trial.measure

    def worse(*arguments):
        result, engine = honest(*arguments)
        return dataclasses.replace(result, accuracy=0.9, accuracy_fp32=0.92, layers=15, layers_fp32=5), engine

    again = []
    monkeypatch.setattr(module.Int8Trial, "measure", worse)
    monkeypatch.setattr(
        module,
        "quantize_graph_within",
        lambda path, *_, **options: again.append(options) or module.quantize_graph(path, *_),
    )
    with pytest.raises(
        QuantizationError,
        match=r"int8 scores 90.00% where fp32 scores 92.00% on \d+ pictures: a loss of 2.00 points, more than the 0.5 allowed, "
        "with 5 of 20 layers left in fp32",
    ):
        striate.quantize(finished_run, striped, output=tmp_path / "int8")
    assert not (tmp_path / "int8").exists() and again[0]["max_drop"] == 0.005


@pytest.mark.slow
def test_layers_that_cost_most_stay_in_fp32(finished_run, striped, tmp_path):
    from striate.conversion.quantization import layers_by_format, quantize_graph_within

    bundle = open_bundle(finished_run.folder)
    preprocessing = bundle.contract.preprocessing
    pictures = [preprocessing.pixels(path)[np.newaxis] for path in sorted(striped.rglob("*.png"))[:20]]
    wide = striate.load(finished_run.folder).logits_of_pixels(np.concatenate(pictures))

    def judge(logits, places):
        """The nearer the logits are to those of fp32, the better."""
        chosen = list(places)
        narrow = np.concatenate([logits(preprocessing.normalise(pictures[place])) for place in chosen])
        return (100 - np.abs(narrow - wide[chosen]).max(axis=1)).tolist()

    graph = quantize_graph_within(
        bundle.engine_path,
        lambda place: preprocessing.normalise(pictures[place]),
        20,
        judge=judge,
        validation_count=20,
        max_drop=1e-3 * float(np.ptp(wide)),
    )
    quantised, left = layers_by_format(graph)
    assert left > 0 and quantised + left == 20
    # Had nncf made cores of its own, the stack for signal handlers would be gone now, and this would end the process.
    del graph
    gc.collect()
    heard = []
    before = signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    signal.raise_signal(signal.SIGINT)
    signal.signal(signal.SIGINT, before)
    assert heard == [signal.SIGINT]


def test_what_makes_no_sense(finished_run, striped, tmp_path, monkeypatch):
    for drop in (-1, 100.5, float("nan")):
        with pytest.raises(UsageError, match=r"max_drop must lie in 0\.\.100 percentage points"):
            striate.quantize(finished_run, striped, max_drop=drop)
    with pytest.raises(UsageError, match="exists already; name another --output"):
        striate.quantize(finished_run, striped, output=tmp_path)
    shutil.copytree(striped / "across", tmp_path / "new" / "across")
    shutil.copytree(finished_run.folder / "bundle", tmp_path / "bundle")
    (tmp_path / "bundle" / "seen.bin").touch()
    with pytest.raises(DataError, match=r"pictures to calibrate on and .* to measure on; int8 needs both"):
        striate.quantize(tmp_path / "bundle", unseen(tmp_path), output=tmp_path / "out")
    monkeypatch.setitem(sys.modules, "nncf", None)
    with pytest.raises(
        UsageError, match=r"int8 needs the package nncf; install it with: pip install 'striate\[export\]'"
    ):
        striate.quantize(finished_run, striped, output=tmp_path / "out")


def unseen(folder):
    """A folder of pictures that no training has seen, without splits."""
    from PIL import Image

    for name in ("across", "bands"):
        (folder / "unseen" / name).mkdir(parents=True)
        for shade in range(3):
            Image.new("L", (40, 40), 40 + 10 * shade + len(name)).save(folder / "unseen" / name / f"{shade}.png")
    return folder / "unseen"
