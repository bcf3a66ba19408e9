"""A layer's strongest units, and its strongest map as a whole, sent back to the pixels by rules that differ at rectifiers."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from striate.report.seeing_contents import LARGE, Panel, Shown
from striate.seeing.methods import PROJECTIONS, Method
from striate.seeing.observation import Observation, Place, strongest_places
from striate.seeing.question import Question
from striate.visualization import HEAD, UNIT_METHODS, UnheldRectifierWarning, Unit
from striate.visualization.montage import draw_signal
from striate.wording import number

UNITS, ACROSS = 9, 3
"""So many units of a layer are shown, and so many in a row."""

NO_SWITCHES = (
    "this network has no max pooling, and so no switches: what DeconvNet sends down is the same for every picture, but for "
    "the place where it starts, and tells how the filters are made; guided backpropagation tells of this picture"
)
"""Source: Springenberg et al. 2014, Striving for Simplicity, section 3.4."""


def projection_panels(method: Method, question: Question) -> tuple[Panel, ...]:
    """The strongest units of a layer sent back to the pixels by one rule."""
    return (projection_panel(question.observation, [method], question.layer or HEAD, question.unit),)


def projection_panel(
    observation: Observation,
    rules: Sequence[Method],
    layer: str,
    unit: Unit | None = None,
    *,
    count: int = UNITS,
    across: int = ACROSS,
    explained: bool = True,
) -> Panel:
    """The strongest units of a layer sent back to the pixels, beside what they see of the picture.

    Args:
        observation: The network and the picture.
        rules: Of `PROJECTIONS`, in the order in which they are drawn.
        layer: Which layer.
        unit: One map or place of it; None: of the strongest maps the strongest place each.
        count: How many maps.
        across: How many units a row has.
        explained: Whether to say what the rules do.
    """
    found = strongest_places(observation.maps(layer), unit, count)
    places = [place for place, _ in found]
    images = observation.images.expand(len(places), -1, -1, -1)
    signals, unheld = projected(rules, observation.network, images, layer=layer, unit=places)
    cells, facts = [], []
    for order, (place, activation) in enumerate(found):
        shown, scales = _unit_cells(
            observation, layer, place, activation, {rule: signals[rule][order] for rule in rules}
        )
        cells.append(shown)
        facts.append({"unit": list(place), "activation": activation, "scale": scales})
    shows = (
        f"{_whose(found, unit, layer)}: what it sees of the picture, and the same part as its signal reaches it. Mid-grey is 0; "
        "where a pixel is brighter, more of its colour would raise the answer. "
    )
    if explained:
        shows += " ".join(f"{rule.title}: {rule.rule}." for rule in rules)
    switchless = any(rule.name == "deconvnet" for rule in rules) and not has_switches(observation.network)
    return Panel(
        method=rules[0].name,
        title=" and ".join(rule.title for rule in rules),
        shows=shows.strip(),
        rows=[[cell for unit in cells[at : at + across] for cell in unit] for at in range(0, len(cells), across)],
        columns=["in the picture", *(rule.title for rule in rules)] * min(across, len(cells)),
        layer=layer,
        warnings=[*([NO_SWITCHES] if switchless else []), *unheld],
        facts={"units": facts},
    )


def whole_map_panel(observation: Observation, layer: str) -> Panel:
    """A layer's strongest map, all of its places at once, each as strong as it answered, sent back to the pixels."""
    ((place, _), *_) = strongest_places(observation.maps(layer), None, 1)
    signals, unheld = projected(
        PROJECTIONS,
        observation.network,
        observation.images,
        layer=layer,
        unit=place[0],
        strongest=None,
        start="activation",
    )
    shown = []
    for rule, signal in signals.items():
        drawn = draw_signal(observation.seen.in_colours(signal[0]))
        shown.append(Shown(drawn.pixels, (f"{rule.title}, {_scale(drawn.high)}",), LARGE))
    what = observation.seen.classes[place[0]] if layer == HEAD else f"Map {place[0]}"
    return Panel(
        method=PROJECTIONS[0].name,
        title=f"{what}, the strongest, as a whole",
        shows=f"All places of the layer's strongest map at once, each as strong as it answered, by {len(PROJECTIONS)} rules.",
        rows=[shown],
        layer=layer,
        warnings=unheld,
        facts={"map": place[0]},
    )


def projected(
    rules: Sequence[Method], network: nn.Module, images: Tensor, **asked: Any
) -> tuple[dict[Method, Tensor], list[str]]:
    """What each rule sends down to the pixels, and what whoever looks at it should know of the network's rectifiers.

    Args:
        rules: Of `PROJECTIONS`.
        network: The network.
        images: (N, C, H, W).
        asked: As `striate.visualization.deconvnet` takes it.

    Returns:
        (N, C, H, W) by rule, and sentences.
    """
    with unheld_rectifiers() as said:
        signals = {rule: UNIT_METHODS[rule.checked_as](network, images, **asked) for rule in rules}
    return signals, said


@contextmanager
def unheld_rectifiers() -> Iterator[list[str]]:
    """Gives a list that has, once it is left, what was warned of rectifiers that a rule did not hold, each once."""
    said: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UnheldRectifierWarning)
        yield said
    for warning in caught:
        if not issubclass(warning.category, UnheldRectifierWarning):
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
        elif str(warning.message) not in said:
            said.append(str(warning.message))


def has_switches(network: nn.Module) -> bool:
    """Whether any of a network's modules pools by the maximum."""
    kinds = (nn.MaxPool2d, nn.AdaptiveMaxPool2d, nn.FractionalMaxPool2d)
    return any(isinstance(module, kinds) for module in network.modules())


def _unit_cells(
    observation: Observation,
    layer: str,
    place: Place | tuple[int],
    activation: float,
    signals: dict[Method, Tensor],
) -> tuple[list[Shown], dict[str, float]]:
    """What a unit sees of the picture and its signal by each rule, and the scale of each by the rule's name."""
    rows, columns = observation.crop(layer, place)
    name = observation.seen.classes[place[0]] if layer == HEAD else f"map {place[0]}"
    where = f" at {place[1]}, {place[2]}" if len(place) == 3 else ""
    cells, scales = [Shown(observation.pixels[rows, columns], (f"{name}{where}: {activation:.3g}",))], {}
    for rule, signal in signals.items():
        drawn = draw_signal(observation.seen.in_colours(signal[:, rows, columns]))
        scales[rule.name] = drawn.high
        cells.append(Shown(drawn.pixels, (f"{rule.caption} {_scale(drawn.high)}",)))
    return cells, scales


def _scale(high: float) -> str:
    return f"±{number(float(f'{high:.2g}'))}"


def _whose(found: Sequence[Any], unit: Unit | None, layer: str) -> str:
    if unit is not None or len(found) == 1:
        return "The unit where the map answers most" if not isinstance(unit, tuple) else "The unit"
    kind = "classes" if layer == HEAD else "maps"
    return f"The {len(found)} {kind} that answer most, each where it answers most"
