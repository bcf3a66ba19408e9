import json
from pathlib import Path

import pytest

import striate.api.deepen
from striate.depth.depth_result import DepthResult, NetworkRow


@pytest.fixture
def asked(monkeypatch):
    """What the verb was asked; it answers at once."""
    asked = {}
    rows = [
        NetworkRow("plain20", False, False, 269434, 0.0097, 0.0223),
        NetworkRow("plain56", False, True, 852730, 0.5719, 0.5140),
        NetworkRow("resnet20", True, False, 269434, 0.0042, 0.0),
        NetworkRow("resnet56", True, True, 852730, 0.0125, 0.0),
    ]

    def deepen(data, **options):
        asked.update(options, data=data)
        return DepthResult(Path("out"), tuple(rows), 6, 1439, 179, 0.5622, 0.0083, "Depth hurts.")

    monkeypatch.setattr(striate.api.deepen, "deepen", deepen)
    return asked


def test_a_table_a_verdict_and_a_picture(striate_command, asked):
    options = ("--pair", "plain20:plain56", "--epochs", 6, "--time-limit", "10m", "--set", "seed=3", "--output", "out")
    code, out, _ = striate_command("deepen", "digits", *options)
    assert code == 0
    assert out.splitlines() == [
        "network   parameters  training error  validation error",
        "plain20      269,434           0.97%             2.23%",
        "plain56      852,730          57.19%            51.40%",
        "resnet20     269,434           0.42%             0.00%",
        "resnet56     852,730           1.25%             0.00%",
        "after 6 epochs, 1,439 training and 179 validation pictures",
        "",
        "Depth hurts.",
        "",
        "picture   out/depth.png",
    ]
    assert (asked["data"], asked["pair"], asked["epochs"]) == ("digits", ("plain20", "plain56"), 6)
    assert (asked["time_limit"], asked["settings"], asked["output"]) == ("10m", ["seed=3"], Path("out"))


def test_json(striate_command, asked):
    code, out, _ = striate_command("deepen", "digits", "--json", "--quiet")
    result = json.loads(out)
    assert code == 0 and result["picture"] == "out/depth.png" and result["shown"] is True
    assert result["networks"][1] == {
        "name": "plain56",
        "residual": False,
        "deep": True,
        "parameters": 852730,
        "train_error": 0.5719,
        "val_error": 0.514,
    }


@pytest.mark.parametrize("pair", ["plain20", "plain20:", "a:b:c"])
def test_a_pair_that_is_none(striate_command, pair):
    code, _, err = striate_command("deepen", "digits", "--pair", pair)
    assert code == 2 and "SHALLOW:DEEP" in err
