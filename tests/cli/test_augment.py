import json

import tomli_w

from striate.augmentation import AugmentationPolicy
from striate.pixels import decode


def test_a_sheet(striate_command, tmp_path):
    output = tmp_path / "sheet.png"
    code, out, err = striate_command("augment", "digits", "--output", output, "--pictures", 2, "--draws", 3)
    height, width, _ = decode(output).shape
    assert (code, out) == (
        0,
        f"{output}  {width}x{height}, 2 pictures, 3 draws: scaling, rotation, translation\n",
    )
    assert "note: no split was given" in err


def test_json_and_a_file(striate_command, tmp_path):
    policy, output = tmp_path / "mine.toml", tmp_path / "sheet.png"
    policy.write_text(tomli_w.dumps({"rotation": {"degrees": 5.0}, "horizontal_flip": {"probability": 0.5}}))
    arguments = ("--policy", policy, "--output", output, "--pictures", 1, "--draws", 2, "--json")
    code, out, err = striate_command("augment", "digits", *arguments)
    result = json.loads(out)
    assert code == 0 and result["output"] == str(output)
    assert result["policy"] == {
        "horizontal_flip": {"probability": 0.5},
        "rotation": {"probability": 1.0, "degrees": 5.0},
    }
    assert len(result["pictures"][0]["draws"]) == 2
    assert result["warnings"][0] in err.replace("\n", " ")


def test_the_list_names_every_operation_and_key(striate_command):
    code, out, _ = striate_command("augment", "--list")
    names = [operation.name for operation in AugmentationPolicy().operations]
    assert code == 0
    assert [line.partition(":")[0] for line in out.splitlines() if not line.startswith(" ")] == names
    assert "rotation: The picture is turned about its centre.\n  probability = 1.0  degrees = 0.0\n" in out
    code, out, _ = striate_command("augment", "--list", "--json")
    assert code == 0 and list(json.loads(out)) == names


def test_mistakes_are_one_sentence(striate_command, tmp_path):
    code, _, err = striate_command("augment", "digits")
    assert code == 2 and "give DATA and --output FILE; or --list" in err
    code, _, err = striate_command("augment", "digits", "--output", tmp_path / "sheet.gif")
    assert code == 2 and "expected a name that ends in" in err
    code, _, err = striate_command("augment", "digits", "--policy", "strnog", "--output", tmp_path / "sheet.png")
    assert code == 2
    assert err.startswith("striate: unknown augmentation policy 'strnog'; did you mean 'strong'? (policies: none, ")
    code, _, err = striate_command("augment", tmp_path / "none", "--output", tmp_path / "sheet.png")
    assert code == 1 or code == 2
    assert "Traceback" not in err and len(err.splitlines()) == 1
