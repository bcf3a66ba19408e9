"""A studio that runs in a thread of the tests' process."""

import http.client
import json
import shutil
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

pytest.importorskip("starlette")

from striate.serving import ServingLimits
from striate.serving.metrics import ServingMetrics
from striate.serving.models import Models
from striate.serving.server import Server, address_of, listening_socket
from striate.serving.service import Service
from striate.studio import StudioSettings, named
from striate.studio.application import build_studio
from striate.studio.studio import Studio


@dataclass
class Reply:
    status: int
    headers: Any
    body: bytes

    def json(self):
        return json.loads(self.body)


class RunningStudio:
    """A studio at work, and what asks it."""

    def __init__(self, arguments=(), **settings):
        self.events = []
        settings = StudioSettings(
            named(arguments), **{"precision": "fp32", **settings}
        )  # `auto` chooses by what it measures
        limits, metrics = ServingLimits(), ServingMetrics()
        models = Models(settings.opened.bundles, limits, metrics, settings.precision, told=self.events.append)
        self.studio = Studio(settings, Service(models, limits, metrics))
        application = build_studio(self.studio, log=self.events.append, hosts=frozenset({"127.0.0.1", "localhost"}))
        self._listener = listening_socket("127.0.0.1", 0)
        listens = threading.Event()
        self.server = Server(application, self.studio.service, ready=listens.set)
        self._thread = threading.Thread(target=self.server.serve_on, args=(self._listener,), daemon=True)
        self._thread.start()
        assert listens.wait(30)
        self.address = address_of(self._listener, "127.0.0.1")

    def ask(self, method, path, body=None, **headers):
        parts = urlsplit(self.address)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return Reply(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.ask("GET", path, **headers)

    def json(self, path, table=None):
        """What `/studio/api/PATH` answers; with a table it is asked by POST."""
        path = f"/studio/api/{path}"
        given = () if table is None else (json.dumps(table).encode(),)
        answer = self.ask("GET" if table is None else "POST", path, *given, Content_Type="application/json")
        assert answer.status == 200, answer.body
        return answer.json()

    def close(self):
        self.server.end()
        self._thread.join(30)
        self._listener.close()
        assert not self._thread.is_alive()

    def page(self, path, language="en"):
        """A page's text, after a look at its status."""
        answer = self.get(f"/studio/{path}{'&' if '?' in path else '?'}lang={language}")
        assert answer.status == 200, answer.body
        return answer.body.decode()


@pytest.fixture(scope="session")
def empty_studio(tmp_path_factory):
    """Nothing is trained."""
    running = RunningStudio(runs=tmp_path_factory.mktemp("no-runs"))
    yield running
    running.close()


@pytest.fixture(scope="session")
def studio(finished_run):
    """Opened on a finished run."""
    running = RunningStudio([f"striped={finished_run.folder}"], runs=finished_run.folder.parent)
    yield running
    running.close()


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="session")
def browser():
    """Chromium without a window; what needs it is skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    flags = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield opened
        opened.close()


@pytest.fixture
def open_page(browser):
    """`with open_page(studio, "walk?lang=ko", width=390) as page`: fails where the console has an error, or another host is asked."""

    @contextmanager
    def opened(studio, path, *, width=1280, height=800, dark=False, language="en-US"):
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            locale=language,
        )
        context.set_default_timeout(20_000)
        complaints = []
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((studio.address, "data:", "blob:"))
                else complaints.append(f"asked {request.url}")
            ),
        )
        try:
            page.goto(f"{studio.address}/studio/{path}", wait_until="load")
            yield page
        finally:
            context.close()
        assert complaints == []

    return opened


@pytest.fixture
def find_barriers():
    """What axe finds on a page that keeps people out: its serious and critical findings, a line each."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()

    def barriers(page):
        found = axe.run(page).response["violations"]
        return [
            f"{one['id']}: {node['target']} {node['html'][:120]}"
            for one in found
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]

    return barriers
