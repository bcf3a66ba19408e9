"""A bundle that is put in the place of another while somebody reads it: the one or the other is found, never a mixture."""

import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

import striate
from striate.bundle import open_bundle, read_bundle
from striate.errors import BundleError
from striate.folder_exchange import put_in_place

READER = """
import json, sys
from pathlib import Path
import numpy as np
import striate
from striate.bundle import open_bundle

run, loads, digests = Path(sys.argv[1]), sys.argv[2] == "loads", set(sys.argv[3:])
pictures = [np.full((40, 40, 3), shade, np.uint8) for shade in (0, 90, 200)]
times, answers = 0, {}
striate.load(run, engine="torch")
print("reads", flush=True)
while times < 5 or not (run / "over").exists():
    times += 1
    if loads:
        classifier = striate.load(run, engine="torch")
        answer = classifier.predict_proba(pictures).round(6).tolist()
        assert answers.setdefault(classifier.bundle.digest, answer) == answer
    else:
        answers[open_bundle(run).digest] = []
assert answers.keys() <= digests
print(json.dumps([times, answers]))
"""


@pytest.fixture(scope="module")
def another_run(striped, once):
    """A run of the same network on the same pictures with other weights; do not change it."""
    options = {"model": "resnet20", "epochs": 1, "seed": 1, "precision": "fp32", "settings": ["batch_size=16"]}
    return striate.Run(once("runs/another", lambda folder: striate.train(striped, output=folder, **options)))


@pytest.mark.parametrize(
    ("what", "exchanges", "pause"),
    [("opens", 50, 0.0), ("loads", 5, 0.3), pytest.param("opens", 500, 0.0, marks=pytest.mark.slow)],
)
def test_a_reader_finds_one_bundle_or_the_other(finished_run, another_run, tmp_path, what, exchanges, pause):
    run = tmp_path / "run"
    run.mkdir()
    bundles = [finished_run.folder / "bundle", another_run.folder / "bundle"]
    put_in_place(bundles[0], run / "bundle")
    digests = [open_bundle(bundle).digest for bundle in bundles]
    arguments = [sys.executable, "-c", READER, str(run), what, *digests]
    reader = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
    assert reader.stdout.readline() == "reads\n"
    for number in range(exchanges):
        put_in_place(bundles[(number + 1) % 2], run / "bundle")
        time.sleep(pause)
    (run / "over").touch()
    said, _ = reader.communicate()
    assert reader.returncode == 0
    times, answers = json.loads(said)
    assert times >= 5
    pictures = [np.full((40, 40, 3), shade, np.uint8) for shade in (0, 90, 200)]
    for digest, answer in answers.items() if what == "loads" else ():
        classifier = striate.load(bundles[digests.index(digest)], engine="torch")
        assert np.abs(classifier.predict_proba(pictures) - np.array(answer)).max() < 1e-4


def test_what_is_read_later_is_not_taken_from_another_bundle(finished_run, another_run, tmp_path):
    put_in_place(finished_run.folder / "bundle", tmp_path / "bundle")
    classifier = striate.load(tmp_path / "bundle")
    bundle = classifier.bundle
    bundle.check_in_place()
    put_in_place(another_run.folder / "bundle", tmp_path / "bundle")
    with pytest.raises(BundleError, match="holds another bundle than when it was opened; open it anew"):
        bundle.check_in_place()
    # The file system may give a third folder the first one's number.
    put_in_place(finished_run.folder / "bundle", tmp_path / "bundle")
    with pytest.raises(BundleError, match="holds another bundle than when it was opened; open it anew"):
        bundle.check_in_place()
    with pytest.raises(BundleError, match="holds another bundle than when it was opened; open it anew"):
        classifier.network()


def test_a_failure_is_tried_anew_only_where_the_bundle_was_exchanged(finished_run, another_run, tmp_path):
    place = tmp_path / "bundle"
    put_in_place(finished_run.folder / "bundle", place)
    seen = []

    def read(bundle):
        seen.append(bundle.digest)
        if len(seen) == 1:
            put_in_place(another_run.folder / "bundle", place)
            raise BundleError("a mixture")
        if len(seen) == 2:
            return "read"
        raise BundleError("damaged")

    assert read_bundle(place, read) == "read"
    assert seen == [open_bundle(finished_run.folder).digest, open_bundle(another_run.folder).digest]
    with pytest.raises(BundleError, match=r"^damaged$"):
        read_bundle(place, read)
    assert len(seen) == 3
