"""What every test can use, and the closing count of what was skipped."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import shutil
import signal
import sys
import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import settings
from PIL import Image

DATA_VARIABLE = "STRIATE_TEST_DATA"

# Tests run side by side on networks that are too small to share between threads. Said before torch is loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Nothing is laid out for the screen that the tests are started from.
os.environ.pop("COLUMNS", None)

# What is tested is reported to nobody, whichever test is the first to load OpenVINO or NNCF: without this package they do without.
sys.modules.setdefault("openvino_telemetry", None)

# Nothing becomes garbage while tests are collected; what is there then, and stays, is looked through no more.
gc.disable()


def pytest_collection_finish(session):
    gc.freeze()
    gc.enable()


def pytest_unconfigure(config):
    gc.unfreeze()  # so that what libraries count at the end goes as usual


# A machine that is busy with other things is no fault of the example that was tried just then.
settings.register_profile("striate", deadline=None)
settings.load_profile("striate")


@pytest.fixture(scope="session", autouse=True)
def private_cache(tmp_path_factory):
    """Tests keep their caches to themselves."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def real_data():
    """A function from a name such as `imagenette` to the real data's path; skips, saying what is missing."""

    def find(name: str) -> Path:
        root = os.environ.get(DATA_VARIABLE)
        if not root:
            pytest.skip(f"{DATA_VARIABLE} is not set, so there is no {name}")
        path = Path(root) / name
        if not path.exists():
            pytest.skip(f"no {name} in {DATA_VARIABLE}")
        return path

    return find


def draw_pictures(folder: Path, classes: tuple[str, ...], count: int, *, side: int = 40, seed: int = 0) -> Path:
    """A folder of class folders: each class has its own hue and its own stripes, so that any network can tell them apart."""
    generator = np.random.default_rng(seed)
    for place, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            height, width = side + int(generator.integers(0, 20)), side + int(generator.integers(0, 20))
            rows, columns = np.mgrid[:height, :width]
            stripes = ((rows + number) // (3 + 2 * place) % 2) * 80
            hue = np.array([200, 60, 60] if place % 2 else [60, 60, 200])
            pixels = stripes[..., None] + hue + generator.normal(0, 12, (height, width, 3)) + columns[..., None] * 0.2
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / name / f"{number:03}.png")
    return folder


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """A function that makes a folder once for all processes of a test run: `once(name, make)`, where `make(folder)` makes it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def made(name: str, make: Callable[[Path], object]) -> Path:
        folder = shared / name
        folder.parent.mkdir(exist_ok=True)
        whole = folder.with_name(f"{folder.name}.whole")
        with FileLock(folder.with_name(f"{folder.name}.lock")):
            if not whole.exists():
                make(folder)
                whole.touch()
        return folder

    return made


@pytest.fixture(scope="session")
def striped(once):
    """A folder with 30 coloured pictures of each of the classes `across` and `bands`."""
    return once("pictures/striped", lambda folder: draw_pictures(folder, ("across", "bands"), 30))


def draw_labelled(folder: Path) -> None:
    """`labels.csv` and 72 pictures: red above, blue below, both or neither; a half to train, a quarter each to validate and test."""
    generator = np.random.default_rng(0)
    (folder / "pictures").mkdir(parents=True)
    lines = ["path,labels,split"]
    for number in range(72):
        pixels = 90 + generator.normal(0, 12, (32, 32, 3))
        shown = [name for name, bit in (("red", 1), ("blue", 2)) if number // 4 & bit]
        pixels[:16, :, 0] += 110 * ("red" in shown)
        pixels[16:, :, 2] += 110 * ("blue" in shown)
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / f"pictures/{number:02}.png")
        lines.append(f"pictures/{number:02}.png,{'|'.join(shown)},{('train', 'train', 'val', 'test')[number % 4]}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="session")
def labelled(once):
    """A table of pictures that have the labels `red` and `blue`, one of them, or none."""
    return once("pictures/labelled", draw_labelled) / "labels.csv"


@pytest.fixture(scope="session")
def label_run(labelled, once):
    """A run that was trained on `labelled`: of several labels a picture; do not change it."""
    import striate

    options = {"model": "resnet20", "epochs": 4, "precision": "fp32", "settings": ["batch_size=12"]}
    return striate.Run(once("runs/labelled", lambda folder: striate.train(labelled, output=folder, **options)))


@pytest.fixture(scope="session")
def sigmoid_run(striped, once):
    """A run that was trained on `striped` to tell the two classes apart by one number; do not change it."""
    import striate

    options = {"model": "resnet20", "epochs": 3, "classifier": "sigmoid", "settings": ["batch_size=16"]}
    return striate.Run(once("runs/sigmoid", lambda folder: striate.train(striped, output=folder, **options)))


@pytest.fixture(scope="session")
def drawn():
    """The function that draws such folders."""
    return draw_pictures


@pytest.fixture(scope="session")
def finished_run(striped, once):
    """A run that was trained on `striped` for a few epochs, with a network of three channels; do not change it."""
    import striate

    options = {"model": "resnet20", "epochs": 3, "settings": ["batch_size=16"]}
    folder = once("runs/striped", lambda folder: striate.train(striped, output=folder, **options))
    before = contents(folder)
    yield striate.Run(folder)
    changed = {name for name, _ in before.items() ^ contents(folder).items()}
    assert not changed, f"a test changed the run that all share: {', '.join(sorted(changed))}"


FILM_WORDS = {
    "neg": ("boring", "awful", "dull", "mess", "terrible"),
    "pos": ("wonderful", "moving", "great", "delight", "brilliant"),
}
KOREAN_FILM_WORDS = {"neg": ("지루한", "최악의", "아까운"), "pos": ("재미있는", "최고의", "감동적인")}


def write_film_lines(folder: Path) -> None:
    """A file a class with 60 short sentences, a third of them Korean, that any network for sentences can tell apart."""
    folder.mkdir()
    generator = np.random.default_rng(0)
    for name, words in FILM_WORDS.items():
        lines = [
            f"the {generator.choice(words)} film number {place} is {generator.choice(words)} ." for place in range(40)
        ]
        lines += [f"{KOREAN_FILM_WORDS[name][place % 3]} 영화 {place}" for place in range(20)]
        (folder / f"{name}.txt").write_text("\n".join(lines), encoding="utf-8")


@pytest.fixture(scope="session")
def film_lines(once):
    """A folder of `neg.txt` and `pos.txt` with a sentence a line."""
    return once("texts/films", write_film_lines)


@pytest.fixture(scope="session")
def film_run(film_lines, once):
    """A run that was trained on `film_lines`; do not change it."""
    import striate

    return striate.Run(
        once("runs/films", lambda folder: striate.train(film_lines, output=folder, epochs=12, precision="fp32"))
    )


@pytest.fixture(scope="session")
def finished_options(finished_run):
    """The options of `striate.train` that `finished_run` was trained by, its number format too, which was timed."""
    precision = tomllib.loads((finished_run.folder / "recipe.toml").read_text(encoding="utf-8"))["precision"]
    return {"model": "resnet20", "epochs": 3, "precision": precision, "settings": ["batch_size=16"]}


@pytest.fixture(scope="session")
def exported_run(finished_run, once):
    """The bundle of `finished_run` as an ONNX file that takes prepared pictures; do not change it."""
    import striate

    def export(folder):
        folder.mkdir()
        striate.export(finished_run.folder, folder / "striped.onnx")

    return once("exported/striped", export) / "striped.onnx"


def contents(folder):
    """The digest of each file below a folder."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def reseal_bundle(folder: Path, contract: dict | None = None, sheet: dict | None = None) -> Path:
    """Computes every digest anew, the canaries' own too, as someone would who wants a change to go unnoticed.

    Args:
        folder: A bundle of one's own.
        contract: What shall stand in `contract.json`; None: what stands there.
        sheet: The same of `canaries.json`.
    """
    from striate.bundle.contract import digest_of
    from striate.bundle.folder import file_digest, made_with

    contract = contract or json.loads((folder / "contract.json").read_text(encoding="utf-8"))
    sheet = sheet or json.loads((folder / "canaries/canaries.json").read_text(encoding="utf-8"))
    contract.pop("digest", None)
    contract["files"] = {name: file_digest(folder / name) for name in contract["files"] if (folder / name).is_file()}
    sheet["made_with"] = made_with(contract["files"], contract)
    (folder / "canaries/canaries.json").write_text(json.dumps(sheet), encoding="utf-8")
    contract["files"]["canaries/canaries.json"] = file_digest(folder / "canaries/canaries.json")
    (folder / "contract.json").write_text(json.dumps(contract | {"digest": digest_of(contract)}), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def reseal():
    """The function that computes a changed bundle's digests anew."""
    return reseal_bundle


@pytest.fixture(scope="session")
def older_bundle(finished_run, tmp_path_factory):
    """The bundle of `finished_run` as schema 1 had it: four canaries without pixels, no count of calibration pictures; do not change it."""
    folder = shutil.copytree(finished_run.folder / "bundle", tmp_path_factory.mktemp("older") / "bundle")
    contract = json.loads((folder / "contract.json").read_text(encoding="utf-8"))
    sheet = json.loads((folder / "canaries/canaries.json").read_text(encoding="utf-8"))
    contract["schema"] = 1
    contract["calibration"] = {"temperature": 1.0}
    for canary in sheet["canaries"][4:]:
        (folder / "canaries" / canary["file"]).unlink()
    sheet["canaries"] = [{"file": canary["file"], "logits": canary["logits"]} for canary in sheet["canaries"][:4]]
    return reseal_bundle(folder, contract, sheet)


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def striate_command(monkeypatch, capsys):
    """A function that runs `striate` with arguments in this process and answers exit code, stdout and stderr."""
    from striate.cli import main

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["striate", *map(str, arguments)])
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            with pytest.raises(SystemExit) as ended:
                main.run()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        code = ended.value.code
        return Ended(code if isinstance(code, int) else 0 if code is None else 1, *capsys.readouterr())

    return run


def pytest_terminal_summary(terminalreporter):
    """Counts what was skipped, by reason."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else "" for report in skipped)
    terminalreporter.section("skipped")
    terminalreporter.write_line(f"{len(skipped)} tests were skipped")
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"{count:>4}  {reason.removeprefix('Skipped: ')}")


@pytest.fixture
def published(tmp_path, monkeypatch):
    """Weights of resnet20 that count as published, in a folder in the network's place; nothing leaves this machine."""
    import torch

    import striate.weights.starting_weights
    from striate.models import create_model
    from striate.pixels import Preprocessing
    from striate.weights import PublishedWeights

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    path = tmp_path / "server" / "resnet20.pth"
    path.parent.mkdir()
    torch.save(create_model("resnet20", num_classes=1000, seed=1).state_dict(), path)
    prefix = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    path = path.rename(path.with_name(f"resnet20-{prefix}.pth"))
    weights = PublishedWeights(
        row="resnet20",
        source="somebody's resnet20",
        url=path.as_uri(),
        sha256_prefix=prefix,
        preprocessing=Preprocessing(
            colour="rgb",
            resize="shorter_side",
            resize_size=(40, 40),
            filter="bicubic",
            crop=(32, 32),
            mean=(0.4, 0.5, 0.6),
            std=(0.1, 0.2, 0.3),
        ),
        accuracy=0.7,
        classes=tuple(map(str, range(1000))),
    )
    monkeypatch.setattr(striate.weights.starting_weights, "published_weights", lambda name: weights)
    return weights


@pytest.fixture
def tournament_story():
    """The records of a made-up tournament of four candidates, one after the other: what is planned first, its end last."""
    import dataclasses

    from striate.deciding.candidate import Candidate
    from striate.runs.tournament_record import LOST, RUNNING, SKIPPED, WON, Comparison, Entry, TournamentRecord

    ways = [
        ("head on mobilenet_v2", 21.0, "it takes next to no time"),
        ("head on features.13 of mobilenet_v2", 30.0, "few and different pictures want earlier features"),
        ("resnet20 from scratch at 64 px", 140.0, "classes that differ in shape alone"),
        ("mobilenet_v2, all of it", 230.0, "it is the dearest"),
    ]

    def candidate(name, seconds, why):
        return Candidate(name=name, kind="head", why=why, model="mobilenet_v2", seconds=seconds)

    def ended(record, place, state, correct, interval, seconds, after, **known):
        return record.with_entry(
            place,
            state=state,
            accuracy=correct / 206,
            correct=correct,
            pictures=206,
            interval=interval,
            score=correct / 206,
            wall_seconds=seconds,
            ended_after=after,
            **known,
        )

    def beside(rival, wins, losses, p_value):
        said = f"{wins} pictures won, {losses} lost"
        return Comparison(rival=ways[rival][0], wins=wins, losses=losses, p_value=p_value, verdict=said)

    story = [
        TournamentRecord(
            begun="2026-01-01T00:00:00+00:00",
            planned_seconds=421.0,
            multiply_adds_per_second=5e10,
            threads=2,
            entries=tuple(Entry(candidate=candidate(*way)) for way in ways),
        )
    ]
    story.append(story[-1].with_entry(0, state=RUNNING))
    story.append(dataclasses.replace(ended(story[-1], 0, WON, 188, (0.866, 0.942), 19.2, 24.0), winner=0))
    story.append(story[-1].with_entry(1, state=RUNNING))
    won = ended(story[-1], 1, WON, 197, (0.919, 0.977), 28.0, 53.0, comparison=beside(0, 14, 5, 0.0636))
    story.append(dataclasses.replace(won, winner=1))
    story.append(story[-1].with_entry(2, state=SKIPPED, why="the time limit leaves 40 s, and it takes 140"))
    story.append(story[-1].with_entry(3, state=RUNNING))
    lost = ended(story[-1], 3, LOST, 191, (0.884, 0.955), 200.0, 254.0, comparison=beside(1, 3, 9, 0.146))
    story += [lost, dataclasses.replace(lost, ended="nothing promises more", worked_seconds=255.0)]
    return story
