"""The table of engines: what names one, and what each says of what it cannot do."""

import dataclasses
from pathlib import Path

import pytest

from striate.errors import UnknownNameError, UsageError
from striate.runtime import engines
from striate.runtime.engines import ENGINES, engine_row


def test_an_engine_is_named_or_told_by_the_file_that_it_runs():
    assert [engine_row(name).name for name in ("openvino", "torch")] == ["openvino", "torch"]
    assert [engine_row(file).name for file in ("photos.onnx", Path("a/b.onnx"))] == ["onnxruntime"] * 2
    with pytest.raises(UnknownNameError) as unknown:
        engine_row("torhc")
    assert str(unknown.value) == "unknown engine 'torhc'; did you mean 'torch'?"
    with pytest.raises(UsageError) as bare:
        engine_row("onnxruntime")
    assert str(bare.value) == "ONNX Runtime runs an exported file; name that as the engine: --engine photos.onnx"


@pytest.mark.parametrize(
    ("engine", "precision", "device", "said"),
    [
        (
            "openvino",
            "fp31",
            "cpu",
            "unknown precision 'fp31'; did you mean 'fp32', 'fp16'?",
        ),
        ("openvino", "fp32", "tpu", "device 'tpu' is not supported; expected cpu, cuda or cuda:1"),
        (
            "openvino",
            "fp32",
            "cuda",
            "--device cuda goes with --engine torch; OpenVINO and ONNX Runtime use the processor here",
        ),
        ("torch", "int8", "cuda:1", "int8 is asked for, but torch does not compute it; take --engine openvino"),
        (__file__, "bf16", "cpu", "bf16 is asked for, but exported ONNX files compute in fp32"),
        (
            "my photos.onnx",
            "fp32",
            "cpu",
            "there is no file my photos.onnx; make it by: striate export BUNDLE --output 'my photos.onnx'",
        ),
    ],
)
def test_what_an_engine_cannot_do_is_said_before_a_bundle_is_opened(engine, precision, device, said):
    row = ENGINES["onnxruntime"] if engine not in ENGINES else ENGINES[engine]
    with pytest.raises(UsageError) as caught:
        row.check(engine, precision, device)
    assert str(caught.value) == said


def test_a_row_is_all_that_a_further_engine_needs(monkeypatch):
    started = []
    row = dataclasses.replace(
        ENGINES["openvino"],
        name="tiny",
        title="Tiny",
        ending=".tiny",
        precisions=("fp16",),
        automatic=lambda bundle, device: "fp16",
        start=lambda *arguments: started.append(arguments),
    )
    monkeypatch.setattr(engines, "ENGINES", {**ENGINES, "tiny": row})
    engines.start_engine("the bundle", "photos", "net.tiny", "auto", "cpu")
    assert started == [("the bundle", Path("net.tiny"), "fp16", "cpu")]
    with pytest.raises(UsageError, match="OpenVINO, ONNX Runtime and Tiny use the processor here"):
        row.check(__file__, "fp32", "cuda")
