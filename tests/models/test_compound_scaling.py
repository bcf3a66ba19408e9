import math
from pathlib import Path

import pytest

from striate.errors import UsageError
from striate.models import CompoundScale, compound_scale
from striate.models.compound_scaling import rounded_depth
from striate.models.efficientnet import SCALINGS

PAGE = Path(__file__).parents[2] / "docs" / "compound-scaling.md"


@pytest.mark.parametrize("phi", [0, 0.5, 1, 2, 6, 7])
def test_the_formula(phi):
    scale = compound_scale(phi)
    assert scale.phi == phi
    assert scale.depth == pytest.approx(1.2**phi)
    assert scale.width == pytest.approx(1.1**phi)
    assert scale.resolution == pytest.approx(1.15**phi)
    assert scale.cost == pytest.approx(scale.depth * scale.width**2 * scale.resolution**2)
    assert scale.cost == pytest.approx(1.92027**phi)


def test_nothing_is_scaled_at_0():
    assert compound_scale(0) == CompoundScale(0, 1, 1, 1, 1)


def test_other_shares():
    scale = compound_scale(3, alpha=2, beta=1, gamma=1)
    assert (scale.depth, scale.width, scale.resolution, scale.cost) == (8, 1, 1, 8)
    assert compound_scale(1, alpha=1, beta=math.sqrt(2), gamma=1).cost == pytest.approx(2)


def test_a_network_s_figures():
    figures = compound_scale(2, alpha=1, beta=1, gamma=math.sqrt(2)).applied(
        layers=50, channels=64, resolution=224, macs=4e9
    )
    assert (figures.layers, figures.channels) == (50, 64)
    assert figures.resolution == pytest.approx(448)
    assert figures.macs == pytest.approx(16e9)


def test_the_constraint():
    with pytest.raises(UsageError) as error:
        compound_scale(1, alpha=1.4, beta=1.2, gamma=1.3)
    assert str(error.value) == (
        "compound_scale: alpha * beta^2 * gamma^2 must be about 2 (from 1.8 to 2.2), so that phi counts doublings of "
        "the cost, got 3.407 of alpha=1.4, beta=1.2, gamma=1.3"
    )


@pytest.mark.parametrize("ends", [1.81, 2.19])
def test_the_constraint_leaves_a_tenth(ends):
    assert compound_scale(1, alpha=ends, beta=1, gamma=1).cost == pytest.approx(ends)


@pytest.mark.parametrize(
    ("arguments", "name", "minimum", "value"),
    [
        ({"phi": -1}, "phi", 0, "-1"),
        ({"phi": math.inf}, "phi", 0, "inf"),
        ({"phi": "1"}, "phi", 0, "'1'"),
        ({"phi": 1, "alpha": 0.9}, "alpha", 1, "0.9"),
        ({"phi": 1, "beta": math.nan}, "beta", 1, "nan"),
        ({"phi": 1, "gamma": True}, "gamma", 1, "True"),
    ],
)
def test_bad_numbers(arguments, name, minimum, value):
    with pytest.raises(UsageError) as error:
        compound_scale(**arguments)
    assert str(error.value) == f"compound_scale: {name} must be a finite number of at least {minimum}, got {value}"


def test_bad_figures():
    with pytest.raises(UsageError) as error:
        compound_scale(1).applied(layers=0, channels=1, resolution=1, macs=1)
    assert str(error.value) == "CompoundScale: layers must be a finite number above 0, got 0"


def test_depth_is_rounded_up():
    assert [rounded_depth(layers, 1.1) for layers in (1, 2, 3, 4)] == [2, 3, 4, 5]
    assert [rounded_depth(layers, 1.0) for layers in (1, 2, 3, 4)] == [1, 2, 3, 4]


def test_the_page_s_table(golden):
    """Every cell of the table in the documentation, by the function, the rows and the golden table."""
    base = golden["efficientnet_b0"]["macs"]
    lines = []
    for phi, (name, published) in enumerate(SCALINGS.items()):
        formula = compound_scale(phi)
        figures = formula.applied(layers=1, channels=1, resolution=SCALINGS["b0"].resolution, macs=base)
        macs = golden[f"efficientnet_{name}"]["macs"]
        answers = (
            math.log(published.depth, 1.2),
            math.log(published.width, 1.1),
            math.log(published.resolution / SCALINGS["b0"].resolution, 1.15),
            math.log(macs / base, 1.2 * 1.1**2 * 1.15**2),
        )
        lines.append(
            f"| {name.upper()} | {phi} | {formula.depth:.2f} | {formula.width:.2f} | {figures.resolution:.0f} | "
            f"{figures.macs / 1e9:.2f} G | {published.depth} | {published.width} | {published.resolution} | "
            f"{macs / 1e9:.2f} G | {' | '.join(f'{phi:.1f}' for phi in answers)} |"
        )
    page = PAGE.read_text(encoding="utf-8").splitlines()
    assert [line for line in page if line.startswith("| B")] == lines
