"""The totals of the papers come out of an inspection, for every row that the catalogue has."""

import tomllib
from pathlib import Path

import pytest

from striate.api.inspect import inspect
from striate.models import list_models

GOLDEN = tomllib.loads(Path(__file__).parents[1].joinpath("golden", "totals.toml").read_text(encoding="utf-8"))
NAMES = list_models("picture", sequential=False)


@pytest.mark.parametrize("name", GOLDEN)
def test_totals(name):
    assert name in NAMES
    expected = {key: value for key, value in GOLDEN[name].items() if key != "source"}
    table = inspect(name).to_dict()
    assert {key: table[key] for key in expected} == expected
    assert GOLDEN[name]["source"]


@pytest.mark.parametrize("name", NAMES)
def test_rows_sum_to_the_totals_and_nothing_is_left_out(name):
    inspection = inspect(name)
    main = [layer for layer in inspection.layers if not layer.auxiliary]
    auxiliary = [layer for layer in inspection.layers if layer.auxiliary]
    assert sum(layer.parameters for layer in main) == inspection.parameters
    assert sum(layer.parameters for layer in auxiliary) == inspection.auxiliary_parameters
    assert sum(stage.parameters for stage in inspection.stages if stage.name != "auxiliary") == inspection.parameters
    assert sum(stage.macs for stage in inspection.stages if stage.name != "auxiliary") == inspection.macs
    assert inspection.uncounted == ()
    assert inspection.unused_parameters == ()
    assert inspection.flops == 2 * inspection.macs
    for layer in inspection.layers:
        if layer.arithmetic:
            assert eval(layer.arithmetic) == layer.parameters + layer.frozen_parameters
        else:
            assert layer.parameters == 0
