"""Downloads, from a server on this machine."""

import contextlib
import dataclasses
import hashlib
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch

import striate.weights.downloading
from striate.errors import WeightsError
from striate.models import create_model
from striate.pixels import Preprocessing
from striate.weights import PublishedWeights, fetch_weights, published_weights, weights_folder

RULE = Preprocessing(colour="rgb", resize="exact", resize_size=(32, 32), mean=(0.5,) * 3, std=(0.5,) * 3)


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    path = tmp_path_factory.mktemp("published") / "weights.pth"
    torch.save(create_model("resnet20", seed=1).state_dict(), path)
    return path.read_bytes()


class Server(ThreadingHTTPServer):
    """Answers every request with its content, or as its mode says."""

    daemon_threads = False
    mode = "whole"
    requests = 0


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.requests += 1
        if server.mode == "silent":
            server.release.wait(10)
        if server.mode == "missing":
            self.send_error(404)
            return
        body = server.content
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):  # the client may have gone
            self.wfile.write(body[: len(body) // 2] if server.mode == "short" else body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(content):
    with Server(("127.0.0.1", 0), Handler) as server:
        server.content = content
        server.release = threading.Event()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.release.set()
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch, tmp_path):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))


@pytest.fixture
def published(server, content):
    prefix = hashlib.sha256(content).hexdigest()[:8]
    return PublishedWeights(
        row="resnet20",
        source="someone's resnet20",
        url=f"http://127.0.0.1:{server.server_port}/models/resnet20-{prefix}.pth",
        sha256_prefix=prefix,
        preprocessing=RULE,
        accuracy=None,
        classes=(),
    )


def refusal(published, folder):
    with pytest.raises(WeightsError) as error:
        fetch_weights(published, cache_folder=folder)
    assert not folder.exists() or not list(folder.iterdir())
    return str(error.value)


def remedy(published, folder):
    return f"where there is a network, download {published.url} and put {published.file_name} into {folder}"


def test_downloaded_once_and_checked(published, server, content, tmp_path):
    told = []
    folder = tmp_path / "cache" / "weights"
    file = fetch_weights(published, cache_folder=folder, progress=lambda *report: told.append(report))
    assert file.path == folder / published.file_name
    assert file.path.read_bytes() == content
    assert file.sha256.startswith(published.sha256_prefix)
    assert [path.name for path in folder.iterdir()] == [published.file_name]
    task = f"downloading {published.file_name}"
    assert told[0] == (task, 0, len(content))
    assert told[-1] == (task, len(content), len(content))
    again = fetch_weights(published, cache_folder=folder)
    assert server.requests == 1
    assert all(torch.equal(again.tensors[name], tensor) for name, tensor in file.tensors.items())


def test_the_default_folder_is_the_user_s_cache(published):
    file = fetch_weights(published)
    assert file.path.parent == weights_folder()
    assert weights_folder().parts[-2:] == ("striate", "weights")
    file.path.unlink()


def test_torch_hub_s_cache_is_used(published, server, content, tmp_path):
    hub = tmp_path / "torch" / "hub" / "checkpoints"
    hub.mkdir(parents=True)
    (hub / published.file_name).write_bytes(content)
    file = fetch_weights(published, cache_folder=tmp_path / "cache")
    assert file.path == hub / published.file_name
    assert server.requests == 0


def test_another_file_in_torch_hub_s_cache_is_not(published, server, tmp_path):
    hub = tmp_path / "torch" / "hub" / "checkpoints"
    hub.mkdir(parents=True)
    torch.save({"fc.bias": torch.zeros(10)}, hub / published.file_name)
    assert fetch_weights(published, cache_folder=tmp_path / "cache").path.parent == tmp_path / "cache"


def test_a_file_of_the_name_that_is_another(published, server, tmp_path):
    path = tmp_path / published.file_name
    torch.save({"fc.bias": torch.zeros(10)}, path)
    with pytest.raises(WeightsError) as error:
        fetch_weights(published, cache_folder=tmp_path)
    prefix = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    assert str(error.value) == (
        f"{path} is not the file that was published as {published.url}: its SHA-256 begins with {prefix}, "
        f"expected {published.sha256_prefix}; delete it to download it anew"
    )
    assert server.requests == 0


def test_something_else_is_downloaded(published, server, tmp_path):
    server.content = b"x" * 100
    assert refusal(published, tmp_path) == (
        f"what came from {published.url} is not what was published: its SHA-256 begins with "
        f"{hashlib.sha256(server.content).hexdigest()[:8]}, expected {published.sha256_prefix}; try again later"
    )


def test_cut_short(published, server, content, tmp_path):
    server.mode = "short"
    half = content[: len(content) // 2]
    assert refusal(published, tmp_path) == (
        f"what came from {published.url} is not what was published ({len(half):,} of {len(content):,} bytes came): "
        f"its SHA-256 begins with {hashlib.sha256(half).hexdigest()[:8]}, expected {published.sha256_prefix}; "
        "try again later"
    )


def test_not_there(published, server, tmp_path):
    server.mode = "missing"
    assert refusal(published, tmp_path) == (
        "the weights of resnet20 cannot be downloaded: the server answered 404 Not Found; "
        + remedy(published, tmp_path)
    )


def test_offline(published, tmp_path):
    nobody = dataclasses.replace(published, url=f"http://127.0.0.1:1/{published.file_name}")
    began = time.monotonic()
    assert refusal(nobody, tmp_path) == (
        "the weights of resnet20 cannot be downloaded: [Errno 111] Connection refused; " + remedy(nobody, tmp_path)
    )
    assert time.monotonic() - began < striate.weights.downloading.READ_PATIENCE


def test_no_answer(published, server, tmp_path, monkeypatch):
    server.mode = "silent"
    monkeypatch.setattr(striate.weights.downloading, "PATIENCE", 0.2)
    began = time.monotonic()
    assert refusal(published, tmp_path) == (
        "the weights of resnet20 cannot be downloaded: the server did not answer within 0.2 s; "
        + remedy(published, tmp_path)
    )
    assert time.monotonic() - began < striate.weights.downloading.READ_PATIENCE
    server.release.set()
    late = [thread for thread in threading.enumerate() if thread.name == "striate-download"]
    for thread in late:
        thread.join(5)  # it closes what it got too late


def test_offline_is_said_within_three_seconds():
    assert striate.weights.downloading.PATIENCE <= 2.5


def test_interrupted(published, tmp_path):
    def interrupt(task, done, total):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_weights(published, cache_folder=tmp_path / "cache", progress=interrupt)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_folder_that_cannot_be_written(published, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(WeightsError) as error:
        fetch_weights(published, cache_folder=tmp_path / "file")
    path = tmp_path / "file" / published.file_name
    assert str(error.value) == f"{path} cannot be written: File exists; make room for it there"


def test_weights_are_at_hand_where_the_published_file_lies_in_a_cache(tmp_path, monkeypatch):
    from striate.user_cache import kind_folder
    from striate.weights.downloading import is_at_hand

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    prefix = hashlib.sha256(b"weights").hexdigest()[:8]
    of_a_row = dataclasses.replace(
        published_weights("mobilenet_v2"), url=f"https://nowhere/row-{prefix}.pth", sha256_prefix=prefix
    )
    assert not is_at_hand(of_a_row)
    for folder in (kind_folder("weights"), tmp_path / "torch" / "hub" / "checkpoints"):
        folder.mkdir(parents=True)
        path = folder / of_a_row.file_name
        path.write_bytes(b"others")
        assert not is_at_hand(of_a_row)
        path.write_bytes(b"weights")
        assert is_at_hand(of_a_row)
        path.unlink()
