"""What is said of the degradation experiment's errors."""

import pytest

from striate.depth.depth_result import NetworkRow, describe_verdict, judge


def rows_of(*errors):
    names = ("plain20", "plain56", "resnet20", "resnet56")
    return [
        NetworkRow(name, place > 1, place % 2 == 1, 1, error, None)
        for place, (name, error) in enumerate(zip(names, errors, strict=True))
    ]


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        (
            (0.01, 0.57, 0.004, 0.0125),
            "Depth raises the training error from 1.0 % (plain20) to 57.0 % (plain56) in plain networks; in residual ones it "
            "raises the training error from 0.4 % (resnet20) to 1.2 % (resnet56). Depth hurts the plain network, not the "
            "residual one; as it is the training error, this is no overfitting.",
        ),
        (
            (0.2, 0.5, 0.1, 0.05),
            "Depth raises the training error from 20.0 % (plain20) to 50.0 % (plain56) in plain networks; in residual ones it "
            "lowers the training error from 10.0 % (resnet20) to 5.0 % (resnet56). Depth hurts the plain network, not the "
            "residual one; as it is the training error, this is no overfitting.",
        ),
        (
            (0.2, 0.5, 0.1, 0.3),
            "Depth raises the training error from 20.0 % (plain20) to 50.0 % (plain56) in plain networks; in residual ones it "
            "raises the training error from 10.0 % (resnet20) to 30.0 % (resnet56). Give all of them more epochs: the deep "
            "residual network has yet to converge.",
        ),
        (
            (0.01, 0.011, 0.01, 0.01),
            "Depth makes no difference that could be told from chance: from 1.0 % (plain20) to 1.1 % (plain56) in plain "
            "networks; in residual ones it makes no difference that could be told from chance: from 1.0 % (resnet20) to 1.0 % "
            "(resnet56). The degradation does not show: take a deeper --pair, or fewer epochs, before all have learnt "
            "everything.",
        ),
    ],
)
def test_the_verdict(errors, said):
    rows = rows_of(*errors)
    gaps = [judge(errors[place], errors[place + 1], pictures=1439) for place in (0, 2)]
    assert describe_verdict(rows, *gaps).replace("\u202f", " ") == said
