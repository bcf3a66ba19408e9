"""Striate beside its peers: whole processes and single steps, subject and peer in turns in the same run.

    python benchmarks/performance.py --photos photos/ --rounds 3
    make bench

PHOTOS is a folder of a few photographs, of which 200 JPEG files of 500 x 375 pixels are made; without it, pictures are drawn, which
decode faster than photographs. Networks have random weights. What takes whole processes is timed from the start of the process to its end,
by the wall clock, with a round that does not count first; memory is that of the largest process. Ratios are taken round by round:
nothing is compared across runs.

The last measurement learns: with --transfer-data, a folder with train/ and val/, and --transfer-weights, a file of mobilenet_v2's with
torchvision's names.

Peers live in environments of their own, which are made under `benchmarks/.environments`, and share this one's torch. Writes
`results/performance.json`, and from it `docs/performance.md`; `--page-only` writes the page anew from the last JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib import metadata, util
from pathlib import Path
from typing import Any

import numpy as np
from environments import prepare
from PIL import Image

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "performance.md"
MODELS = ("mobilenet_v2", "resnet50")
PICTURES = 200
KERAS_MODELS = ("mobilenet_v2",)
"""Those that Keras is measured with: it takes long."""
QUIET_THREADS = {"OMP_WAIT_POLICY": "passive"}
"""For us and the peers alike: threads that wait do not spin."""
SEALING = """
import sys
from pathlib import Path
import striate
from striate.sealing.seal import seal
from striate.bundle import SeenPictures
from striate.pixels import Preprocessing
model, folder, pictures = sys.argv[1], Path(sys.argv[2]), sorted(Path(sys.argv[3]).iterdir())
rule = Preprocessing(colour="rgb", resize="shorter_side", resize_size=(256, 256), crop=(224, 224),
                     mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
seal(striate.create_model(model, seed=0), folder, model=model, classes=tuple(f"class {place}" for place in range(1000)), preprocessing=rule,
     splits=[], canary_pictures=rule.canaries([path.read_bytes() for path in pictures[:4]]), seen=SeenPictures.from_bytes(b""),
     data={"name": "none", "fingerprint": "", "training_pictures": 0})
"""


def main() -> None:
    """Parses, measures, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, help="a folder of photographs; default: $STRIATE_TEST_DATA/photos")
    parser.add_argument("--rounds", type=int, default=3, help="default 3")
    parser.add_argument(
        "--models", nargs="+", default=list(MODELS), help="of predicting; default mobilenet_v2 and resnet50"
    )
    parser.add_argument("--only", nargs="+", choices=sorted(WORK), help="measure these alone; the others are kept")
    parser.add_argument("--output", type=Path, default=HERE / "results", help="where the JSON goes")
    parser.add_argument("--transfer-data", type=Path, help="default: $STRIATE_TEST_DATA/hymenoptera")
    parser.add_argument("--transfer-weights", type=Path, help="default: mobilenet_v2's in $STRIATE_TEST_DATA/weights")
    parser.add_argument("--page-only", action="store_true", help="write the page from the last JSON")
    arguments = parser.parse_args()
    if "STRIATE_TEST_DATA" in os.environ:
        data = Path(os.environ["STRIATE_TEST_DATA"])
        arguments.photos = arguments.photos or data / "photos"
        arguments.transfer_data = arguments.transfer_data or data / "hymenoptera"
        weights = data / "weights" / "mobilenet_v2_imagenet_torchvision_names.pth"
        arguments.transfer_weights = arguments.transfer_weights or weights
    path = arguments.output / "performance.json"
    result = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if not arguments.page_only:
        arguments.output.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            make_photographs(folder / "pictures", arguments.photos)
            for name in arguments.only or WORK:
                print(f"{name}...", file=sys.stderr, flush=True)
                measured = WORK[name](folder, arguments)
                if not measured:
                    print(f"{name} is skipped: {NEEDS[name]}", file=sys.stderr)
                    continue
                result[name] = measured | {"on": conditions(arguments)}
                path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(result), encoding="utf-8")
    print(page(result))


def make_photographs(folder: Path, source: Path | None) -> None:
    """200 JPEG files of 500 x 375 pixels or turned: parts of the photographs, or drawn where there are none."""
    folder.mkdir()
    generator = np.random.default_rng(0)
    found = (
        sorted(path for path in source.iterdir() if path.suffix in (".jpg", ".jpeg", ".bmp", ".png")) if source else []
    )
    for number in range(PICTURES):
        if found:
            picture = Image.open(found[number % len(found)]).convert("RGB")
        else:
            coarse = generator.integers(0, 256, (12, 16, 3), dtype=np.uint8)
            picture = Image.fromarray(coarse).resize((500, 375), Image.Resampling.BICUBIC)
        width, height = (500, 375) if picture.width >= picture.height else (375, 500)
        scale = max(width / picture.width, height / picture.height) * float(generator.uniform(1, 1.25))
        size = max(width, round(picture.width * scale)), max(height, round(picture.height * scale))
        left, top = generator.integers(0, size[0] - width + 1), generator.integers(0, size[1] - height + 1)
        picture = picture.resize(size, Image.Resampling.BICUBIC).crop((left, top, left + width, top + height))
        picture.save(folder / f"{number:03}.jpg", quality=int(generator.integers(88, 96)))


def predict_folder(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """200 pictures, whole processes, beside timm's, torchvision's and, for a small network, Keras's parts."""
    return {
        model: in_turns(commands(folder, model, folder / "pictures", whole=True), asked.rounds)
        for model in asked.models
    }


def predict_cold(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """One picture, whole processes."""
    picture = folder / "pictures" / "000.jpg"
    return {"mobilenet_v2": in_turns(commands(folder, "mobilenet_v2", picture), 2 * asked.rounds)}


def imports(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Importing, and the help of a command."""
    work = {"import striate": [sys.executable, "-c", "import striate"]}
    work |= {"striate predict --help": [sys.executable, "-m", "striate", "predict", "--help"]}
    for peer, module in (("timm", "timm"), ("fastai", "fastai.vision.all")):
        work[f"import {module}"] = [str(prepare(peer)), "-c", f"import {module}"]
    work |= {"import torchvision": [sys.executable, "-c", "import torchvision"]}
    return {"start": in_turns(work, 2 * asked.rounds)}


def precisions(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Number formats of one bundle in turns in one process, by `striate bench predict`."""
    answers = {}
    for model in asked.models:
        bundle = str(bundle_of(folder, model, int8=util.find_spec("nncf") is not None))
        command = [sys.executable, "-m", "striate", "bench", "predict", bundle, str(folder / "pictures")]
        answers[model] = json.loads(answer([*command, "--rounds", str(asked.rounds), "--json", "--quiet"]))
    return answers


def int8(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Networks in int8 beside fp32 in one engine, by `int8.py`; nothing where nncf is not installed."""
    if util.find_spec("nncf") is None:
        return {}
    command = [sys.executable, str(HERE / "int8.py"), str(folder / "pictures"), "--rounds", str(asked.rounds), "--json"]
    return json.loads(answer(command).splitlines()[-1])


def train_step(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """A training step, plain PyTorch's in turns with the fast one, by `striate bench train`."""
    command = [
        sys.executable,
        "-m",
        "striate",
        "bench",
        "train",
        "resnet18",
        "--rounds",
        str(asked.rounds),
        "--device",
        "cpu",
    ]
    return {"resnet18": json.loads(answer([*command, "--json", "--quiet"]))}


def loader(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """From files to batches that a network learns from, by `loader.py`, a process each in turns."""
    pictures = labelled(folder, "whole", ("train",)) / "train"
    interpreters = {"striate": Path(sys.executable), "torchvision": Path(sys.executable)}
    interpreters |= {"timm": prepare("timm"), "fastai": prepare("fastai")}
    first: dict[str, list[float]] = {way: [] for way in interpreters}
    later: dict[str, list[float]] = {way: [] for way in interpreters}
    for turn in range(asked.rounds):
        for way in list(interpreters) if turn % 2 == 0 else reversed(list(interpreters)):
            with tempfile.TemporaryDirectory() as cache:
                command = [str(interpreters[way]), str(HERE / "loader.py"), way, str(pictures)]
                said = json.loads(answer(command, {"XDG_CACHE_HOME": cache}).splitlines()[-1])
            first[way].append(said["first"])
            later[way].append(statistics.median(said["later"]))
    return {
        f"{said['pictures']} pictures, {name}": {way: row(seconds, way) for way in seconds}
        for name, seconds in (("the first epoch", first), ("a later epoch", later))
    }


def transfer(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """A trained network to new pictures beside fastai, by `transfer.py`; nothing where there is no data."""
    if asked.transfer_data is None or asked.transfer_weights is None:
        return {}
    command = [sys.executable, str(HERE / "transfer.py"), "--data", str(asked.transfer_data)]
    command += ["--weights", str(asked.transfer_weights), "--rounds", str(asked.rounds), "--output", str(folder)]
    answer(command)
    runs = json.loads((folder / "transfer.json").read_text(encoding="utf-8"))["runs"]
    seconds = {name: [run["seconds"] for run in own] for name, own in runs.items()}
    return {
        f"mobilenet_v2 to {asked.transfer_data.name}": {
            name: row(seconds, name) | {"accuracies": [run["accuracy"] for run in own]} for name, own in runs.items()
        }
    }


def augmentation(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Batched augmentation beside torchvision's, by `augmentation.py`."""
    return json.loads(answer([sys.executable, str(HERE / "augmentation.py"), "--rounds", str(asked.rounds), "--json"]))


WORK = {
    "predict_folder": predict_folder,
    "predict_cold": predict_cold,
    "imports": imports,
    "precisions": precisions,
    "int8": int8,
    "train_step": train_step,
    "loader": loader,
    "augmentation": augmentation,
    "transfer": transfer,
}


NEEDS = {"int8": "install nncf", "transfer": "give --transfer-data and --transfer-weights"}


def commands(folder: Path, model: str, pictures: Path, *, whole: bool = False) -> dict[str, list[str]]:
    """What predicts the same pictures, by name, ours first; the whole of it has int8 and Keras too."""
    ours = [sys.executable, "-m", "striate", "predict"]
    rest = [str(pictures), "--format", "csv", "--precision"]
    work = {"striate": [*ours, str(bundle_of(folder, model)), *rest, "fp32"]}
    if whole and util.find_spec("nncf") is not None:
        work["striate, int8"] = [*ours, str(bundle_of(folder, model, int8=True)), *rest, "int8"]
    peers = {"timm": prepare("timm"), "torchvision": Path(sys.executable)}
    if whole and model in KERAS_MODELS:
        peers["keras"] = prepare("keras")
    for peer, python in peers.items():
        work[peer] = [str(python), str(HERE / "peer_predict.py"), peer, model, str(pictures)]
    return work


def bundle_of(folder: Path, model: str, *, int8: bool = False) -> Path:
    """A bundle with random weights; with int8 it is calibrated on the pictures, whatever that costs in accuracy."""
    plain, narrow = folder / model, folder / f"{model}-int8"
    if not plain.exists():
        answer([sys.executable, "-c", SEALING, model, str(plain), str(folder / "pictures")])
    if not int8:
        return plain
    if not narrow.exists():
        data = str(labelled(folder))
        command = [sys.executable, "-m", "striate", "quantize", str(plain), data, "-o", str(narrow)]
        answer([*command, "--max-drop", "100", "--quiet"])
    return narrow


def labelled(folder: Path, name: str = "labelled", splits: tuple[str, ...] = ("train", "val")) -> Path:
    """The pictures in folders of splits, of two classes in turns."""
    place = folder / name
    if not place.exists():
        for number, path in enumerate(sorted((folder / "pictures").iterdir())):
            copy = place / splits[number * len(splits) // PICTURES] / f"class {number % 2}" / path.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    return place


def in_turns(work: dict[str, list[str]], rounds: int) -> dict[str, Any]:
    """Whole processes in turns: seconds and memory of each, and how many times as long each took as each of ours."""
    seconds: dict[str, list[float]] = {name: [] for name in work}
    memory: dict[str, list[float]] = {name: [] for name in work}
    for turn in range(-1, rounds):
        # Every other round runs backwards: who goes first finds another machine than who goes second.
        for name in list(work) if turn % 2 == 0 else reversed(list(work)):
            taken, held = timed(work[name])
            if turn >= 0:
                seconds[name].append(taken)
                memory[name].append(held)
    return {name: row(seconds, name) | {"megabytes": round(max(memory[name]))} for name in work}


def row(seconds: dict[str, list[float]], name: str) -> dict[str, Any]:
    """One piece of work: its seconds, and round by round how many times as long it took as the first and its variants (`striate, int8`)."""
    first = next(iter(seconds))
    ours = [other for other in seconds if other == first or other.startswith(f"{first},")]
    return {
        "seconds": [round(value, 3) for value in seconds[name]],
        "ratios": {
            other: [round(taken / own, 3) for own, taken in zip(seconds[other], seconds[name], strict=True)]
            for other in ours
            if other != name
        },
    }


def timed(command: list[str]) -> tuple[float, float]:
    """Seconds from start to end of a process, and the megabytes of it or the largest of its children."""
    with tempfile.TemporaryFile() as said:
        begun = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said, env=os.environ | QUIET_THREADS)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            sys.exit(f"{' '.join(command)} ended with {process.returncode}: {said.read().decode()[-2000:]}")
    return seconds, usage.ru_maxrss / 1024


def answer(command: list[str], environment: dict[str, str] | None = None) -> str:
    """What a process writes."""
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env=os.environ | QUIET_THREADS | (environment or {})
    )
    if done.returncode:
        sys.exit(f"{command[:5]} ended with {done.returncode}: {done.stderr.strip()[-2000:]}")
    return done.stdout


def conditions(arguments: argparse.Namespace) -> dict[str, Any]:
    """What a measurement was taken on."""
    from striate.hardware import available_processors, describe_processor

    packages = ("striate", "torch", "torchvision", "openvino", "timm", "fastai", "keras", "pillow", "nncf")
    return {
        "processor": describe_processor(),
        "processors": available_processors(),
        "load": round(os.getloadavg()[0], 1),
        "pictures": "photographs" if arguments.photos else "drawn",
        "rounds": arguments.rounds,
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d"),
        "versions": {name: version for name in packages if (version := version_of(name))},
    }


def version_of(package: str) -> str | None:
    """Its version here, or in its own environment."""
    for folder in (None, *(HERE / ".environments" / package).glob("lib/python*/site-packages")):
        places = {} if folder is None else {"path": [str(folder)]}
        for found in metadata.distributions(name=package, **places):
            return found.version
    return None


def page(result: dict[str, Any]) -> str:
    """The results as a page of Markdown."""
    from performance_page import write_page

    return write_page(result)


if __name__ == "__main__":
    main()
