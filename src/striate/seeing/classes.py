"""Where in the picture the answer comes from: maps of what speaks for one class."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from torch import Tensor

from striate.report.seeing_contents import LARGE, Panel, Picture, Shown
from striate.seeing.looking import Look
from striate.visualization import grad_cam, integrated_gradients, last_maps_layer, occlusion, saliency
from striate.visualization.montage import draw_heat, draw_overlay
from striate.wording import percent
from striate.wording import probability as said_probability

BRIGHT = 0.99
"""The share of a map's pixels that are not drawn in the lightest colour: of gradients, single pixels stand far out."""

STEPS = 100
"""Of integrated gradients: with 50 MobileNetV2's are off by a tenth."""


def grad_cam_panel(look: Look, layer: str | None = None) -> tuple[Panel, Tensor]:
    """Grad-CAM of the class that is asked about."""
    layer = layer or last_maps_layer(look.seen.network, look.images)
    heat = grad_cam(look.seen.network, look.images, target=look.target, layer=layer)[0]
    panel = _heat_panel(
        look,
        heat,
        "grad-cam",
        "Grad-CAM",
        f"Where the maps of {layer} speak for {look.target_name}: each map weighed by how much it raises that class, added up. "
        f"It is as coarse as those maps, {_size(look, layer)}, and tells where, not what.",
        layer=layer,
        high=None,
    )
    return panel, heat


def saliency_panel(look: Look, layer: str | None = None) -> tuple[Panel, Tensor]:
    """The size of the gradient of the class that is asked about."""
    heat = saliency(look.seen.network, look.images, target=look.target)[0]
    panel = _heat_panel(
        look,
        heat,
        "saliency",
        "Saliency",
        f"The pixels whose smallest change would change the answer for {look.target_name} most, whichever way: the largest "
        "gradient of the three colours. It is noisy, and says nothing of what larger changes would do.",
        high=BRIGHT,
    )
    return panel, heat


def integrated_gradients_panel(look: Look, layer: str | None = None) -> tuple[Panel, Tensor]:
    """Integrated gradients from a picture of the mean colour."""
    answer = integrated_gradients(look.seen.network, look.images, target=look.target, steps=STEPS)[0]
    panel = _heat_panel(
        look,
        answer.sum(dim=0).abs(),
        "integrated-gradients",
        "Integrated gradients",
        f"What each pixel added to the answer for {look.target_name} on the way from a picture of the mean colour to this one; "
        "all pixels together add up to the difference between the two answers. The size is drawn, not the sign.",
        high=BRIGHT,
        facts={"sum": float(answer.double().sum())},
    )
    return panel, answer.sum(dim=0)


def occlusion_panel(look: Look, layer: str | None = None) -> tuple[Panel, Tensor]:
    """What the answer does when a grey patch covers a part of the picture: the paper's three maps."""
    result = occlusion(
        look.seen.network, look.images, target=look.target, layer=layer, temperature=look.seen.temperature
    )
    before = look.probabilities[look.target]
    drop = draw_overlay(result.heat()[0].clamp(min=0), look.pixels)
    probability = draw_heat(result.probability[0], low=0, high=1)
    strongest = draw_heat(result.map_sum[0])
    labels = result.labels[0].numpy()
    kept = float((labels == int(np.argmax(look.probabilities))).mean())
    names = [look.seen.classes[place] for place in _commonest(labels)]
    panel = Panel(
        method="occlusion",
        title="Occlusion",
        shows=(
            f"A grey patch slides over the picture, and each place shows what the answer for {look.target_name} loses when the "
            f"patch covers it: of {said_probability(before)} without a patch. This changes the picture and asks again, so it "
            f"needs no gradient; but what a patch hides alone may be told elsewhere too. With the patch the network still answers "
            f"the same in {percent(kept)} of the places."
        ),
        rows=[
            [
                Shown(drop.pixels, (f"loss of probability, {drop.scale}",), LARGE),
                Shown(probability.pixels, ("probability of the class, 0 to 1",)),
                Shown(strongest.pixels, (f"sum of the strongest map, {strongest.scale}",)),
                Shown(
                    _label_pixels(labels), (f"the answer: {', '.join(names[:3])}{', ...' if len(names) > 3 else ''}",)
                ),
            ]
        ],
        facts={"class": look.target_name, "answer_kept": kept, "occlusion": result.to_dict()},
    )
    return panel, result.heat()[0]


CLASS_PANELS: dict[str, Callable[[Look, str | None], tuple[Panel, Tensor]]] = {
    "grad-cam": grad_cam_panel,
    "occlusion": occlusion_panel,
    "integrated-gradients": integrated_gradients_panel,
    "saliency": saliency_panel,
}
"""In the order in which they are to be read; from a look and a layer to the panel and the heat (H, W) that it shows."""


def _heat_panel(
    look: Look,
    heat: Tensor,
    method: str,
    title: str,
    shows: str,
    *,
    high: float | None,
    layer: str = "",
    facts: dict[str, object] | None = None,
) -> Panel:
    values = heat.double().cpu().numpy()
    top = None if high is None else float(np.quantile(values, high))
    overlay, plain = draw_overlay(values, look.pixels, high=top), draw_heat(values, high=top)
    return Panel(
        method=method,
        title=title,
        shows=shows,
        rows=[
            [
                Shown(overlay.pixels, ("over the picture in grey",), LARGE),
                Shown(plain.pixels, (f"the map alone, {plain.scale}",)),
            ]
        ],
        layer=layer,
        facts={"class": look.target_name, "scale": [overlay.low, overlay.high], **(facts or {})},
    )


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


def _size(look: Look, layer: str) -> str:
    shape = look.facts(layer).shape
    return f"{shape[1]} x {shape[2]} places" if len(shape) == 3 else f"{shape[0]} numbers"
