"""The benchmark of the server: its load, its figures, and that the page is made of what is kept."""

import importlib.util
import json
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def serving():
    sys.path.insert(0, str(FOLDER))
    try:
        spec = importlib.util.spec_from_file_location("benchmarks_serving", FOLDER / "serving.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module
    finally:
        sys.path.remove(str(FOLDER))


@pytest.fixture(scope="module")
def load(serving):
    from serving import load

    return load


@pytest.fixture(scope="module")
def kept(serving):
    return {name: part["measured"] for name, part in json.loads(serving.RESULTS.read_text(encoding="utf-8")).items()}


@pytest.fixture
def counting():
    """A server that answers each request with how many it had, every third with 429, and its port."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            seen.append(self.rfile.read(int(self.headers["Content-Length"])))
            body = str(len(seen)).encode() * 1000
            self.send_response(429 if len(seen) % 3 == 0 else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1], seen
    server.shutdown()
    server.server_close()


def run(load, path, requests, port, *options):
    command = [sys.executable, load.__file__, load.write_requests(path, requests), "--port", port, *options]
    return subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True)


def test_requests_come_back_from_their_file(load, tmp_path):
    requests = [load.request_of("/a", b"", "text/plain"), load.request_of("/b", b"xy", "image/png", "X: y\r\n")]
    assert requests[1].endswith(b"Content-Length: 2\r\nX: y\r\n\r\nxy")
    assert load.read_requests(load.write_requests(tmp_path / "requests", requests)) == requests


def test_each_connection_sends_its_next_request_when_it_has_its_answer(load, counting, tmp_path):
    port, seen = counting
    bodies = [b"first", b"second"]
    requests = [load.request_of("/", body, "text/plain") for body in bodies]
    process = run(load, tmp_path / "requests", requests, port, "--connections", 1, "--seconds", 0.3)
    told = json.loads(process.communicate(timeout=30)[0])
    assert seen == [bodies[number % 2] for number in range(len(seen))] and len(seen) > 3
    assert told["statuses"] == {"200": len(seen) - len(seen) // 3, "429": len(seen) // 3}
    assert {status: len(values) for status, values in told["milliseconds"].items()} == told["statuses"]
    # one at a time: the times add up to the whole
    assert sum(map(sum, told["milliseconds"].values())) <= 1000 * told["seconds"]


def test_at_a_rate_requests_come_at_random_and_a_signal_ends_it(load, counting, tmp_path):
    port, seen = counting
    requests = [load.request_of("/", b"x", "text/plain")]
    process = run(load, tmp_path / "one", requests, port, "--connections", 4, "--seconds", 1, "--rate", 200)
    told = json.loads(process.communicate(timeout=30)[0])
    assert sum(told["statuses"].values()) == len(seen)
    assert 130 <= len(seen) <= 270  # 200 and five standard deviations
    process = run(load, tmp_path / "two", requests, port, "--connections", 4, "--seconds", 600, "--rate", 50)
    while len(seen) < 300 and process.poll() is None:
        time.sleep(0.01)
    process.terminate()
    told = json.loads(process.communicate(timeout=30)[0])
    assert process.returncode == 0 and told["seconds"] < 60


def test_turns_alternate_and_figures_are_those_of_the_values(serving):
    from serving.servers import in_turns, quantiles, spread, summary

    assert [name for _, name in in_turns(["a", "b"], 3)] == ["a", "b", "b", "a", "a", "b"]
    assert quantiles([3.0, 1.0, 2.0]) == {"p50": 2.0, "p99": 3.0, "largest": 3.0}
    assert quantiles(list(map(float, range(1000))))["p99"] == 990
    assert spread([1.0, 3.0, 2.0], 1) == "2.0 (1.0 to 3.0)"
    told = {
        "seconds": 2.0,
        "statuses": {"200": 3, "429": 1},
        "milliseconds": {"200": [1.0] * 3},
        "processor_seconds": 0.1,
    }
    assert summary(told, 0.2) == {
        "answers": 4,
        "a_second": 1.5,
        "statuses": {"200": 3, "429": 1},
        "milliseconds": {"200": {"p50": 1.0, "p99": 1.0, "largest": 1.0}},
        "server_microseconds": 50_000,
        "load_microseconds": 25_000,
    }


def test_the_end_of_the_page_is_replaced(serving):
    page = serving.with_section("# Serving\n\ntext\n", "## How fast\nfirst\n")
    assert page == "# Serving\n\ntext\n\n## How fast\nfirst\n"
    assert serving.with_section(page, "## How fast\nsecond\n") == "# Serving\n\ntext\n\n## How fast\nsecond\n"


def test_the_page_is_made_of_what_is_kept(serving):
    whole = json.loads(serving.RESULTS.read_text(encoding="utf-8"))
    page = serving.PAGE.read_text(encoding="utf-8")
    assert page == serving.with_section(page, serving.section(whole))


def test_what_was_measured_beside_litserve_holds(kept):
    measured = kept["litserve"]
    middle = sorted(measured["throughput_ratios"]["striate"])[len(measured["throughput_ratios"]["striate"]) // 2]
    assert middle >= 2
    assert sorted(measured["p99_ratios"])[len(measured["p99_ratios"]) // 2] <= 0.5
    assert measured["same_answers"]["same"] == measured["same_answers"]["of"]


def test_what_was_measured_beside_the_engine_holds(kept):
    measured = kept["engine"]
    assert sorted(measured["shares"])[len(measured["shares"]) // 2] >= 0.92
    more = measured["overhead"]["lenet5_dense"]  # of a large network it is lost in the spread of the network's own time
    assert sorted(more)[len(more) // 2] <= 1.5


def test_what_was_measured_of_overload_and_reloads_holds(kept):
    gone = kept["overload"]["4"]
    ratios = [
        over["milliseconds"]["200"]["p99"] / nominal["milliseconds"]["200"]["p99"]
        for nominal, over in zip(gone["nominal"], gone["overload"], strict=True)
    ]
    assert sorted(ratios)[len(ratios) // 2] <= 2
    assert all(set(one["statuses"]) == {"200", "429"} for one in gone["overload"])
    reloads = kept["reloads"]
    assert (reloads["reloads"], reloads["refused"]) == (100, 0)
    assert reloads["statuses"] == {"200": reloads["answers"]}
