import json
import os
import unicodedata

import torch

import striate
from striate.models import create_model


def test_import_then_predict(striate_command, striped, tmp_path):
    weights, bundle = tmp_path / "weights.pth", tmp_path / "bundle"
    torch.save(create_model("resnet20", num_classes=2, seed=0).state_dict(), weights)
    code, out, err = striate_command(
        "import", weights, "--model", "resnet20", "--classes", "across,bands", "--output", bundle, "--json"
    )
    assert code == 0 and json.loads(out)["classes"] == ["across", "bands"]
    assert "normalisation mean 0.4914, 0.4822, 0.4465" in err
    code, out, _ = striate_command("predict", bundle, striped / "across")
    assert code == 0 and len(out.splitlines()) == 30
    code, out, err = striate_command("import", weights, "--model", "resnet20", "--classes", "a,b", "-o", bundle)
    assert (code, out, err) == (2, "", f"striate: {bundle} exists already; name another place\n")


def test_averaged_weights_can_be_chosen(striate_command, tmp_path):
    weights = tmp_path / "w.ckpt"
    one, other = (create_model("resnet20", num_classes=2, seed=seed).state_dict() for seed in (0, 1))
    torch.save({"state_dict": one, "state_dict_ema": other}, weights)
    asked = ("import", weights, "--model", "resnet20", "--classes", "a,b", "--output", tmp_path / "b")
    code, _, err = striate_command(*asked, "--which", "EMA")
    assert code == 2 and "--which is plain or ema, got 'EMA'" in err
    code, _, err = striate_command(*asked, "--which", "ema")
    assert code == 0 and "taken are the averaged (EMA) weights under state_dict_ema" in err.replace("\n", " ")


def test_resizing_and_the_order_of_channels(striate_command, tmp_path):
    torch.save(create_model("resnet20", num_classes=2, seed=0).state_dict(), tmp_path / "w.pth")
    asked = ("import", tmp_path / "w.pth", "--model", "resnet20", "--classes", "a,b", "--output", tmp_path / "b")
    for option, value, known in (
        ("--resize", "pad", "exact or shorter_side"),
        ("--channel-order", "grb", "rgb or bgr"),
    ):
        code, _, err = striate_command(*asked, option, value)
        assert code == 2 and f"{option} is {known}, got '{value}'" in err
    given = ("--resize", "exact", "--channel-order", "bgr", "--mean", "104,117,123", "--std", "1", "--json")
    code, out, err = striate_command(*asked, *given)
    rule = json.loads(out)["preprocessing"]
    assert code == 0 and (rule["resize"], rule["channel_order"], rule["range"]) == ("exact", "bgr", "0..255")
    assert rule["mean"] == [104, 117, 123] and "channels blue, green, red" in err


def test_class_names_are_a_file_where_no_comma_is(striate_command, tmp_path):
    weights = tmp_path / "weights.pth"
    weights.write_bytes(b"")
    code, _, err = striate_command(
        "import", weights, "--model", "resnet20", "--classes", "names.txt", "-o", tmp_path / "b"
    )
    assert (code, err) == (
        2,
        "striate: the class names cannot be read from names.txt: No such file or directory\n",
    )


def test_class_names_in_another_unicode_form_than_the_folders(striate_command, drawn, tmp_path):
    composed, decomposed = (
        [unicodedata.normalize(form, name) for name in ("고양이", "개", "é")] for form in ("NFC", "NFD")
    )
    weights, bundle = tmp_path / "weights.pth", tmp_path / "bundle"
    torch.save(create_model("resnet20", num_classes=3, seed=5).state_dict(), weights)
    (tmp_path / "names.txt").write_text("\n".join(decomposed))
    code, out, _ = striate_command(
        "import", weights, "--model", "resnet20", "-o", bundle, "--classes", tmp_path / "names.txt", "--json"
    )
    assert code == 0
    assert striate.load(bundle).classes == tuple(decomposed)  # as they were written
    data = drawn(tmp_path / "data", tuple(composed), 2)
    code, out, _ = striate_command("evaluate", bundle, data, "--json")
    result = json.loads(out)
    assert (code, result["count"], [row["support"] for row in result["per_class"]]) == (0, 6, [2, 2, 2])
    (tmp_path / "names.txt").write_text("\n".join([decomposed[0], "cat", composed[0]]))
    code, _, err = striate_command(
        "import", weights, "--model", "resnet20", "-o", tmp_path / "two", "--classes", tmp_path / "names.txt"
    )
    assert code == 2
    assert f"holds one name twice: {decomposed[0]!r} and {composed[0]!r}, which differ by their Unicode form" in err
    (tmp_path / "names.txt").write_text('["cat", "dog", "gr\\udcfcn"]')
    code, _, err = striate_command(
        "import", weights, "--model", "resnet20", "-o", tmp_path / "two", "--classes", tmp_path / "names.txt"
    )
    assert (code, "holds 'gr\\udcfcn', which is not text in UTF-8" in err) == (2, True)
    assert not (tmp_path / "two").exists()


def test_a_bundle_has_the_modes_of_the_umask(striate_command, tmp_path):
    weights, bundle = tmp_path / "weights.pth", tmp_path / "bundle"
    torch.save(create_model("resnet20", num_classes=2, seed=0).state_dict(), weights)
    before = os.umask(0o027)
    try:
        code, _, _ = striate_command("import", weights, "--model", "resnet20", "--classes", "a,b", "-o", bundle)
    finally:
        os.umask(before)
    assert code == 0
    modes = {path.is_dir(): oct(path.stat().st_mode & 0o777) for path in (bundle, *bundle.rglob("*"))}
    assert modes == {True: "0o750", False: "0o640"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "weights.pth"]
