"""What the sliders of the room do to a picture: the shifts of the limits card, by the same code, one upon another."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from striate.robustness import blurring, keeping, light, noises, view
from striate.robustness.shift import Pixels
from striate.serving.problems import ProblemError

Place = tuple[float, float]
"""Where what covers the picture is: down and across, from 0 to 1."""
Change = Callable[[Pixels, float, Place, np.random.Generator], Pixels]

POINTS = 15
"""Of a curve over a dial's whole range."""


@dataclass(frozen=True)
class Dial:
    """A slider. Values are of the unit that the limits card states its limits in, below 0 for the other direction."""

    name: str
    group: Literal["light", "colour", "geometry", "camera", "covering"]
    least: float
    most: float
    neutral: float
    """Where nothing is changed."""
    step: float
    """Of the slider; of one by powers, in powers of two."""
    change: Change
    rows: tuple[str, str]
    """The rows of the limits card below and above the neutral value: what is drawn for a picture is what they draw."""
    by_powers: bool = False
    """Whether equal ways of the slider are equal ratios."""
    coloured: bool = False
    """Whether it does nothing to a grey picture."""

    def to_dict(self) -> dict[str, Any]:
        """What the page's script needs."""
        names = ("name", "group", "least", "most", "neutral", "step", "by_powers", "coloured")
        return {name: getattr(self, name) for name in names} | {"points": self.points()}

    def points(self) -> list[float]:
        """Values over the whole range, evenly as the slider goes, the neutral one among them."""
        ends = (self.least, self.neutral, self.most)
        low, middle, high = (math.log2(end) if self.by_powers else end for end in ends)
        below = round((POINTS - 1) * (middle - low) / (high - low))
        places = [*np.linspace(low, middle, below + 1)[:-1], middle, *np.linspace(middle, high, POINTS - below)[1:]]
        values = [float(2**place if self.by_powers else place) for place in places]
        values[0], values[below], values[-1] = self.least, self.neutral, self.most
        return values


DIALS = (
    Dial("tilt", "geometry", -60, 60, 0, 1, lambda p, v, at, g: view.tilt_by(p, v, upright=False), ("tilted", "tilted")),
    Dial("scale", "geometry", 0.25, 3.5, 1, 0.02, lambda p, v, at, g: view.resize_object(p, (100 * v,), g),
         ("farther", "nearer"), by_powers=True),
    Dial("rotation", "geometry", -90, 90, 0, 1, lambda p, v, at, g: view.turn_by(p, -v), ("turned", "turned")),
    Dial("covered", "covering", 0, 50, 0, 1,
         lambda p, v, at, g: keeping.cover_at(p, v, down=at[0], across=at[1]), ("covered", "covered")),
    Dial("temperature", "colour", 2000, 25000, light.DAYLIGHT, 0.02, lambda p, v, at, g: light.change_temperature(p, (v,), g),
         ("warm_light", "cold_light"), by_powers=True, coloured=True),
    Dial("exposure", "light", -5, 3, 0, 0.1, lambda p, v, at, g: light.expose(p, (v,), g), ("darker", "brighter")),
    Dial("contrast", "light", 0, 95, 0, 1, lambda p, v, at, g: light.change_contrast(p, (100 - v,), g),
         ("low_contrast", "low_contrast")),
    Dial("motion", "camera", 0, 40, 0, 0.5, lambda p, v, at, g: blurring.smear(p, (v,), g), ("moved", "moved")),
    Dial("blur", "camera", 0, 9, 0, 0.1, lambda p, v, at, g: blurring.defocus(p, (v,), g), ("out_of_focus", "out_of_focus")),
    Dial("noise", "camera", 0, 70, 0, 1, lambda p, v, at, g: noises.sensor_noise(p, (v,), g), ("sensor_noise", "sensor_noise")),
    Dial("jpeg", "camera", 0, 97, 0, 1, lambda p, v, at, g: keeping.compress(p, (100 - v,), g), ("jpeg", "jpeg")),
)  # fmt: skip
"""In the order in which a camera meets them: where it stands, what is in front, the light, the lens, the sensor, the file."""

KNOWN: Mapping[str, Dial] = {dial.name: dial for dial in DIALS}


@dataclass(frozen=True)
class Shifting:
    """How all sliders stand."""

    values: Mapping[str, float]
    """By the names of dials; those that are not there are neutral."""
    place: Place = (0.5, 0.5)
    seed: int = 0
    """Of what is drawn: noise, and the direction of a motion."""

    def apply(self, pixels: Pixels, *, picture: int) -> Pixels:
        """The picture as it is then.

        Args:
            pixels: (H, W, C) uint8, prepared as for the network, where the limits card shifts it too.
            picture: What tells it from others, the first six bytes of its digest, as on the limits card.
        """
        for dial in DIALS:
            value = self.values.get(dial.name, dial.neutral)
            if value != dial.neutral:
                row = dial.rows[value > dial.neutral]
                generator = np.random.default_rng([self.seed, picture, *row.encode()])
                pixels = dial.change(pixels, value, self.place, generator)
        return pixels

    def at(self, dial: Dial, value: float) -> Shifting:
        """With one slider elsewhere."""
        return Shifting({**self.values, dial.name: value}, self.place, self.seed)


def read_shifting(asked: Mapping[str, Any]) -> Shifting:
    """What a request asks for: `{"values": {NAME: NUMBER}, "place": [DOWN, ACROSS], "seed": NUMBER}`, all of it optional.

    Raises:
        ProblemError: 400 if there is no such slider, or a number is none, or out of its range.
    """
    values, place, seed = asked.get("values", {}), asked.get("place", [0.5, 0.5]), asked.get("seed", 0)
    if not isinstance(values, dict):
        raise ProblemError(400, 'values must be an object of sliders and numbers, such as {"rotation": 30}')
    found = {str(name)[:40]: within(dial_of(name), value) for name, value in list(values.items())[:100]}
    if not isinstance(place, list) or len(place) != 2 or not all(is_number(one) and 0 <= one <= 1 for one in place):
        raise ProblemError(400, f"place must be two numbers from 0 to 1, down and across, got {place!r:.60}")
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**32:
        raise ProblemError(400, f"seed must be a whole number from 0 to {2**32 - 1}, got {seed!r:.40}")
    return Shifting(found, (float(place[0]), float(place[1])), seed)


def dial_of(name: object) -> Dial:
    """A slider by its name.

    Raises:
        ProblemError: 400 if there is none.
    """
    if not isinstance(name, str) or name not in KNOWN:
        raise ProblemError(400, f"there is no slider {name!r:.60}; there is {', '.join(KNOWN)}")
    return KNOWN[name]


def within(dial: Dial, value: object) -> float:
    """A number of a slider's range.

    Raises:
        ProblemError: 400 if it is none.
    """
    if not is_number(value) or not dial.least <= float(value) <= dial.most:  # type: ignore[arg-type]
        raise ProblemError(400, f"{dial.name} must be a number from {dial.least:g} to {dial.most:g}, got {value!r:.40}")
    return float(value)  # type: ignore[arg-type]


def is_number(value: object) -> bool:
    """Whether a value of JSON is a number, and a finite one."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9
