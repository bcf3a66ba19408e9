import json

import pytest
import torch

import striate.training.machine_rate as room
from striate.training.machine_rate import MachineRate, Rate, machine_rate, measure_rate
from striate.user_cache import kind_folder

CPU = torch.device("cpu")


def alike(fp32):
    return MachineRate(Rate(fp32), Rate(fp32))


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_a_rate_is_three_passes_over_the_time_of_a_step(monkeypatch):
    monkeypatch.setattr(room, "time_steps", lambda *given, steps, of, enough: [of([0.25, 0.5])] * len(given[3]))
    monkeypatch.setattr(room, "computes_bf16_natively", lambda device: False)
    # resnet20 takes 40,812,544 multiply-adds with its head for 10 classes; four steps an octave are 9 % at most beside it
    # and resnet9_x0_25 96,142,592 at 64 pixels.
    measured = measure_rate(CPU)
    assert measured.thumbnails.fp32 == pytest.approx(3 * 40.8e6 * 32 / 0.25, rel=0.1)
    assert measured.photographs.fp32 == pytest.approx(3 * 96.1e6 * 32 / 0.25, rel=0.1)
    assert measured.photographs.bf16 == 0 and measured.photographs.precision == "fp32"


def test_few_steps_are_enough_where_the_two_fastest_agree():
    assert not room._agree([1.0, 1.0])
    assert room._agree([2.0, 1.03, 1.0]) and not room._agree([2.0, 1.04, 1.0])


@pytest.mark.parametrize(("bf16", "precision", "best"), [(0, "fp32", 100), (110, "fp32", 100), (120, "bf16", 120)])
def test_bf16_is_taken_where_it_is_clearly_faster(bf16, precision, best):
    assert Rate(100.0, bf16).precision == precision
    assert Rate(100.0, bf16).best == best


def test_what_was_measured_once_stands(own_cache, monkeypatch):
    measured = [alike(2.0**36), alike(2.0**35)]
    monkeypatch.setattr(room, "measure_rate", lambda device: measured.pop(0))
    assert [machine_rate(CPU).thumbnails.fp32 for _ in range(3)] == [2.0**36] * 3
    (file,) = kind_folder("rates").iterdir()
    file.write_text(json.dumps({"thumbnails": {"fp32": -1}, "photographs": {"fp32": 1.0}}))
    assert machine_rate(CPU).thumbnails.fp32 == 2.0**35


def test_a_rate_that_cannot_be_kept_is_measured_every_time(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(room, "measure_rate", lambda device: alike(7.0))
    assert machine_rate(CPU) == alike(7.0)


def test_rates_are_rounded_to_quarters_of_an_octave():
    assert room._rounded(2.0**36 * 1.05) == 2.0**36
    assert room._rounded(2.0**36 * 1.15) == round(2**36.25)
