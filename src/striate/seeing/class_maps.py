"""Where in the picture the answer comes from: maps of what speaks for one class."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
from torch import Tensor

from striate.report.seeing_contents import LARGE, Panel, Picture, Shown
from striate.seeing.methods import Method
from striate.seeing.observation import Observation
from striate.seeing.question import Question
from striate.visualization import grad_cam, integrated_gradients, last_maps_layer, occlusion, saliency
from striate.visualization.montage import draw_heat, draw_overlay
from striate.wording import percent
from striate.wording import probability as said_probability

BRIGHT = 0.99
"""The share of a map's pixels that are not drawn in the lightest colour: of gradients, single pixels stand far out."""

STEPS = 100
"""Of integrated gradients: with 50 MobileNetV2's are off by a tenth."""


def grad_cam_panels(method: Method, question: Question) -> tuple[Panel, ...]:
    """Grad-CAM of the class that is asked about."""
    observation = question.observation
    layer = question.layer or last_maps_layer(observation.network, observation.images)
    heat = grad_cam(observation.network, observation.images, target=observation.target, layer=layer)[0]
    panel = _heat_panel(
        method,
        observation,
        heat,
        f"Where the maps of {layer} speak for {observation.target_name}: each map weighed by how much it raises that class, "
        f"added up. It is as coarse as those maps, {_size(observation, layer)}, and tells where, not what.",
        layer=layer,
    )
    return (panel,)


def saliency_panels(method: Method, question: Question) -> tuple[Panel, ...]:
    """The size of the gradient of the class that is asked about."""
    observation = question.observation
    heat = saliency(observation.network, observation.images, target=observation.target)[0]
    panel = _heat_panel(
        method,
        observation,
        heat,
        f"The pixels whose smallest change would change the answer for {observation.target_name} most, whichever way: the "
        "largest gradient of a pixel's channels. It is noisy, and says nothing of what larger changes would do.",
        bright=BRIGHT,
    )
    return (panel,)


def integrated_gradients_panels(method: Method, question: Question) -> tuple[Panel, ...]:
    """Integrated gradients from a picture of the mean colour."""
    observation = question.observation
    shares = integrated_gradients(observation.network, observation.images, target=observation.target, steps=STEPS)[0]
    panel = _heat_panel(
        method,
        observation,
        shares.sum(dim=0).abs(),
        f"What each pixel added to the answer for {observation.target_name} on the way from a picture of the mean colour to "
        "this one; all pixels together add up to the difference between the two answers. The size is drawn, not the sign.",
        bright=BRIGHT,
        facts={"sum": float(shares.double().sum())},
    )
    return (dataclasses.replace(panel, heat=_numbers(shares.sum(dim=0))),)  # with its signs, which add up


def occlusion_panels(method: Method, question: Question) -> tuple[Panel, ...]:
    """What the answer does when a grey patch covers a part of the picture: the paper's three maps."""
    observation = question.observation
    result = occlusion(
        observation.network,
        observation.images,
        target=observation.target,
        layer=question.layer,
        temperature=observation.seen.temperature,
        classifier=observation.seen.classifier,
    )
    heat, labels = result.heat()[0], result.labels[0].numpy()
    kept = float((labels == int(np.argmax(observation.probabilities))).mean())
    drop = draw_overlay(heat.clamp(min=0), observation.pixels)
    probability = draw_heat(result.probability[0], low=0, high=1)
    strongest = draw_heat(result.map_sum[0])
    answers = [observation.seen.classes[place] for place in _commonest(labels)]
    alone = observation.seen.classifier == "softmax"
    same = "the network still answers the same" if alone else "the same class is still the most probable"
    listed = f"{', '.join(answers[:3])}{', ...' if len(answers) > 3 else ''}"
    panel = Panel(
        method=method.name,
        title=method.title,
        shows=(
            f"A grey patch slides over the picture, and each place shows what the answer for {observation.target_name} loses "
            f"when the patch covers it: of {said_probability(observation.probabilities[observation.target])} without a patch. "
            "This changes the picture and asks again, so it needs no gradient; but what a patch hides alone may be told "
            f"elsewhere too. With the patch {same} in {percent(kept)} of the places."
        ),
        rows=[
            [
                Shown(drop.pixels, (f"loss of probability, {drop.scale}",), LARGE),
                Shown(probability.pixels, ("probability of the class, 0 to 1",)),
                Shown(strongest.pixels, (f"sum of the strongest map, {strongest.scale}",)),
                Shown(_label_pixels(labels), (f"the {'answer' if alone else 'most probable'}: {listed}",)),
            ]
        ],
        facts={"class": observation.target_name, "answer_kept": kept, "occlusion": result.to_dict()},
        heat=_numbers(heat),
    )
    return (panel,)


def _heat_panel(
    method: Method,
    observation: Observation,
    heat: Tensor,
    shows: str,
    *,
    bright: float | None = None,
    layer: str = "",
    facts: dict[str, object] | None = None,
) -> Panel:
    """A panel of one map: over the picture, and alone.

    Args:
        method: Which.
        observation: The picture.
        heat: (H, W).
        shows: What is seen there.
        bright: The share of the places that are not drawn in the lightest colour; None: all but the largest.
        layer: Whose map it is; "": of the network as a whole.
        facts: What is to be told of it beside the class and the scale.
    """
    values = heat.double().cpu().numpy()
    high = None if bright is None else float(np.quantile(values, bright))
    overlay, plain = draw_overlay(values, observation.pixels, high=high), draw_heat(values, high=high)
    return Panel(
        method=method.name,
        title=method.title,
        shows=shows,
        rows=[
            [
                Shown(overlay.pixels, ("over the picture in grey",), LARGE),
                Shown(plain.pixels, (f"the map alone, {plain.scale}",)),
            ]
        ],
        layer=layer,
        facts={"class": observation.target_name, "scale": [overlay.low, overlay.high], **(facts or {})},
        heat=_numbers(heat),
    )


def _numbers(heat: Tensor) -> npt.NDArray[np.float32]:
    return heat.detach().float().cpu().numpy()


def _commonest(labels: npt.NDArray[np.int64]) -> list[int]:
    """The classes in a map of labels, that of most places first."""
    numbers, counts = np.unique(labels, return_counts=True)
    return [int(number) for number in numbers[np.argsort(-counts, kind="stable")]]


def _label_pixels(labels: npt.NDArray[np.int64]) -> Picture:
    """(h, w, 3): one colour a class, in the order of how many places they have; the last for all that come after.

    Source: Okabe and Ito 2008, Color Universal Design: colours that the colour-blind can tell apart.
    """
    colours = np.array(
        [[0, 114, 178], [230, 159, 0], [0, 158, 115], [204, 121, 167], [240, 228, 66], [86, 180, 233], [213, 94, 0]],
        np.uint8,
    )
    ranks = np.zeros(labels.shape, np.int64)
    for rank, number in enumerate(_commonest(labels)):
        ranks[labels == number] = min(rank, len(colours) - 1)
    return colours[ranks]


def _size(observation: Observation, layer: str) -> str:
    shape = observation.facts(layer).shape
    return f"{shape[1]} x {shape[2]} places" if len(shape) == 3 else f"{shape[0]} numbers"
