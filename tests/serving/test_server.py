"""The server as a process: how it starts, how it ends, and what it shares."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from striate.errors import UsageError
from striate.serving import ServerSettings, is_loopback
from striate.serving.server import address_of, listening_socket

pytestmark = pytest.mark.skipif(
    not hasattr(socket, "SO_REUSEPORT"), reason="signals and shared ports are those of Unix"
)


class Process:
    """`striate serve` in a process of its own."""

    def __init__(self, *arguments):
        environment = dict(os.environ) | {"PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "striate", "serve", "--port", "0", *map(str, arguments)]
        self.process = subprocess.Popen(
            command,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # not as a shell's background job
        )
        self.lines = []
        self.listening = threading.Event()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        assert self.listening.wait(120), self.lines
        self.port = int(re.search(r"127\.0\.0\.1:(\d+)", "".join(self.lines))[1])

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line)
            if "ask it" in line:
                self.listening.set()

    def ask(self, method="GET", path="/v2", body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        code = self.process.wait(60)
        self.reader.join(10)
        self.process.stderr.close()
        return code

    @property
    def events(self):
        return [json.loads(line) for line in self.lines if line.startswith("{")]


def test_hosts_that_only_this_machine_reaches():
    assert all(map(is_loopback, ["127.0.0.1", "127.1.2.3", "::1", "localhost"]))
    assert not any(map(is_loopback, ["0.0.0.0", "::", "192.168.0.1", "example.org"]))
    assert "localhost" in ServerSettings(()).hosts
    assert ServerSettings((), host="0.0.0.0").hosts is None
    assert ServerSettings((), host="0.0.0.0", allowed_hosts=("example.org",)).hosts == {"example.org"}


def test_a_port_that_is_taken_is_said():
    with listening_socket("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        assert address_of(taken, "127.0.0.1") == f"http://127.0.0.1:{port}"
        with pytest.raises(
            UsageError, match=f"cannot serve at 127.0.0.1, port {port}: Address already in use; name another"
        ):
            listening_socket("127.0.0.1", port)
    with pytest.raises(UsageError, match=r"cannot serve at no\.such\.host\.invalid"):
        listening_socket("no.such.host.invalid", 0)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_is_in_work_is_answered_before_the_end(finished_run, picture_files, number):
    from tests.serving.conftest import form_body

    server = Process(finished_run.folder, "--waiting", 1000)
    body = form_body(picture_files * 30)
    headers = {"Content-Type": "multipart/form-data; boundary=edge"}
    answers = []
    asking = [
        threading.Thread(target=lambda: answers.append(server.ask("POST", "/predict", body, headers)[0]))
        for _ in range(2)
    ]
    for thread in asking:
        thread.start()
    time.sleep(0.15)
    assert server.end(number) == 0
    for thread in asking:
        thread.join()
    # A request that came after the signal may have been told 503, or found nobody.
    assert set(answers) <= {200, 503}
    assert not any("Traceback" in line for line in server.lines), server.lines


@pytest.mark.slow
def test_workers_share_the_port_and_one_that_dies_is_replaced(finished_run, picture_files):
    server = Process(finished_run.folder, "--workers", "2")
    try:
        for _ in range(40):
            assert server.ask()[0] == 200
        workers = {event["worker"] for event in server.events}
        assert workers == {0, 1}
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
        victims = [pid for pid in children if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text()]
        assert len(victims) == 2
        os.kill(int(victims[0]), signal.SIGKILL)
        deadline = time.monotonic() + 60
        while True:
            children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
            now = [pid for pid in children if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text()]
            if len(now) == 2 and victims[0] not in now:
                break
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        assert server.end() == 0


@pytest.mark.slow
def test_neither_start_nor_prediction_needs_torch(finished_run, tmp_path):
    blocked = tmp_path / "torch.py"
    blocked.write_text("raise ImportError('torch is not needed')")
    code = (
        "import striate, os, signal, threading, urllib.request\n"
        "def ready(started):\n"
        "    def ask():\n"
        "        print(urllib.request.urlopen(started.address + '/v2').status)\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "    threading.Thread(target=ask).start()\n"
        f"striate.serve({str(finished_run.folder)!r}, port=0, ready=ready)\n"
    )
    environment = dict(os.environ) | {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=120)
    assert (done.returncode, done.stdout) == (0, "200\n"), done.stderr
