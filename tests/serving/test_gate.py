"""Who may ask, under which name, what every answer carries, and what is written down."""

import re

import pytest

from striate.errors import UsageError
from striate.serving.api_keys import ApiKeys


@pytest.fixture
def keys(tmp_path):
    path = tmp_path / "keys"
    path.touch(mode=0o600)
    path.write_text("# cameras\n\ncamera 0123456789abcdef\nfedcba9876543210\n")
    return path


def test_keys_have_owners(keys):
    known = ApiKeys(keys)
    assert known.owner("0123456789abcdef") == "camera"
    assert known.owner("fedcba9876543210") == "key 4"
    assert known.owner("0123456789abcde") is None
    assert known.of_headers({"authorization": "bearer 0123456789abcdef"}) == "camera"
    assert known.of_headers({"x-api-key": "fedcba9876543210"}) == "key 4"
    assert known.of_headers({"authorization": "Basic 0123456789abcdef"}) is None
    assert known.of_headers({}) is None


@pytest.mark.parametrize(
    ("text", "mode", "said"),
    [
        ("short", 0o600, "line 1: expected a name and a key of 16 characters or more"),
        ("a b 0123456789abcdef", 0o600, "line 1: expected a name and a key"),
        ("# nothing\n", 0o600, "there is no key in"),
        ("0123456789abcdef", 0o640, "others than its owner may read or change .*chmod 600"),
        (None, 0o600, "cannot be read: No such file"),
    ],
)
def test_a_file_that_is_none_of_keys_is_refused(tmp_path, text, mode, said):
    path = tmp_path / "keys"
    if text is not None:
        path.write_text(text)
        path.chmod(mode)
    with pytest.raises(UsageError, match=said):
        ApiKeys(path)


def test_only_who_has_a_key_may_ask_but_everybody_may_know_that_the_server_lives(
    run_server, finished_run, keys, picture_files
):
    server = run_server([finished_run.folder], keys=ApiKeys(keys))
    refused = server.form("/predict", picture_files[:1])
    assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert refused.json()["detail"] == "a key is missing or wrong: send Authorization: Bearer KEY"
    assert server.form("/predict", picture_files[:1], headers={"X-API-Key": "0123456789abcdeg"}).status == 401
    assert server.form("/predict", picture_files[:1], headers={"X-API-Key": "0123456789abcdef"}).status == 200
    assert server.get("/v2/health/live").status == server.get("/v2/health/ready").status == 200
    for path in ("/v2", "/metrics", "/openapi.json", "/nothing"):
        assert server.get(path).status == 401
    assert [event["key"] for event in server.events if "key" in event] == ["camera"]
    assert "0123456789abcdef" not in str(server.events)
    server.end()


def test_a_name_that_leads_here_from_elsewhere_is_refused(run_server, finished_run):
    server = run_server([finished_run.folder], hosts=frozenset({"localhost", "127.0.0.1", "[::1]"}))
    assert server.get("/v2", Host="localhost:8000").status == 200
    assert server.get("/v2", Host="[::1]:8000").status == 200
    refused = server.get("/v2", Host="evil.example")
    assert refused.status == 421
    assert "answers under 127.0.0.1, [::1], localhost only, not under 'evil.example'" in refused.json()["detail"]
    assert server.get("/v2/health/live", Host="127.0.0.1.evil.example").status == 421
    server.end()


def test_pages_of_other_sites_read_answers_only_where_that_is_allowed(server, run_server, finished_run):
    assert "Access-Control-Allow-Origin" not in server.get("/v2", Origin="https://example.org").headers
    shared = run_server([finished_run.folder], origins=["https://example.org"])
    allowed = shared.get("/v2", Origin="https://example.org").headers
    assert allowed["Access-Control-Allow-Origin"] == "https://example.org"
    assert "Access-Control-Allow-Origin" not in shared.get("/v2", Origin="https://evil.example").headers
    shared.end()


def test_every_answer_has_the_requests_name(server):
    for path in ("/v2", "/v2/models/nothing", "/nothing"):
        assert server.get(path, X_Request_Id="job-7.1").headers["X-Request-Id"] == "job-7.1"
        for bad in ("a b", "x" * 65, "ä", ""):
            given = server.ask("GET", path, headers={"X-Request-Id": bad.encode()}).headers["X-Request-Id"]
            assert re.fullmatch("[0-9a-f]{32}", given)


def test_addresses_and_methods_that_are_not_there(server):
    nothing = server.get("/v3")
    assert (nothing.status, nothing.json()["detail"]) == (
        404,
        "there is nothing at '/v3'; /openapi.json lists what there is",
    )
    wrong = server.get("/predict")
    assert (wrong.status, wrong.json()["detail"], wrong.headers["Allow"]) == (
        405,
        "GET is not taken here; expected POST",
        "POST",
    )
    assert server.ask("POST", "/v2").json()["detail"] == "POST is not taken here; expected GET"


def test_a_line_of_the_log_a_request(server):
    server.events.clear()
    server.get("/v2/models/striped?secret=1", X_Request_Id="here")
    (event,) = server.events
    assert event["milliseconds"] > 0
    del event["milliseconds"]
    assert event == {
        "event": "request",
        "request_id": "here",
        "method": "GET",
        "path": "/v2/models/striped",
        "status": 200,
    }


def test_a_fault_of_ours_is_500_without_its_inside_and_described_in_the_log(server, monkeypatch, picture_files):
    def broken(*arguments, **options):
        raise ZeroDivisionError("the inside")

    bundle = server.models.find("striped")
    monkeypatch.setattr(bundle.classifier, "rows", broken)
    server.events.clear()
    reply = server.form("/predict?model=striped", picture_files[:1])
    assert reply.status == 500
    assert reply.json()["detail"].startswith("a fault of the server, which its log describes under ")
    assert b"inside" not in reply.body
    assert "ZeroDivisionError: the inside" in server.events[0]["traceback"]
