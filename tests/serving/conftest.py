"""A server that runs in a thread of the tests' process, and what asks it."""

import http.client
import json
import socket
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from striate.serving import ServingLimits, named_bundles
from striate.serving.application import build_application
from striate.serving.metrics import ServingMetrics
from striate.serving.models import Models
from striate.serving.server import Server, address_of, listening_socket
from striate.serving.service import Service


@dataclass
class Reply:
    status: int
    headers: Any
    body: bytes

    def json(self):
        return json.loads(self.body)


class Client:
    """Asks a server over one connection after another."""

    def __init__(self, address):
        self.address = address
        parts = urlsplit(address)
        self.place = parts.hostname, parts.port

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection(*self.place, timeout=60)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return Reply(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.ask("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def post(self, path, body, media_type, headers=None):
        return self.ask("POST", path, body, {"Content-Type": media_type, **(headers or {})})

    def infer(self, model, table, blobs=b"", headers=None):
        text = json.dumps(table).encode()
        length = {"Inference-Header-Content-Length": str(len(text))} if blobs else {}
        return self.ask("POST", f"/v2/models/{model}/infer", text + blobs, length | (headers or {}))

    def form(self, path, files, field="picture", headers=None):
        return self.post(path, form_body(files, field), "multipart/form-data; boundary=edge", headers)


def form_body(files, field="picture"):
    parts = [
        f'--edge\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'.encode() + data + b"\r\n"
        for name, data in files
    ]
    return b"".join(parts) + b"--edge--\r\n"


def talk(server, sent, *, wait=10.0):
    """What comes back for bytes on a connection, until it is closed or nothing comes for `wait` seconds."""
    with socket.create_connection(server.place, timeout=wait) as connection:
        connection.sendall(sent)
        return read_all(connection)


def read_all(connection):
    received = b""
    while True:
        try:
            data = connection.recv(65536)
        except (TimeoutError, ConnectionResetError):
            return received
        if not data:
            return received
        received += data


@dataclass
class Running(Client):
    """A server at work."""

    def __init__(self, arguments, limits=None, **options):
        self.events = []
        self.metrics = ServingMetrics()
        limits = limits or ServingLimits()
        self.models = Models(named_bundles(arguments), limits, self.metrics, told=self.events.append)
        self.service = Service(self.models, limits, self.metrics)
        options = {"log": self.events.append, "look_again": 0.05} | options
        self.listener = listening_socket("127.0.0.1", 0)
        listening = threading.Event()
        self.server = Server(build_application(self.service, **options), self.service, ready=listening.set)
        self.thread = threading.Thread(target=self.server.serve_on, args=(self.listener,), daemon=True)
        self.thread.start()
        assert listening.wait(60)
        super().__init__(address_of(self.listener, "127.0.0.1"))

    def end(self):
        self.server.end()
        self.thread.join(60)
        assert not self.thread.is_alive()
        self.listener.close()


@pytest.fixture(scope="session")
def run_server():
    """A function that starts a server: `run_server(bundles, limits=..., **options)`; all are ended."""
    started = []

    def start(arguments, limits=None, **options):
        started.append(Running(arguments, limits, **options))
        return started[-1]

    yield start
    for running in started:
        if running.thread.is_alive():
            running.end()


@pytest.fixture(scope="session")
def server(run_server, finished_run, film_run):
    """A server of pictures (`striped`) and sentences (`films`)."""
    return run_server([f"striped={finished_run.folder}", f"films={film_run.folder}"])


@pytest.fixture(scope="session")
def picture_files(striped):
    """Names and bytes of eight pictures."""
    paths = sorted(striped.rglob("*.png"))[::8]
    return [(path.name, path.read_bytes()) for path in paths]
