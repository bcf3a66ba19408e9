import json


def test_a_suggestion_with_its_command_and_picture(striate_command, tmp_path):
    options = ("--model", "lenet5_dense", "--steps", 40, "--output", tmp_path / "rates.png")
    code, out, err = striate_command("learning-rate", "digits", *options)
    lines = out.splitlines()
    rate = lines[0].removeprefix("suggested  ")
    assert code == 0 and 0 < float(rate) < 0.1
    assert lines[1].startswith(f"Try {rate}: ")
    assert lines[2] == f"train      striate train digits --model lenet5_dense --set optimizer.learning_rate={rate}"
    assert lines[3] == f"picture    {tmp_path / 'rates.png'}" and (tmp_path / "rates.png").exists()
    assert "input size" in err and "epochs" not in err and "learning rate" not in err  # a sweep is no run


def test_json(striate_command):
    code, out, _ = striate_command("learning-rate", "digits", "--model", "lenet5_dense", "--steps", 40, "--json", "-q")
    result = json.loads(out)
    assert code == 0 and len(result["rates"]) == len(result["losses"]) == len(result["smoothed"]) <= 40
    assert result["picture"] is None and result["suggestion"] >= result["minimum"] / 10


def test_a_picture_that_cannot_be_written_is_said_at_once(striate_command, tmp_path):
    code, _, err = striate_command("learning-rate", "digits", "--output", tmp_path / "rates.gif")
    assert code == 2 and "expected a name that ends in .pdf, .png, .svg, got '.gif'" in err
