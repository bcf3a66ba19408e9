"""What a run's report shows of the inside of its network: the first filters, and what spoke for its surest mistakes."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from striate.errors import UsageError
from striate.hooks import held_still
from striate.models import Network
from striate.pixels import Preprocessing
from striate.report import Mistake, SeeingInside, Spoken
from striate.visualization import filters, last_maps_layer
from striate.visualization.class_heat import class_heat
from striate.visualization.filters import first_convolution
from striate.visualization.montage import draw_kernel, draw_overlay
from striate.wording import plural

LOOKED_AT = 6
"""So many mistakes are looked into."""

SECONDS = 2.5
"""No further mistake is begun that would end later than this: a report must not keep a run waiting."""

DEAD = 1e-6
"""A filter whose weights are all smaller answers nothing."""


def see_inside(
    network: Network, preprocessing: Preprocessing, classes: Sequence[str], mistakes: Sequence[Mistake]
) -> SeeingInside:
    """The first layer's filters as pictures, and Grad-CAM of the surest mistakes: for the wrong answer and the true class.

    Args:
        network: The trained network, on the processor; left as it was.
        preprocessing: How pictures become its input.
        classes: Those that the logits are of, in their order.
        mistakes: With pictures as the network sees them, the surest first.
    """
    until = time.monotonic() + SECONDS
    layer, first, notes = first_filters(network)
    if preprocessing.reverses_channels:
        first = [pixels[..., ::-1] for pixels in first]
    spoken: list[Spoken] = []
    place, took = "", 0.0
    if not {name for one in mistakes[:LOOKED_AT] for name in (one.predicted, one.true)} <= set(classes):
        notes.append(
            "Grad-CAM of mistakes is left out: not every answer has a logit of its own; `striate visualize` asks for one."
        )
        mistakes = ()
    for mistake in mistakes[:LOOKED_AT]:
        begun = time.monotonic()
        picture = np.asarray(mistake.picture, np.uint8)
        image = torch.from_numpy(preprocessing.normalise(picture[np.newaxis]))
        if not place:
            try:
                with held_still(network):
                    place = last_maps_layer(network, image)
            except UsageError as error:
                notes.append(f"Grad-CAM is left out: {error}.")
                break
        if time.monotonic() + took > until:
            many = f"only {plural(len(spoken), 'mistake')}" if spoken else "no mistake"
            notes.append(
                f"For the sake of time, Grad-CAM looks into {many}; `striate visualize` looks into any picture."
            )
            break
        asked = [classes.index(mistake.predicted), classes.index(mistake.true)]
        heats = class_heat(network, image, asked, layer=place)
        most = max(float(heats.max()), 1e-12)  # one scale for both, so that they can be compared
        for_predicted, for_true = (draw_overlay(heat, picture, high=most).pixels for heat in heats)
        spoken.append(Spoken(mistake, for_predicted, for_true))
        took = time.monotonic() - begun  # the very first pass, which warms up, does not count
    return SeeingInside(layer, first, place, spoken, notes)


def first_filters(network: nn.Module) -> tuple[str, list[npt.NDArray[np.uint8]], list[str]]:
    """The first convolution's name and its filters as pictures; none, and a sentence why, where they are no pictures."""
    first = first_convolution(network)
    if first is None:
        return "", [], ["The first layer's filters are not shown: this network has no convolution."]
    kernels = filters(network)
    channels = kernels.shape[1]
    if channels not in (1, 3):
        said = f"they have {channels} channels, and only filters of 1 or of 3 channels are pictures"
        return "", [], [f"The first layer's filters are not shown: {said}."]
    dead = int((kernels.abs().amax(dim=(1, 2, 3)) < DEAD).sum())
    notes = (
        [f"{dead} of the first layer's {len(kernels)} filters have died: all of their weights are 0."] if dead else []
    )
    return first[0], [draw_kernel(kernel).pixels for kernel in kernels], notes
