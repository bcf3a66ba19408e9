import json


def test_a_card_as_table_json_and_page(striate_command, finished_run, striped, tmp_path):
    page = tmp_path / "카드.html"
    code, out, _ = striate_command(
        "stress",
        finished_run.folder,
        striped,
        "--only",
        "turned",
        "--only",
        "mirrored",
        "--split",
        "val",
        "--html",
        page,
    )
    assert code == 0 and "shift" in out and "Turned" in out
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    code, out, _ = striate_command(
        "stress", finished_run.folder, striped, "--only", "angle", "--split", "val", "--json", "--quiet"
    )
    assert code == 0
    assert [row["shift"] for row in json.loads(out)["classifiers"][0]["shifts"]] == [
        "turned",
        "upside_down",
        "mirrored",
    ]


def test_wrong_requests_end_in_a_sentence(striate_command, finished_run, striped, tmp_path):
    code, _, err = striate_command("stress", finished_run.folder, striped, "--only", "turnd")
    assert code == 2 and "turned" in err and "Traceback" not in err
    code, _, err = striate_command("stress", finished_run.folder, striped, "--html", tmp_path / "no" / "card.html")
    assert code == 2 and "no" in err
    code, _, err = striate_command("stress", tmp_path / "nothing", striped)
    assert code == 2
