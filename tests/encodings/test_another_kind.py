"""A kind of input that only this file knows goes the whole way: read, stored, trained, sealed, opened, predicted, refused.

Rows of numbers, one a line of text. Nothing is told of them but a row in the table of kinds, and a row of the catalogue for a network
that takes them, as every new kind and every new network has one.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import nn

import striate
from striate.bundle import SeenPictures
from striate.bundle.contract import digest_of
from striate.data import Dataset, PictureTable, assign_splits, open_store, picture_digest
from striate.data.examples import EncodedExamples
from striate.encodings import EncodingKind, named
from striate.errors import BundleError, ItemError, UsageError
from striate.models import Network, catalog, create_model
from striate.models.config import Benchmark, NetworkConfig, Paper
from striate.sealing.measuring import MeasuredSplit
from striate.sealing.seal import seal
from striate.training import Recipe, TrainingState, fit

WIDTH = 5


@dataclass(frozen=True)
class Numbers:
    """A line of numbers, less their mean and over their deviation in the training lines."""

    mean: tuple[float, ...]
    std: tuple[float, ...]
    kind: ClassVar[str] = "numbers"
    dtype: ClassVar[np.dtype] = np.dtype(np.float32)
    canary_files: ClassVar[tuple[str, ...]] = ("0.txt", "1.txt", "2.txt")

    @property
    def shape(self):
        return (len(self.mean),)

    @property
    def channels(self):
        return len(self.mean)

    @property
    def largest(self):
        return self.shape

    @property
    def digest(self):
        return hashlib.sha256(json.dumps(self.to_dict()).encode()).hexdigest()

    @property
    def stored_digest(self):
        return hashlib.sha256(b"numbers").hexdigest()

    def to_dict(self):
        return {"mean": list(self.mean), "std": list(self.std)}

    @classmethod
    def from_dict(cls, table):
        return cls(tuple(table["mean"]), tuple(table["std"]))

    def encode(self, item, *, name=None, limit=None):
        text = item.decode() if isinstance(item, bytes) else item
        try:
            row = np.array([float(part) for part in text.split()], np.float32)
        except ValueError as error:
            raise ItemError(name or text, str(error)) from error
        if row.shape != self.shape:
            raise ItemError(name or text, f"expected {self.channels} numbers, got {len(row)}")
        return row

    def ready(self, batch):
        return (batch - np.array(self.mean, np.float32)) / np.array(self.std, np.float32)

    def canaries(self, items):
        return {file: items[place % len(items)] for place, file in enumerate(self.canary_files)}

    def sample(self, encoded):
        return encoded.tobytes().hex()

    def fault(self, sample, encoded):
        return "" if sample == self.sample(encoded) else "its numbers are others"


def lines_of(arguments):
    for argument in arguments:
        yield from (line.rstrip("\n") for line in sys.stdin) if argument == "-" else [argument]


NUMBERS = EncodingKind(
    name="numbers",
    one="line",
    plural="lines",
    example="1,2",
    parts="numbers",
    read=Numbers.from_dict,
    items=lambda given: [given] if isinstance(given, str) else given,
    expand=lines_of,
    check=lambda arguments: None,
    name_of=str,
)


class Dense(Network):
    """Two dense layers."""

    head_name = "head_layer"

    def __init__(self, config, *, num_classes, in_channels):
        super().__init__(config, num_classes=num_classes, in_channels=in_channels, feature_width=16, stages=("hidden",))
        self.hidden = nn.Linear(in_channels, 16)
        self.rectify = nn.ReLU()
        self.head_layer = self.build_head(num_classes)

    def build_head(self, num_classes):
        return nn.Linear(16, num_classes)

    def forward_features(self, images):
        return self.rectify(self.hidden(images))

    def forward_head(self, maps, *, vector_only=False):
        return maps if vector_only else self.head_layer(maps)

    def features(self, images):
        return self.forward_features(images)


CONFIG = NetworkConfig(
    paper=Paper("Nobody", 2000, "Dense", "none"), benchmark=Benchmark("lines", 3, WIDTH, (1, 1), (0.0,), (1.0,))
)


@dataclass(frozen=True)
class Lines:
    """The lines of a text as a data set has its pictures."""

    lines: tuple[bytes, ...]

    def __len__(self):
        return len(self.lines)

    def key(self, index):
        return f"line {index + 1}"

    def read(self, index):
        return self.lines[index]

    def path(self, index):
        return None

    def select(self, indices):
        return Lines(tuple(self.lines[index] for index in indices))


@pytest.fixture(scope="module")
def tables():
    """The rows that a new kind, and a new network, bring."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(named.ENCODINGS, "numbers", NUMBERS)
        patch.setattr(catalog, "ROWS", {**catalog.ROWS, "dense": catalog.Row("dense", Dense, CONFIG)})
        yield


@pytest.fixture(scope="module")
def lines():
    """Three classes of lines around three places, far from 0 and of different widths; with their classes."""
    generator = np.random.default_rng(0)
    labels = np.arange(120, dtype=np.int32) % 3
    places = generator.normal(50, 8, (3, WIDTH))
    rows = places[labels] + generator.normal(0, 1.5, (120, WIDTH))
    return tuple(" ".join(f"{value:.3f}" for value in row).encode() for row in rows), labels


@pytest.fixture(scope="module")
def bundle(tables, lines, tmp_path_factory):
    """What was trained on the lines and sealed."""
    texts, labels = lines
    zeros = np.zeros(len(texts), np.int32)
    digests = np.stack([np.frombuffer(picture_digest(text), np.uint8) for text in texts])
    facts = PictureTable(digests, zeros, zeros, zeros.astype(bool))
    unassigned = np.zeros(len(texts), np.uint8)
    dataset = Dataset("lines", "here", ("a", "b", "c"), Lines(texts), labels, unassigned, facts=facts)
    dataset = assign_splits(dataset, seed=0)
    rows = np.array([text.split() for text in dataset.select(dataset.indices("train")).pictures.lines], np.float64)
    encoding = Numbers(tuple(rows.mean(0)), tuple(rows.std(0)))
    folder = tmp_path_factory.mktemp("numbers")
    store = open_store(dataset, encoding, cache_folder=folder / "cache")
    assert (store.kind, store.shape, store.gather(np.arange(2)).dtype) == ("memory", (120, WIDTH), np.float32)
    assert store.bytes == 120 * WIDTH * 4
    parts = {name: EncodedExamples.of(dataset, store, encoding, name) for name in ("train", "val", "test")}
    recipe = Recipe(model="dense", batch_size=16)
    network = create_model("dense", num_classes=3, in_channels=encoding.channels, seed=0)
    state = TrainingState.begin(network, recipe, total_steps=20 * -(-len(parts["train"].labels) // 16))
    epochs = list(fit(state, recipe, parts["train"], parts["val"], device=torch.device("cpu")))
    assert epochs[-1].train_loss < epochs[0].train_loss / 2
    sealed = seal(
        state.averaged,
        folder / "bundle",
        model="dense",
        classes=dataset.classes,
        preprocessing=encoding,
        splits=[MeasuredSplit(name, parts[name].labels, parts[name].pixels, name) for name in ("val", "test")],
        canary_pictures=encoding.canaries([dataset.pictures.read(row) for row in range(5)]),
        seen=SeenPictures.of(digests[dataset.indices("train")]),
        data={"name": "lines", "fingerprint": dataset.fingerprint, "training_pictures": len(parts["train"].labels)},
    )
    assert sealed.measured.scores["test"].accuracy == 1.0
    return sealed.bundle.folder


def test_the_contract_says_which_kind_and_how_it_is_encoded(bundle):
    contract = json.loads((bundle / "contract.json").read_text())
    assert contract["kind"] == "numbers"
    assert contract["preprocessing"].keys() == {"mean", "std"}
    assert contract["metrics"]["test"]["accuracy"] == 1.0
    assert sorted(path.name for path in (bundle / "canaries").iterdir()) == ["0.txt", "1.txt", "2.txt", "canaries.json"]


@pytest.mark.parametrize("engine", ["openvino", "torch"])
def test_it_is_opened_with_its_canaries_checked_and_answers(bundle, lines, engine):
    classifier = striate.load(bundle, engine=engine)
    assert classifier.canary_difference < 1e-5
    texts, labels = lines
    named_classes = np.array(["a", "b", "c"])
    assert (classifier.predict([text.decode() for text in texts]) == named_classes[labels]).all()
    assert classifier.predict(texts[1].decode()).tolist() == ["b"]
    assert classifier.predict_proba([]).shape == (0, 3)
    assert classifier.features(list(texts[:4])).shape == (4, 16)


def test_rows_of_a_stream_are_called_by_the_line_and_have_their_errors(bundle, lines):
    good = lines[0][2].decode()
    rows = list(striate.predict(bundle, [good, "1 2", "one two three four five"]))
    assert [(row.path, row.label) for row in rows] == [(good, "c"), ("1 2", None), ("one two three four five", None)]
    assert rows[1].error == "expected 5 numbers, got 2"
    assert rows[2].error == "could not convert string to float: 'one'"


def test_the_command_reads_lines_of_stdin(bundle, lines, striate_command, monkeypatch):
    def told(text):
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))
        return striate_command("predict", bundle, "-", "--json")

    code, out, _ = told(b"\n".join(lines[0][:3]).decode() + "\n1 2\n")
    assert [json.loads(line)["label"] for line in out.splitlines()] == ["a", "b", "c", None]
    assert code == 3
    assert told("") == (2, "", "striate: no lines found in -\n")


def test_what_needs_pictures_says_so(bundle, tmp_path):
    with pytest.raises(
        UsageError, match=r"^the bundle is for lines; what is asked for here is possible only of pictures$"
    ):
        striate.export(bundle, tmp_path / "lines.onnx")


def reseal(bundle: Path, folder: Path, **changes) -> Path:
    """A copy whose contract was changed by someone who computes its digest anew."""
    shutil.copytree(bundle, folder)
    table = json.loads((folder / "contract.json").read_text())
    table.pop("digest")
    table |= changes
    table = {key: value for key, value in table.items() if value is not None}
    (folder / "contract.json").write_text(json.dumps(table | {"digest": digest_of(table)}))
    return folder


def test_another_encoding_or_kind_is_refused(bundle, tmp_path, monkeypatch):
    table = json.loads((bundle / "contract.json").read_text())["preprocessing"]
    other = {"mean": [value + 1 for value in table["mean"]], "std": table["std"]}
    with pytest.raises(BundleError, match="the canaries' logits were computed with another preprocessing"):
        striate.load(reseal(bundle, tmp_path / "other", preprocessing=other))
    with pytest.raises(
        BundleError,
        match=r"the bundle is for items of the kind 'letters', expected 'picture' or 'text' or 'frames' or 'numbers'$",
    ):
        striate.load(reseal(bundle, tmp_path / "letters", kind="letters"))
    with pytest.raises(BundleError, match=r"contract\.json makes no sense: the preprocessing lacks colour, "):
        striate.load(reseal(bundle, tmp_path / "pictures", kind=None))
    # The code of this kind is another than when the bundle was sealed.
    honest = Numbers.encode
    monkeypatch.setattr(Numbers, "encode", lambda self, item, **options: honest(self, item, **options)[::-1].copy())
    with pytest.raises(BundleError, match="the canaries do not give their sealed logits"):
        striate.load(bundle)
    monkeypatch.setattr(
        Numbers, "encode", lambda self, item, **options: honest(self, item, **options) + np.float32(1e-5)
    )
    with pytest.raises(
        BundleError, match=r"the canary 0\.txt is prepared otherwise than it was sealed: its numbers are others$"
    ):
        striate.load(bundle)


def test_an_open_bundle_goes_to_another_process_as_any(bundle, lines):
    import pickle

    buffer = io.BytesIO(pickle.dumps(striate.load(bundle)))
    assert pickle.load(buffer).predict(lines[0][0].decode()).tolist() == ["a"]
