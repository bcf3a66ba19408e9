"""`striate studio` as a process: it says where it is, and ends with Ctrl-C."""

import re
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

pytest.importorskip("starlette")


@pytest.mark.skipif(not hasattr(socket, "SO_REUSEPORT"), reason="signals are those of Unix")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_is_and_ends_in_good_order(number, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "striate", "studio", "--port", "0"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # not as a shell's background job
    )
    said = process.stderr.readline()
    address = re.search(r"the studio is at (http://127\.0\.0\.1:\d+/studio/); Ctrl-C ends it", said)[1]
    with urllib.request.urlopen(address) as answer:
        assert b"<h1>" in answer.read()
    process.send_signal(number)
    out, more = process.communicate(timeout=60)
    assert (process.returncode, out, more) == (0, "", "")


def test_what_is_not_there_is_said_before_anything_is_served(striate_command):
    code, out, error = striate_command("studio", "lenet_5")
    assert code == 2 and out == ""
    assert "unknown model 'lenet_5'; did you mean 'lenet5'" in error


def test_a_port_that_is_taken():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [sys.executable, "-m", "striate", "studio", "--port", str(taken.getsockname()[1])]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "cannot serve at 127.0.0.1" in done.stderr and "another one by --host and --port" in done.stderr


def test_a_missing_package_is_one_sentence(striate_command, monkeypatch):
    monkeypatch.setattr("striate.api.open_studio.find_spec", lambda name: None)
    code, _, error = striate_command("studio")
    assert code == 2
    assert "the studio needs the package starlette, which is not installed here: pip install 'striate[serve]'" in error
