import json


def test_the_numbers_and_a_bundle_that_predicts(striate_command, finished_run, striped, tmp_path):
    code, out, _ = striate_command(
        "quantize", finished_run.folder, striped, "-o", tmp_path / "int8", "--json", "--quiet"
    )
    result = json.loads(out)
    assert code == 0 and result["drop"] <= 0.5 and result["layers"] == 20
    code, _, err = striate_command("predict", tmp_path / "int8", striped / "across", "--precision", "int8", "-v")
    assert code == 0 and "openvino int8>" in err
    assert f"int8: agreement {result['agreement']:.2%} on {result['pictures']} pictures" in err
    code, out, err = striate_command("quantize", finished_run.folder, striped, "-o", tmp_path / "int8")
    assert (code, out) == (2, "") and "exists already; name another --output" in err
