import json


def test_export_says_what_was_written(striate_command, finished_run, tmp_path):
    path = tmp_path / "striped.xml"
    code, out, err = striate_command("export", finished_run.folder, "--output", path, "--quiet")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith(f"written     {path} (") and "striped.bin (" in lines[0]
    assert lines[1] == "format      OpenVINO IR, fp32"
    assert lines[4] == "labels      the network's own on 100 of 100 pictures, 100 made from the canaries"
    code, out, _ = striate_command("export", finished_run.folder, "--output", path, "--quiet", "--json")
    assert code == 0 and json.loads(out)["agreement"]["same_label"] == 100


def test_wrong_input_is_one_sentence(striate_command, finished_run, tmp_path):
    code, out, err = striate_command("export", finished_run.folder, "-o", tmp_path / "m.onnx", "--format", "tflite")
    assert (code, out) == (2, "") and err.startswith("striate: unknown format 'tflite'; known: onnx,")
    code, out, err = striate_command("export", tmp_path, "-o", tmp_path / "m.onnx")
    assert (code, out) == (2, "")
    assert err == f"striate: {tmp_path} is neither a run nor a bundle: it has no contract.json\n"
