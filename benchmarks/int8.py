"""int8 beside fp32 in the same engine, network by network: pictures a second of the network alone, and how often the labels agree.

    python benchmarks/int8.py PICTURES --rows resnet18 vgg16 --json

PICTURES is a folder of picture files: the first 40 calibrate, the labels of the others are compared. The weights are random, so all
pictures get nearly the same logits: a label is that of the logits less their mean, in that format, over the pictures that calibrate. They
still lie closer together than a trained network's, and agree less often; `striate quantize` measures a trained one.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

import striate
from striate.conversion import convert_to_openvino
from striate.conversion.quantization import layers_by_format, quantize_graph
from striate.data.facts import data_facts
from striate.data.preparation import prepare_data
from striate.models import create_model, model_row
from striate.openvino_loading import load_openvino
from striate.runtime import OpenVINOEngine
from striate.timing import time_side_by_side
from striate.watching import Watcher
from striate.weights.input_rule import input_rule

ROWS = [
    "lenet5",
    "lenet5_dense",
    "alexnet",
    "zfnet",
    "nin_cifar10",
    "vgg11",
    "vgg16",
    "googlenet",
    "googlenet_bn",
    "allcnn_c",
    "resnet18",
    "resnet20",
    "resnet50",
    "mobilenet_v1",
    "mobilenet_v2",
    "efficientnet_b0",
]
CALIBRATING, TIMED = 40, 16


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--rows", nargs="+", default=ROWS, help="of `striate models`; `all` are all of them")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    files = sorted(path for path in arguments.pictures.iterdir() if path.is_file())
    rows = striate.list_models() if arguments.rows == ["all"] else arguments.rows
    result = {}
    for row in rows:
        print(f"{row}...", file=sys.stderr, flush=True)
        result[row] = measure(row, files, arguments.rounds)
        if not arguments.json:
            print(row, result[row], flush=True)
    if arguments.json:
        print(json.dumps({"rows": result, "compared": len(files) - CALIBRATING, "rounds": arguments.rounds}))


def measure(name: str, files: list[Path], rounds: int) -> dict[str, Any]:
    """One network."""
    row = model_row(name)
    network = create_model(name, seed=0).eval()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for number, path in enumerate(files[:2]):
            (folder / f"class {number}").mkdir()
            (folder / f"class {number}" / path.name).write_bytes(path.read_bytes())
        facts = data_facts(prepare_data(folder, seed=0, root=None, watcher=Watcher()))
        rule = input_rule(row, network, facts=facts).preprocessing
        pixels = np.stack([rule.pixels(path) for path in files])
        graph = convert_to_openvino(network, torch.zeros(1, rule.channels, *rule.size))
        plain, narrow = folder / "fp32.xml", folder / "int8.xml"
        load_openvino().save_model(graph, str(plain), compress_to_fp16=False)
        quantised = quantize_graph(plain, lambda place: rule.normalise(pixels[place : place + 1]), CALIBRATING)
        load_openvino().save_model(quantised, str(narrow), compress_to_fp16=False)
        engines = {"fp32": OpenVINOEngine(plain, rule), "int8": OpenVINOEngine(narrow, rule, precision="int8")}
        labels = {}
        for key, engine in engines.items():
            logits = engine.infer(pixels)[0]
            labels[key] = (logits[CALIBRATING:] - logits[:CALIBRATING].mean(axis=0)).argmax(axis=1)
        part = pixels[:TIMED]
        timing = time_side_by_side(
            {key: (lambda engine=engine: engine.infer(part)) for key, engine in engines.items()}, rounds=rounds
        )
        layers, wide = layers_by_format(quantised)
    return {
        "pictures_per_second": {key: round(TIMED / timing.median(key), 2) for key in engines},
        "ratio": [round(value, 3) for value in timing.ratio("int8", "fp32")],
        "agreement": float(np.mean(labels["int8"] == labels["fp32"])),
        "labels": len(np.unique(labels["fp32"])),
        "layers": layers,
        "layers_fp32": wide,
    }


if __name__ == "__main__":
    main()
