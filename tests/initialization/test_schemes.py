import math

import pytest
import scipy.stats
import torch

from striate.errors import UnknownNameError, UsageError
from striate.initialization import HE_FAN_OUT, SCHEMES, Scheme, list_schemes, named_scheme, seeded

DRAWS = {  # variance of a layer with fan-in 75 and fan-out 150
    "lecun_normal": 1 / 75,
    "lecun_uniform": 1 / 75,
    "xavier_normal": 2 / 225,
    "xavier_uniform": 2 / 225,
    "he_normal": 2 / 75,
    "he_uniform": 2 / 75,
}


def test_the_names():
    assert list_schemes() == ["paper", *DRAWS]


@pytest.mark.parametrize("name", DRAWS)
def test_the_formula(name):
    assert SCHEMES[name].deviation(75, 150) ** 2 == pytest.approx(DRAWS[name])


@pytest.mark.parametrize("name", DRAWS)
@pytest.mark.parametrize(("shape", "groups"), [((150, 75), 1), ((48, 8, 3, 3), 4), ((60, 5, 3, 3, 3), 1)])
def test_draws_have_the_distribution(name, shape, groups):
    scheme = SCHEMES[name]
    with seeded(1):
        weight = scheme.draw_(torch.empty(shape), groups=groups)
    fan_in = math.prod(shape[1:])
    deviation = scheme.deviation(fan_in, fan_in * shape[0] // groups // shape[1])
    wanted = (
        scipy.stats.norm(0, deviation)
        if scheme.distribution == "normal"
        else scipy.stats.uniform(-(3**0.5) * deviation, 2 * 3**0.5 * deviation)
    )
    assert scipy.stats.kstest(weight.flatten().numpy(), wanted.cdf).pvalue > 0.01
    assert weight.var().item() == pytest.approx(deviation**2, rel=0.05)


@pytest.mark.parametrize(
    ("scheme", "oracle"),
    [
        (SCHEMES["xavier_uniform"], torch.nn.init.xavier_uniform_),
        (SCHEMES["xavier_normal"], torch.nn.init.xavier_normal_),
        (SCHEMES["he_uniform"], lambda weight: torch.nn.init.kaiming_uniform_(weight, nonlinearity="relu")),
        (SCHEMES["he_normal"], lambda weight: torch.nn.init.kaiming_normal_(weight, nonlinearity="relu")),
        (SCHEMES["lecun_normal"], lambda weight: torch.nn.init.kaiming_normal_(weight, nonlinearity="linear")),
        (SCHEMES["lecun_uniform"], lambda weight: torch.nn.init.kaiming_uniform_(weight, nonlinearity="linear")),
        (HE_FAN_OUT, lambda weight: torch.nn.init.kaiming_normal_(weight, mode="fan_out", nonlinearity="relu")),
        (Scheme("uniform", "average", 1.5), lambda weight: torch.nn.init.xavier_uniform_(weight, gain=1.5)),
    ],
)
@pytest.mark.parametrize("shape", [(64, 32, 3, 3), (30, 40), (5, 6, 7), (4, 3, 2, 2, 2)])
def test_without_groups_the_draws_are_torch_s(scheme, oracle, shape):
    with seeded(0):
        ours = scheme.draw_(torch.empty(shape))
    with seeded(0):
        assert torch.equal(oracle(torch.empty(shape)), ours)


@pytest.mark.parametrize(
    ("text", "scheme"),
    [
        ("he_normal", Scheme("normal", "in", math.sqrt(2))),
        ("he_normal:fan=out", HE_FAN_OUT),
        ("lecun_uniform:gain=0.5", Scheme("uniform", "in", 0.5)),
        ("lecun_normal:fan=out,gain=3.0", Scheme("normal", "out", 3.0)),
        ("he_uniform:fan=average", Scheme("uniform", "average", math.sqrt(2))),
        ("xavier_normal:gain=1e-05", Scheme("normal", "average", 1e-5)),
    ],
)
def test_schemes_are_read_and_written(text, scheme):
    assert named_scheme(text) == scheme
    assert str(named_scheme(text)) == text or named_scheme(str(named_scheme(text))) == scheme
    assert named_scheme(scheme) is scheme


def test_schemes_are_written_by_the_nearest_name():
    assert [str(scheme) for scheme in SCHEMES.values()] == list(SCHEMES)
    assert str(HE_FAN_OUT) == "he_normal:fan=out"
    assert str(Scheme("uniform", "out", 0.5)) == "lecun_uniform:fan=out,gain=0.5"


def test_other_first_names():
    assert named_scheme("glorot_normal") == SCHEMES["xavier_normal"]
    assert named_scheme("kaiming_uniform:fan=out") == named_scheme("he_uniform:fan=out")


def test_the_paper_s_own_rules_are_no_scheme():
    assert named_scheme("paper") is None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("he_norm", "unknown initialisation 'he_norm'; did you mean 'he_normal', 'he_uniform', "),
        ("xavier", "unknown initialisation 'xavier'; did you mean 'xavier_normal', 'xavier_uniform'?"),
        ("", "unknown initialisation ''; known: paper, " + ", ".join(SCHEMES)),
    ],
)
def test_unknown_names(name, message):
    with pytest.raises(UnknownNameError) as error:
        named_scheme(name)
    assert str(error.value).startswith(message)


def test_paper_takes_nothing_after_it():
    with pytest.raises(UsageError) as error:
        named_scheme("paper:gain=2")
    assert str(error.value) == "'paper' is the network's own rules and takes no fan and no gain, got 'paper:gain=2'"


@pytest.mark.parametrize("rest", ["", "out", "fan=both", "fan=", "gain=", "fan=out;gain=1"])
def test_wrong_departures(rest):
    with pytest.raises(UsageError) as error:
        named_scheme(f"he_normal:{rest}")
    assert str(error.value) == (
        f"after he_normal: comes fan=in, fan=out, fan=average or gain=NUMBER, joined by commas, got {rest!r}"
    )


@pytest.mark.parametrize("gain", ["0", "-1", "inf", "nan", "a"])
def test_wrong_gains_in_a_name(gain):
    with pytest.raises(UsageError, match="a scheme's gain must be a finite number above 0, got"):
        named_scheme(f"he_normal:gain={gain}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("gaussian",), "a scheme's distribution must be 'normal' or 'uniform', got 'gaussian'"),
        (("normal", "both"), "a scheme's fan must be 'in', 'out' or 'average', got 'both'"),
        (("normal", "in", 0), "a scheme's gain must be a finite number above 0, got 0"),
        (("normal", "in", True), "a scheme's gain must be a finite number above 0, got True"),
        (("normal", "in", "2"), "a scheme's gain must be a finite number above 0, got '2'"),
    ],
)
def test_wrong_schemes(arguments, message):
    with pytest.raises(UsageError) as error:
        Scheme(*arguments)
    assert str(error.value) == message


def test_nothing_to_draw():
    with pytest.raises(UsageError) as error:
        Scheme().deviation(0, 4)
    assert str(error.value) == "a layer with fan-in 0 and fan-out 4 has nothing to draw"
