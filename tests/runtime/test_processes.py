"""A classifier in other processes: forked, spawned, sent there. None of them ever waits for what is not there."""

import concurrent.futures
import multiprocessing
import os
import pickle
import shutil
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import torch

import striate
from striate.bundle import open_bundle
from striate.errors import BundleError, StriateError, UsageError
from striate.runtime import Classifier, OpenVINOEngine

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]

SECONDS = 30
"""What waits longer will wait for ever."""


@pytest.fixture(scope="module")
def paths(striped):
    return sorted(striped.rglob("*.png"))[:12]


def in_child(work):
    """What `work` answers, or the error that it raises, in a forked process."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)

    def run():
        try:
            sender.send(work())
        except StriateError as error:
            sender.send(error)

    child = context.Process(target=run, daemon=True)
    child.start()
    try:
        assert receiver.poll(SECONDS), "the child waits for ever"
        return receiver.recv()
    finally:
        child.kill()
        child.join()


@pytest.mark.parametrize("engine", ["openvino", "torch", "onnx"])
def test_a_forked_process_answers_the_same(finished_run, paths, exported_run, engine):
    classifier = finished_run.classifier(engine=exported_run if engine == "onnx" else engine)
    before = classifier.decision_function(paths)
    answer = in_child(lambda: (classifier.decision_function(paths), list(classifier.stream(paths))))
    assert np.allclose(answer[0], before, atol=1e-5)
    assert [row.label for row in answer[1]] == classifier.predict(paths).tolist()
    assert np.array_equal(classifier.decision_function(paths), before)  # and here it goes on


def test_a_child_of_a_child_and_one_that_never_predicted_here(finished_run, paths):
    classifier = finished_run.classifier()
    before = classifier.decision_function(paths)
    assert np.array_equal(in_child(lambda: in_child_of_daemon(lambda: classifier.decision_function(paths))), before)


def in_child_of_daemon(work):
    multiprocessing.current_process()._config["daemon"] = False  # which may have children
    return in_child(lambda: work())


def test_forks_while_other_threads_predict(finished_run, paths):
    classifier = finished_run.classifier()
    before = classifier.decision_function(paths)
    over = threading.Event()

    def predict():
        while not over.is_set():
            classifier.decision_function(paths)

    threads = [threading.Thread(target=predict) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(5):
            assert np.array_equal(in_child(lambda: classifier.decision_function(paths)), before)
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_a_bundle_that_was_exchanged_before_the_child_asked(finished_run, paths, tmp_path):
    shutil.copytree(finished_run.folder / "bundle", tmp_path / "bundle")
    classifier = striate.load(tmp_path / "bundle")

    def exchange_and_ask():
        os.utime(tmp_path / "bundle" / "engine.bin", (1, 1))
        return classifier.predict(paths)

    error = in_child(exchange_and_ask)
    assert type(error) is BundleError
    assert str(error) == (
        f"{tmp_path / 'bundle' / 'engine.xml'} was changed since the classifier was opened, before this process forked; load it anew"
    )
    (tmp_path / "bundle" / "engine.xml").unlink()
    assert type(in_child(lambda: classifier.predict(paths))) is BundleError


def test_an_engine_that_does_not_start_in_the_child_is_not_waited_for(finished_run, paths, monkeypatch):
    classifier = finished_run.classifier()
    monkeypatch.setattr(striate.runtime.openvino_engine, "CHILDS_PATIENCE", 0.1)
    monkeypatch.setattr(classifier.engine, "_open", lambda: time.sleep(SECONDS))
    error = in_child(lambda: classifier.predict(paths))
    assert str(error) == (
        "OpenVINO does not start in this forked process; load the classifier in one that "
        "multiprocessing.get_context('spawn') started"
    )


def test_a_gpu_does_not_survive_a_fork(finished_run, paths):
    classifier = finished_run.classifier(engine="torch")
    classifier.engine._device = torch.device("cuda:1")
    error = in_child(lambda: classifier.predict(paths))
    assert type(error) is UsageError
    assert str(error) == (
        "a classifier on cuda:1 cannot be used in a forked process; load it there with striate.load, "
        "in a process that multiprocessing.get_context('spawn') started"
    )


def test_predictions_that_were_begun_before_the_fork(finished_run, paths):
    classifier = finished_run.classifier()
    stream = classifier.stream([*paths] * 30, batch_size=1)
    next(stream)
    error = in_child(lambda: [next(stream) for _ in range(300)])
    assert "were begun before the process forked" in str(error)
    assert len(list(stream)) == 30 * len(paths) - 1


ENDS_IN_ORDER = """
import os, signal, sys, time, striate
classifier = striate.load(sys.argv[1])
classifier.predict(sys.argv[2])
child = os.fork()
if not child:
    signal.alarm(30)
    if sys.argv[3] == "ask":
        classifier.predict(sys.argv[2])
    sys.exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
"""


@pytest.mark.parametrize("asks", ["ask", "do not"])
def test_a_child_that_ends_as_any_program_ends(finished_run, paths, asks):
    arguments = [str(finished_run.folder), str(paths[0]), asks]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ENDS_IN_ORDER, *arguments], capture_output=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("method", ["fork", "spawn", pytest.param("forkserver", marks=pytest.mark.slow)])
def test_a_pool_of_processes(finished_run, paths, method):
    classifier = finished_run.classifier()
    parts = [paths[start : start + 4] for start in range(0, len(paths), 4)]
    with multiprocessing.get_context(method).Pool(2) as pool:
        rows = pool.map_async(classifier.predict_proba, parts, chunksize=1).get(SECONDS)
        with pytest.raises(striate.PictureError, match=r"nothing.png"):
            pool.apply_async(classifier.predict, ["nothing.png"]).get(SECONDS)
    assert np.array_equal(np.concatenate(rows), classifier.predict_proba(paths))


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_an_executor_of_processes(finished_run, paths, method):
    classifier = finished_run.classifier(engine="torch")
    context = multiprocessing.get_context(method)
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        rows = list(pool.map(classifier.predict_proba, [paths[:6], paths[6:]], timeout=SECONDS))
    assert np.allclose(np.concatenate(rows), classifier.predict_proba(paths), atol=1e-5)


class Answered(torch.utils.data.Dataset):
    """What a classifier says of pictures, a picture an item."""

    def __init__(self, classifier, paths):
        self.classifier, self.paths = classifier, paths

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        return self.classifier.decision_function(self.paths[index])[0]


@pytest.mark.parametrize("engine", ["openvino", pytest.param("torch", marks=pytest.mark.slow)])
def test_the_workers_of_a_data_loader(finished_run, paths, engine):
    classifier = finished_run.classifier(engine=engine)
    loader = torch.utils.data.DataLoader(
        Answered(classifier, paths), batch_size=4, num_workers=2, timeout=SECONDS, multiprocessing_context="fork"
    )
    assert np.allclose(torch.cat(list(loader)), classifier.decision_function(paths), atol=1e-5)


def test_what_is_sent_is_the_place_and_not_the_weights(finished_run, paths, tmp_path, monkeypatch):
    monkeypatch.chdir(finished_run.folder.parent)
    classifier = striate.load(finished_run.folder.name)  # a relative path, which another process may read otherwise
    sent = pickle.dumps(classifier)
    assert len(sent) < 1000
    monkeypatch.chdir(tmp_path)
    received = pickle.loads(sent)
    assert not {"bundle", "engine", "canary_difference"} & vars(received).keys()  # nothing is opened yet
    assert received.classes == ("across", "bands")
    assert repr(received) == repr(classifier)
    assert received.canary_difference == classifier.canary_difference
    assert np.array_equal(received.predict_proba(paths), classifier.predict_proba(paths))
    assert pickle.loads(sent).engine is received.engine  # opened once, however often it is sent
    assert pickle.dumps(received) == sent
    with pytest.raises(AttributeError, match="'Classifier' object has no attribute 'predcit'"):
        received.predcit  # noqa: B018


def test_an_engine_and_a_precision_travel_too(finished_run, exported_run, paths):
    classifier = finished_run.classifier(engine="torch", precision="bf16")
    assert repr(pickle.loads(pickle.dumps(classifier))) == "<Classifier resnet20 of 2 classes, torch bf16>"
    on_file = pickle.loads(pickle.dumps(finished_run.classifier(engine=exported_run)))
    assert repr(on_file) == "<Classifier resnet20 of 2 classes, onnxruntime fp32>"


def test_a_bundle_that_is_not_there_is_told_where_it_is_used(finished_run, paths, tmp_path):
    place = tmp_path / "bundle"
    shutil.copytree(finished_run.folder / "bundle", place)
    classifier = striate.load(place)
    place.rename(tmp_path / "elsewhere")
    with multiprocessing.get_context("fork").Pool(1) as pool, pytest.raises(UsageError) as caught:
        pool.apply_async(classifier.predict, [paths]).get(SECONDS)
    assert str(caught.value) == (
        f"the classifier was sent to a process that does not find its bundle at {place}; copy the bundle there, "
        "or open it with striate.load"
    )


def test_another_bundle_at_the_place_is_refused(finished_run, tmp_path):
    place = tmp_path / "bundle"
    shutil.copytree(finished_run.folder / "bundle", place)
    received = pickle.loads(pickle.dumps(striate.load(place)))
    received._origin = type(received._origin)(**(vars(received._origin) | {"digest": "of another"}))
    with pytest.raises(
        BundleError, match=r"bundle holds another bundle than when the classifier was opened; load it anew"
    ):
        received.predict([])


def test_one_made_by_hand_is_opened_in_the_worker(finished_run):
    bundle = open_bundle(finished_run.folder)
    classifier = Classifier(bundle, OpenVINOEngine(bundle.engine_path, bundle.contract.preprocessing, requests=1))
    with pytest.raises(UsageError, match=r"cannot be sent to another process; open it there with striate\.load"):
        pickle.dumps(classifier)
