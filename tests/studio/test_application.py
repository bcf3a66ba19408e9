"""Pages that are whole, that load nothing from elsewhere, and what is refused."""

import re
from pathlib import Path

import pytest

from striate.studio.application import STATIC
from striate.studio.strings import LANGUAGES
from striate.studio.table import ROOMS

FIRST_PAGES = ["" if room.name == "home" else room.name for room in ROOMS]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", FIRST_PAGES)
@pytest.mark.parametrize("which", ["studio", "empty_studio"])
def test_every_page_is_whole_in_every_language(which, path, language, request):
    answer = request.getfixturevalue(which).get(f"/studio/{path}?lang={language}")
    text = answer.body.decode()
    assert answer.status == 200, text
    assert f'<html lang="{language}">' in text
    assert len(re.findall("<h1", text)) == 1
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    for address in re.findall(r'(?:src|href)="([^"]+)"', text):
        assert address.startswith(("/studio/", "#")), address
    assert not re.search(r"\sstyle=|\son\w+=|javascript:", text)


def test_the_address_of_the_server_leads_to_the_studio(empty_studio):
    assert empty_studio.get("/").headers["Location"] == "/studio/"
    assert empty_studio.get("/studio").headers["Location"] == "/studio/"


def test_files_of_the_pages_are_there_and_no_others(empty_studio):
    assert empty_studio.get("/studio/static/striate.js").headers["Content-Type"].startswith("text/javascript")
    for path in ("../application.py", "..%2Fapplication.py", "", "none.js", "%00", "/etc/passwd"):
        assert empty_studio.get(f"/studio/static/{path}").status == 404, path


def test_what_is_not_there_is_said_on_a_page(empty_studio):
    answer = empty_studio.get("/studio/<script>?lang=ko")
    assert answer.status == 404
    assert "되지 않았습니다" in answer.body.decode()
    assert (
        "<script>" not in answer.body.decode().partition('<script type="application/json"')[0].partition("theme.js")[2]
    )


def test_pages_of_other_sites_change_nothing(empty_studio):
    paths = [
        f"/studio/api/{room.name}/{endpoint.path}"
        for room in ROOMS
        for endpoint in room.endpoints
        if endpoint.method != "GET"
    ]
    for path in paths:
        path = re.sub(r"\{\w+(?::path)?\}", "x", path)
        answer = empty_studio.ask("POST", path, b"{}", Sec_Fetch_Site="cross-site")
        assert answer.status == 403, path
        assert "another site" in answer.json()["detail"]


def test_other_names_of_this_machine_are_refused(empty_studio):
    assert empty_studio.get("/studio/", Host="evil.example").status == 421


def test_without_a_bundle_the_server_says_so(empty_studio):
    answer = empty_studio.ask("POST", "/predict", b"x", Content_Type="image/png")
    assert answer.status == 404
    assert answer.json()["detail"] == "there is no model here: it was started without a run or bundle"


@pytest.mark.parametrize("path", sorted(STATIC.rglob("*.js")), ids=lambda path: path.name)
def test_scripts_ask_nobody_else(path: Path):
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text) == []
    assert "innerHTML" not in text and "eval(" not in text
