"""Schemes: a distribution, a fan and a gain, by name.

A weight is drawn with mean 0 and

    variance = gain² / fan

where fan is a layer's fan-in (the inputs that feed a unit: channels of a group times kernel elements), its fan-out (the
units that an input feeds), or the average of the two. Uniform draws lie within ±gain * sqrt(3 / fan), which has the same
variance.

    name                            fan      gain     variance                 made for
    lecun_normal, lecun_uniform     in       1        1 / fan_in               tanh-like functions; SELU
    xavier_normal, xavier_uniform   average  1        2 / (fan_in + fan_out)   tanh-like functions
    he_normal, he_uniform           in       sqrt 2   2 / fan_in               ReLU

Why the fan: a unit adds fan_in products of an input and a weight, so that its variance is fan_in * var(weight) times the
inputs' mean square. 1 / fan_in keeps that. Backwards the same holds with fan_out, and the average is the compromise. ReLU
sets half of its inputs to 0, which halves the mean square; the gain sqrt 2 makes up for that.

Source: LeCun, Bottou, Orr, Müller 1998, Efficient BackProp, section 4.6 (lecun). Glorot, Bengio 2010, Understanding the
difficulty of training deep feedforward neural networks, Eq. 12 and 16 (xavier, after the first author's first name; also
called glorot). He, Zhang, Ren, Sun 2015, Delving Deep into Rectifiers, Eq. 10 and 14 (he).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, cast, get_args

import torch
from torch import Tensor

from striate.errors import UnknownNameError, UsageError
from striate.initialization.rules import fans

Distribution = Literal["normal", "uniform"]
Fan = Literal["in", "out", "average"]

PAPER = "paper"
"""The name of the network's own rules: those of its paper, which its constructor draws by."""


@dataclass(frozen=True)
class Scheme:
    """Weights with mean 0 and variance gain² / fan.

    Args:
        distribution: "normal", or "uniform" within ±gain * sqrt(3 / fan).
        fan: "in", "out", or "average", their mean (fan_in + fan_out) / 2.
        gain: A finite number above 0; 1 keeps the variance of a linear layer, sqrt 2 that of a layer under ReLU.

    Raises:
        UsageError: An argument is none of these.

    Example:
        >>> scheme = Scheme("normal", "out", gain=2**0.5)
        >>> round(scheme.draw_(torch.empty(512, 256, 3, 3)).std().item(), 3)  # sqrt(2 / (512 * 9))
        0.021
        >>> str(scheme), str(Scheme("uniform", gain=0.5))
        ('he_normal:fan=out', 'lecun_uniform:gain=0.5')
    """

    distribution: Distribution = "normal"
    fan: Fan = "in"
    gain: float = 1.0

    def __post_init__(self) -> None:
        if self.distribution not in get_args(Distribution):
            raise UsageError(f"a scheme's distribution must be 'normal' or 'uniform', got {self.distribution!r}")
        if self.fan not in get_args(Fan):
            raise UsageError(f"a scheme's fan must be 'in', 'out' or 'average', got {self.fan!r}")
        gain: object = self.gain
        if isinstance(gain, bool) or not isinstance(gain, int | float) or not 0 < gain < math.inf:
            raise UsageError(f"a scheme's gain must be a finite number above 0, got {gain!r}")

    def deviation(self, fan_in: int, fan_out: int) -> float:
        """The standard deviation for a layer of these fans: gain / sqrt(fan).

        Args:
            fan_in: How many inputs feed a unit.
            fan_out: How many units an input feeds.

        Raises:
            UsageError: The fan is 0: the layer has no weights to draw.

        Example:
            >>> Scheme("uniform", "average").deviation(fan_in=6, fan_out=2)
            0.5
        """
        fan = {"in": fan_in, "out": fan_out, "average": (fan_in + fan_out) / 2}[self.fan]
        if not fan > 0:
            raise UsageError(f"a layer with fan-in {fan_in} and fan-out {fan_out} has nothing to draw")
        return self.gain / math.sqrt(fan)

    def draw_(self, weight: Tensor, *, groups: int = 1) -> Tensor:
        """Draws in place from the global generator, and answers the weight.

        Args:
            weight: (out, in) of a dense layer, or (out, in / groups, *kernel) of a convolution, float.
            groups: The convolution's groups.

        Raises:
            UsageError: The weight has fewer than two axes.
        """
        return self.draw_by_fans_(weight, *fans(weight, groups=groups))

    def draw_by_fans_(self, weight: Tensor, fan_in: int, fan_out: int) -> Tensor:
        """Draws weights of any shape whose units all have these fans, in place, and answers them."""
        deviation = self.deviation(fan_in, fan_out)
        if self.distribution == "normal":
            return torch.nn.init.normal_(weight, 0.0, deviation)
        bound = math.sqrt(3) * deviation
        return torch.nn.init.uniform_(weight, -bound, bound)

    def __str__(self) -> str:
        """The name that `named_scheme` reads: of the nearest named scheme, and where this one departs from it."""

        def likeness(name: str) -> tuple[bool, bool, bool]:
            other = SCHEMES[name]
            return other.distribution == self.distribution, other.gain == self.gain, other.fan == self.fan

        name = max(SCHEMES, key=likeness)
        departures = [
            f"{part}={getattr(self, part)}"
            for part in ("fan", "gain")
            if getattr(self, part) != getattr(SCHEMES[name], part)
        ]
        return f"{name}:{','.join(departures)}" if departures else name


SCHEMES = MappingProxyType(
    {
        "lecun_normal": Scheme("normal", "in"),
        "lecun_uniform": Scheme("uniform", "in"),
        "xavier_normal": Scheme("normal", "average"),
        "xavier_uniform": Scheme("uniform", "average"),
        "he_normal": Scheme("normal", "in", gain=math.sqrt(2)),
        "he_uniform": Scheme("uniform", "in", gain=math.sqrt(2)),
    }
)
"""The schemes by name."""

HE_FAN_OUT = Scheme("normal", "out", gain=math.sqrt(2))
"""He's rule by the fan-out, which keeps the gradient's variance where `he_normal` keeps the signal's; torchvision's choice."""

FIRST_NAMES = MappingProxyType({"glorot": "xavier", "kaiming": "he"})
"""Other names of the same people, which are understood too: glorot_uniform is xavier_uniform."""

DEPARTURE = re.compile(r"fan=(?P<fan>in|out|average)|gain=(?P<gain>[-+.\w]+)")


def list_schemes() -> list[str]:
    """The names of all schemes, the papers' own rules first.

    Example:
        >>> list_schemes()[:3]
        ['paper', 'lecun_normal', 'lecun_uniform']
    """
    return [PAPER, *SCHEMES]


def named_scheme(name: str | Scheme) -> Scheme | None:
    """The scheme of a name, which may be followed by a fan and a gain in place of its own.

    Args:
        name: One of `list_schemes()`, such as `"he_normal"`, or with departures, such as `"he_normal:fan=out"` and
            `"lecun_uniform:gain=0.5"`; or a scheme, which is answered as it is.

    Returns:
        The scheme, or `None` for `"paper"`, which has no formula of its own.

    Raises:
        UnknownNameError: There is no such scheme; the message offers the closest names.
        UsageError: What follows the name is no fan and no gain.

    Example:
        >>> named_scheme("he_normal:fan=out")
        Scheme(distribution='normal', fan='out', gain=1.4142135623730951)
        >>> named_scheme("glorot_uniform") == named_scheme("xavier_uniform")
        True
    """
    if isinstance(name, Scheme):
        return name
    base, colon, rest = str(name).partition(":")
    person, _, distribution = base.partition("_")
    known = f"{FIRST_NAMES.get(person, person)}_{distribution}"
    if name == PAPER:
        return None
    if base == PAPER:
        raise UsageError(f"{PAPER!r} is the network's own rules and takes no fan and no gain, got {name!r}")
    if known not in SCHEMES:
        raise UnknownNameError("initialisation", base, list_schemes())
    scheme = SCHEMES[known]
    for departure in rest.split(",") if colon else ():
        match = DEPARTURE.fullmatch(departure.strip())
        if match is None:
            raise UsageError(
                f"after {base}: comes fan=in, fan=out, fan=average or gain=NUMBER, joined by commas, got {departure!r}"
            )
        scheme = Scheme(
            scheme.distribution,
            cast("Fan", match["fan"] or scheme.fan),
            scheme.gain if match["gain"] is None else _number(match["gain"]),
        )
    return scheme


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"a scheme's gain must be a finite number above 0, got {text!r}") from None
