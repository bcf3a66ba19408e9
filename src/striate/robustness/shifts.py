"""The rows of the limits card: what may be other than in training, how far, and in which unit."""

from __future__ import annotations

from striate.errors import UnknownNameError
from striate.robustness import blurring, keeping, light, noises, view
from striate.robustness.corruptions import CORRUPTIONS
from striate.robustness.shift import Level, Shift, levels

ONCE = (Level(1, ()),)

SHIFTS: tuple[Shift, ...] = (
    Shift("darker", "lighting", "darker", " stops", levels(1, 2, 3, 4, 5), lambda p, n, g: light.expose(p, (-n[0],), g)),
    Shift("brighter", "lighting", "brighter", " stops", levels(0.5, 1, 1.5, 2, 3), light.expose),
    Shift("low_contrast", "lighting", "contrast lost", " %",
          tuple(Level(lost, (100 - lost,)) for lost in (25, 50, 70, 85, 95)), light.change_contrast),
    Shift("shadows", "lighting", "shadows gone under", " gamma", levels(1.3, 1.6, 2, 2.5, 3.5), light.bend, neutral=1,
          words=lambda size: f"gamma {size:.2g}"),
    Shift("pale", "lighting", "paler", "",
          tuple(Level(power, (1 / power,)) for power in (1.3, 1.6, 2, 2.5, 3.5)), light.bend, neutral=1,
          words=lambda size: f"gamma 1/{size:.2g}"),
    Shift("warm_light", "lighting", "warmer light", " K below daylight",
          tuple(Level(6504 - kelvin, (kelvin,)) for kelvin in (5000, 4000, 3200, 2600, 2000)),
          light.change_temperature,
          words=lambda size: f"{6504 - size:,.0f} K"),
    Shift("cold_light", "lighting", "colder light", " K above daylight",
          tuple(Level(kelvin - 6504, (kelvin,)) for kelvin in (7500, 9000, 11000, 15000, 25000)),
          light.change_temperature,
          words=lambda size: f"{6504 + size:,.0f} K"),
    Shift("side_light", "lighting", "light from one side", " stops across", levels(1, 2, 3, 4, 6), light.light_from_one_side),
    Shift("turned", "angle", "turned", " degrees", levels(10, 20, 30, 45, 90), view.turn),
    Shift("upside_down", "angle", "upside down", "", ONCE, view.turn_over),
    Shift("mirrored", "angle", "mirrored left to right", "", ONCE, view.mirror),
    Shift("tilted", "viewpoint", "seen from the side", " degrees", levels(15, 30, 40, 50, 60), view.tilt),
    Shift("sheared", "viewpoint", "leaning", " degrees", levels(8, 15, 25, 35, 45), view.shear),
    Shift("farther", "distance", "farther", " times as far", tuple(Level(times, (100 / times,)) for times in (1.2, 1.5, 2, 3, 4)),
          view.resize_object, neutral=1),
    Shift("nearer", "distance", "nearer", " times as near", tuple(Level(times, (100 * times,)) for times in (1.2, 1.5, 2, 2.5, 3.5)),
          view.resize_object, neutral=1),
    Shift("off_centre", "distance", "off centre", " % of the side", levels(5, 10, 20, 30, 40), view.move),
    Shift("sensor_noise", "camera", "sensor noise", " grey levels", levels(5, 10, 20, 40, 70), noises.sensor_noise),
    Shift("out_of_focus", "camera", "out of focus", " px of 224", levels(1, 2, 3.5, 6, 9), blurring.defocus),
    Shift("moved", "camera", "blurred by motion", " px of 224", levels(4, 8, 15, 25, 40), blurring.smear),
    Shift("jpeg", "keeping", "JPEG", " of quality lost",
          tuple(Level(100 - quality, (quality,)) for quality in (60, 30, 15, 8, 3)), keeping.compress,
          words=lambda size: f"quality {100 - size:.0f}"),
    Shift("thumbnail", "keeping", "a thumbnail once", " times smaller",
          tuple(Level(times, (100 / times,)) for times in (1.5, 2, 3, 5, 8)), keeping.shrink_and_enlarge, neutral=1),
    Shift("covered", "covering", "covered", " % of the picture", levels(5, 10, 20, 35, 50), keeping.cover),
)  # fmt: skip
"""What a card shows, in its order."""

GROUPS = ("lighting", "angle", "viewpoint", "distance", "camera", "keeping", "covering", "corruption")
"""Of the rows, in the order of a card; the last is ImageNet-C's."""

KNOWN = {shift.name: shift for shift in (*SHIFTS, *CORRUPTIONS)}


def choose_shifts(names: tuple[str, ...] | None, *, corruptions: bool) -> tuple[Shift, ...]:
    """The rows that are asked for by their names or by their groups', in the order of a card.

    Args:
        names: Names of rows or of groups; None: all.
        corruptions: Whether ImageNet-C's are among all.

    Raises:
        UnknownNameError: If there is no such row or group.
    """
    if names is None:
        return (*SHIFTS, *(CORRUPTIONS if corruptions else ()))
    for name in names:
        if name not in KNOWN and name not in GROUPS:
            raise UnknownNameError("shift", name, [*GROUPS, *KNOWN])
    return tuple(shift for shift in KNOWN.values() if shift.name in names or shift.group in names)
