"""What hostile pages, clients and files get: a refusal in a sentence, never a fault, and never more memory than is said."""

import asyncio
import json
import re
import shutil
import socket
import struct
import threading
import time
import zlib
from io import BytesIO
from urllib.parse import quote, urlsplit

import numpy as np
import pytest
from PIL import Image
from tests.studio.conftest import RunningStudio

from striate.runs.listed_runs import listed_run
from striate.serving.problems import ProblemError
from striate.studio import studio as studio_module
from striate.studio.jobs import MOST, Jobs
from striate.studio.pages import MOST_QUERY
from striate.studio.rooms.catalogue import _compared
from striate.studio.rooms.walk.digits import centred
from striate.studio.studio import Studio
from striate.studio.table import ROOMS

PARTS = (
    "x",
    "..",
    "..%2f..%2fetc%2fpasswd",
    "%00",
    "%ff%fe",
    "<b>",
    "%E2%80%AE",
    "9" * 30,
    "-1",
    "%EF%BC%91",
    "a" * 5000,
)
VALUES = (
    "null", "true", "0", "-0", "-1", "1e400", "NaN", "-Infinity", "9" * 400, "9" * 5000, '""', '"\\u0000"', '"\\ud800"',
    '"<script>"', '"../.."', "[]", "[[]]", "[null]", "[1e400]", "{}", '{"a":1}', "[" * 900 + "]" * 900, "[" * 100_000,
)  # fmt: skip
PICTURED = ("model", "picture", "values", "place", "seed", "follow")
FIELDS = {
    "answer": PICTURED,
    "curve": (*PICTURED, "dial", "points"),
    "explain": PICTURED,
    "neighbours": PICTURED,
    "text": ("model", "text"),
    "answers": ("runs",),
    "see": ("walk", "step", "unit", "way"),
}
"""What is asked for in JSON, by the last part of the address."""
QUERIES = ("network", "walk", "step", "map", "first", "count", "unit", "job", "run", "size", "side", "lang", "model")


def encoded(picture, form="PNG", **options):
    kept = BytesIO()
    picture.save(kept, form, **options)
    return kept.getvalue()


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_of_size(width, height):
    """A header, and next to nothing behind it."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


def turned():
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(Image.new("RGB", (20, 40), "red"), "JPEG", exif=exif)


GREY = Image.fromarray((np.arange(28 * 28) % 256).astype(np.uint8).reshape(28, 28))
GOOD = {
    "turned": turned(),
    "gif": encoded(GREY, "GIF"),
    "of one pixel": encoded(Image.new("L", (1, 1), 200)),
    "of 16 bits": encoded(Image.fromarray(np.full((9, 9), 40_000, np.uint16))),
    "cmyk": encoded(Image.new("CMYK", (9, 9)), "JPEG"),
    "long and thin": encoded(Image.new("L", (1, 40_000), 200)),
    "html behind it": encoded(GREY, "GIF") + b"<script>alert(1)</script>",
}
BAD = {
    "50,000 x 50,000": png_of_size(50_000, 50_000),
    "2**31 - 1 wide": png_of_size(2**31 - 1, 2**31 - 1),
    "cut": encoded(GREY)[:-30],
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "nothing": b"",
    "text": b"GIF89a<script>alert(1)</script>",
}


def endpoints(method):
    return [f"/studio/api/{room.name}/{one.path}" for room in ROOMS for one in room.endpoints if one.method == method]


def filled(path, part):
    return re.sub(r"\{\w+\}", lambda _: part, path)


def test_no_address_is_answered_by_a_fault(studio):
    paths = {f"/studio/{room.name}{page.path}" for room in ROOMS for page in room.pages} | set(endpoints("GET"))
    # Of the catalogue's figures, which take seconds, tests of that room ask.
    paths = sorted(path for path in paths if "/catalogue/{" not in path and not path.endswith(("/compare", "/found")))
    for path in paths:
        if "/api/" not in path:
            for value in ("", "%00", "%FF", "b" * 3000):
                answer = studio.get(f"{filled(path, 'x')}?" + "&".join(f"{name}={value}" for name in QUERIES))
                assert answer.status < 500, (path, value[:20], answer.body)
        for part in PARTS if "{" in path else ("x",):
            answer = studio.get(filled(path, part))
            assert answer.status < 500, (path, part, answer.body)
            assert b"Traceback" not in answer.body
        for name in QUERIES if "/api/" in path and "{" not in path else ():
            for value in ("%00", "1e400", "-1", "b" * 20_000):
                answer = studio.get(f"{filled(path, 'x')}?{name}={value}")
                assert answer.status < 500, (path, name, value[:20], answer.body)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_no_method_is_answered_by_a_fault(studio, method):
    for path in ["/", "/studio", "/studio/", "/studio/try", "/studio/static/striate.js", *endpoints("GET")]:
        if path.endswith("catalogue/found"):  # which works for seconds
            continue
        assert studio.ask(method, filled(path, "x")).status < 500, path
    for path in endpoints("POST"):
        # Some begin to work for anybody who posts: that is not asked for here.
        if not (method == "POST" and path.endswith("/begin")):
            assert studio.ask(method, path).status < 500, path


@pytest.mark.parametrize("path", [path for path in endpoints("POST") if not path.endswith("/begin")])
def test_no_body_is_answered_by_a_fault(studio, path):
    picture = studio.ask("POST", "/studio/api/try/pictures", encoded(GREY)).json()["picture"]
    walk = studio.ask("POST", "/studio/api/walk/picture?network=lenet5", encoded(GREY)).json()["walk"]
    whole = {
        "picture": json.dumps(picture), "dial": '"rotation"', "points": "[0]", "walk": json.dumps(walk),
        "step": '"c1.convolution"', "unit": "[0, 0, 0]", "way": '"none"',
    }  # fmt: skip
    for value in VALUES:
        bodies = [value]
        for field in FIELDS.get(path.rpartition("/")[2], ()):
            table = whole | {field: value}
            bodies.append("{" + ", ".join(f'"{name}": {held}' for name, held in table.items()) + "}")
        bodies.append(
            f'{{"picture": "{picture}", "values": {{"rotation": {value}}}, "dial": "noise", "points": [{value}]}}'
        )
        for body in bodies:
            answer = studio.ask("POST", path, body.encode())
            assert answer.status < 500, (body[:200], answer.body)
    for coding, packed in (("gzip", b"\x1f\x8b"), ("br", b"x"), ("deflate", b"x")):
        assert 400 <= studio.ask("POST", path, packed, Content_Encoding=coding).status < 500


@pytest.mark.parametrize(
    "where", ["try/pictures", "walk/picture?network=lenet5", "walk/picture?network=lenet5&drawn=1"]
)
@pytest.mark.parametrize("which", [*GOOD, *BAD])
def test_pictures_of_any_kind_are_taken_or_refused(studio, where, which):
    answer = studio.ask("POST", f"/studio/api/{where}", (GOOD | BAD)[which])
    if which in GOOD:
        assert answer.status == 200, answer.body
    else:
        assert answer.status in (413, 415, 422), answer.body
        assert "the picture" in answer.json()["detail"] or "the drawing" in answer.json()["detail"]


def test_a_picture_is_turned_as_its_file_says(studio):
    assert studio.ask("POST", "/studio/api/try/pictures", turned()).json() | {"picture": ""} == {
        "picture": "", "height": 20, "width": 40,
    }  # fmt: skip


def test_a_few_specks_far_apart_are_no_digit():
    ink = np.zeros((5000, 5000), np.uint8)
    ink[0, 0] = ink[-1, -1] = 255
    assert not centred(ink).any()


NAMES = (
    "<script>alert(1)<∕script>", "a\"'><img src=x onerror=alert(1)>", "한글 이름", "\U0001f408", "rtl\u202egpj.exe", "esc\x1b[2J",
    "new\nline", "a?b#c%41", "{name}", "{{7*7}}", "x" * 250, "bad\udcff",
)  # fmt: skip


@pytest.fixture(scope="module")
def hostile(finished_run, tmp_path_factory):
    """A studio whose runs have names that are none, and files that anybody may have written; opened on a copy that may be deleted."""
    folder = tmp_path_factory.mktemp("hostile")
    runs = folder / "runs"
    for name in NAMES:
        _light(finished_run.folder, runs / name)
    for name, files in DAMAGE.items():
        made = _light(finished_run.folder, runs / name)
        for file, content in files.items():
            (made / file).write_bytes(content)
    opened = folder / "opened"
    shutil.copytree(finished_run.folder, opened)
    running = RunningStudio([f"opened={opened}"], runs=runs)
    running.opened, running.runs = opened, runs
    yield running
    running.close()


def _light(source, made):
    """A run that has begun."""
    made.mkdir(parents=True)
    for name in ("recipe.toml", "split.csv", "metrics.jsonl", "report.html"):
        shutil.copy(source / name, made / name)
    return made


DEEP = b"[" * 100_000
DAMAGE = {
    "metrics of bytes": {"metrics.jsonl": b"\xff\xfe{}"},
    "metrics of levels": {"metrics.jsonl": DEEP},
    "metrics of digits": {"metrics.jsonl": b'{"epoch": 1, "seconds": ' + b"9" * 4000 + b"}\n"},
    "metrics of no numbers": {"metrics.jsonl": b'{"epoch": "<b>", "seconds": 1e400, "train_loss": NaN}\n5\nnull\n'},
    "recipe of levels": {"recipe.toml": b"x = " + b"[" * 50_000},
    "recipe of infinity": {"recipe.toml": b'model = "x"\n[run]\ndata_name = "x"\ncreated = "x"\n[schedule]\nepochs = inf\n'},
    "recipe of text": {
        "recipe.toml": b'model = "<b>"\nschedule.epochs = 1\n[run]\ncreated = "<u>"\ndata_name = "' + b"<i>" * 100_000 + b'"\n'
    },
    "tournament of 5": {"tournament.json": b"5"},
    "tournament of levels": {"tournament.json": DEEP},
    "findings of levels": {"findings.json": DEEP},
    "findings of 5": {"findings.json": b"5"},
    "findings of html": {"findings.json": b'[{"text": "<script>x</script>", "severity": "\\"><b>"}]'},
    "pages of html": {"<img src=x onerror=alert(1)>.html": b"<script>alert(1)</script>", "한.html": b"x"},
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in DAMAGE if name.startswith(("recipe", "tournament"))])
def test_a_damaged_run_is_listed_with_what_is_wrong(hostile, name):
    run = listed_run(hostile.runs / name)
    if name != "recipe of text":
        assert run.state == "damaged"
        assert "is not the recipe of a run" in run.reason or "tournament.json cannot be read" in run.reason


@pytest.mark.parametrize(
    ("name", "epochs"), [("metrics of bytes", 0), ("metrics of levels", 0), ("metrics of digits", 1)]
)
def test_epochs_are_read_up_to_the_damage(hostile, name, epochs):
    run = listed_run(hostile.runs / name)
    assert (run.state, run.epochs) == ("unfinished", epochs)
    assert not run.seconds


def test_names_and_texts_of_runs_are_printed_and_lead_to_the_run(hostile):
    text = hostile.page("runs")
    shown = text.partition("<main")[2].partition("</main>")[0]
    assert not re.search(r"<(script|img|b|i|u)[ >]", shown)
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\ud800-\udfff]", text)
    assert len(text) < 100_000
    names = [run["name"] for run in hostile.json("runs/states")["runs"]]
    assert len(names) == len(NAMES) + len(DAMAGE) + 1
    for name in names:
        page = hostile.page(f"runs/{quote(name)}")
        shown = page.partition("<main")[2].partition("</main>")[0]
        assert not re.search(r"<(script|img|b|i|u)[ >]", shown), name
        assert len(page) < 50_000
        hostile.json(f"runs/learning/{quote(name)}")
        if not name.isascii() or name in DAMAGE:
            continue
        other = re.search(r'href="([^"]+)" id="language"', page)[1].replace("&amp;", "&")
        assert hostile.get(other).status == 200, other


def test_a_language_is_changed_without_losing_what_is_asked(studio):
    text = studio.page("walk?network=lenet5_relu&lang=en")
    assert 'href="/studio/walk?network=lenet5_relu&amp;lang=ko" id="language"' in text
    long = studio.get(f"/studio/?x={'y' * 2 * MOST_QUERY}").body.decode()
    assert 'href="/studio/?lang=ko" id="language"' in long


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "<b>"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
    ],
    ids=str,
)
def test_pages_of_other_sites_are_refused(studio, headers):
    answer = studio.ask("POST", "/studio/api/walk/lesson/begin", b"", **headers)
    assert answer.status == 403
    assert "walk.networks" not in studio.studio.kept or studio.studio.kept["walk.networks"].lesson is None


def test_its_own_page_is_not_refused(studio):
    for headers in ({"Origin": studio.address}, {"Sec_Fetch_Site": "same-origin"}, {"Sec_Fetch_Site": "none"}):
        assert studio.ask("POST", "/studio/api/try/answer", b"{}", **headers).status == 404


@pytest.mark.parametrize("host", ["127.0.0.1:[", "127.0.0.1:x]", "localhost:[::1", "[", ""])
def test_odd_hosts_are_no_fault(studio, host):
    assert studio.get("/studio/none", Host=host).status in (404, 421)


def test_names_are_counted_before_folders_are_looked_at(studio, monkeypatch):
    def looked(*arguments):
        raise AssertionError("a folder was looked at")

    monkeypatch.setattr("striate.studio.rooms.runs.pages.found_run", looked)
    answer = studio.ask("POST", "/studio/api/runs/answers", json.dumps({"runs": ["x"] * 100_000}).encode())
    assert answer.status == 400
    assert answer.json()["detail"] == "one run or two are asked, got 100,000"


@pytest.fixture
def apart(studio):
    """What a studio shares, on a loop of the test's own."""
    return Studio(studio.studio.settings, studio.studio.service)


def test_jobs_are_bounded_whatever_is_wished(apart):
    """Older ones that wait make room for newer ones; the one at work stays."""
    gate, jobs, worked = threading.Event(), Jobs(), []

    async def wish():
        first = jobs.start(apart, "first", lambda job: gate.wait(30))
        while not first.begun:
            await asyncio.sleep(0.001)
        made = [jobs.start(apart, number, lambda job: worked.append(job.number)) for number in range(200)]
        kept = len(jobs._jobs)
        gate.set()
        while jobs._tasks:
            await asyncio.sleep(0.001)
        return first, made, kept

    first, made, kept = asyncio.run(wish())
    assert kept == MOST + 1 and first.ended and not first.refusal
    assert worked == [job.number for job in made[-MOST:]]
    assert all(job.ended for job in made)
    assert {job.refusal for job in made[:-MOST]} == {"newer wishes took its place; ask for it again"}


def test_work_that_waits_is_bounded(apart, monkeypatch):
    monkeypatch.setattr(studio_module, "MOST_WAITING", 2)

    async def ask():
        gate = threading.Event()
        asked = [asyncio.create_task(apart.in_turn(gate.wait, 30)) for _ in range(3)]
        await asyncio.sleep(0.05)
        with pytest.raises(ProblemError, match="2 pieces of work wait already") as refused:
            await apart.in_turn(gate.wait, 30)
        gate.set()
        return refused.value.status, await asyncio.gather(*asked)

    assert asyncio.run(ask()) == (429, [True] * 3)
    assert apart._waiting == 0


def test_who_goes_away_while_it_is_worked_leaves_the_turn_to_others(studio):
    parts = urlsplit(studio.address)
    body = encoded(GREY)
    head = f"POST /studio/api/walk/picture?network=lenet5 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
    for sent in (head.encode() + body, head.encode() + body[:10], head.encode()[:20]):
        for _ in range(5):
            with socket.create_connection((parts.hostname, parts.port)) as connection:
                connection.sendall(sent)
    assert studio.ask("POST", "/studio/api/walk/picture?network=lenet5", body).status == 200


def test_what_is_kept_stays_bounded(studio):
    """Many pictures, walks and comparisons later the newest few are there."""
    for number in range(40):
        body = encoded(Image.new("L", (28, 28), number))
        assert studio.ask("POST", "/studio/api/try/pictures", body).status == 200
        assert studio.ask("POST", "/studio/api/walk/picture?network=lenet5", body).status == 200
    kept = studio.studio.kept
    assert len(kept["try"].pictures._held) == 16
    assert len(kept["walk.walks"].kept) == 4
    assert _compared.cache_parameters()["maxsize"] == 64


def test_many_at_once_have_their_own_answers(studio):
    found = {}

    def ask(number):
        body = encoded(Image.new("L", (28, 28), 6 * number))
        name = studio.ask("POST", "/studio/api/try/pictures", body).json()["picture"]
        found[number] = studio.json("try/answer", {"picture": name})

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    for number, answer in found.items():
        name = studio.ask("POST", "/studio/api/try/pictures", encoded(Image.new("L", (28, 28), 6 * number))).json()
        assert studio.json("try/answer", {"picture": name["picture"]})["rows"] == answer["rows"]
    assert len(found) == 12


def test_z_what_was_opened_may_be_deleted(hostile):
    """Its pages stay, its classifier answers from memory, and what needs its files says so."""
    picture = hostile.ask("POST", "/studio/api/try/pictures", encoded(GREY)).json()["picture"]
    shutil.rmtree(hostile.opened)
    for path in ("", "try", "walk", "runs", "runs/opened"):
        hostile.page(path)
    assert "what was opened is no longer in its folder" in hostile.page("runs")
    assert hostile.get("/studio/api/try/samples/opened/0").status == 404
    assert hostile.get("/studio/api/runs/pages/opened/report.html").status == 404
    assert hostile.json("runs/learning/opened")["rows"] == []
    assert hostile.json("try/answer", {"picture": picture})["rows"]
    job = hostile.json("try/explain", {"picture": picture})["check"]
    while not job["ended"]:
        time.sleep(0.02)
        job = hostile.json(f"try/jobs/{job['job']}")
    assert job["refusal"]
    walked = hostile.ask("POST", "/studio/api/walk/picture?network=opened", encoded(GREY))
    assert walked.status == 409


def test_z_a_run_may_be_deleted_while_its_page_asks(hostile):
    name = quote(NAMES[2])
    assert hostile.page(f"runs/{name}")
    statuses = set()
    gone = threading.Timer(0.1, shutil.rmtree, (hostile.runs / NAMES[2],))
    gone.start()
    while gone.is_alive() or 404 not in statuses:
        for path in (
            f"api/runs/learning/{name}",
            f"runs/{name}",
            f"api/runs/pages/{name}/report.html",
            "api/runs/states",
        ):
            statuses.add(hostile.get(f"/studio/{path}").status)
    assert statuses == {200, 404}
