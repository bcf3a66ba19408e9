"""The effective receptive field: how much each pixel really matters to a unit in the middle.

The theoretical field says which pixels can matter. Of those, the ones in the middle reach the unit on many paths and
those at the border on few, so that the gradient of the unit by the pixels is like a bell.

Source: Luo, Li, Urtasun, Zemel 2016, Understanding the Effective Receptive Field in Deep Convolutional Neural Networks.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from striate.errors import UsageError
from striate.hooks import evaluating, watch_calls, with_gradients
from striate.inspection.inspection import inspect_network
from striate.row_writing import json_text
from striate.text_layout import wrapped

SHARE = 0.9545  # of the gradient: two standard deviations of a bell


@dataclass(frozen=True, eq=False)
class EffectiveField:
    """How much each pixel matters to a unit in the middle of a layer."""

    name: str
    layer: str
    theoretical: tuple[int, int]  # sides of the theoretical field, in pixels
    centre: tuple[float, float]  # of the unit's field: row and column, in pixels
    side: int  # of the smallest centred square that holds 95.45 % of the gradient, in pixels
    importance: np.ndarray  # (H, W) float64: mean absolute gradient of each pixel, divided by their sum
    pictures: int

    @property
    def ratio(self) -> float:
        """Side of the effective field, as a share of the theoretical one's."""
        return self.side / math.sqrt(self.theoretical[0] * self.theoretical[1])

    def to_dict(self) -> dict[str, Any]:
        """The figures as JSON types, without the picture."""
        return {
            "name": self.name,
            "layer": self.layer,
            "theoretical": list(self.theoretical),
            "effective": self.side,
            "ratio": round(self.ratio, 4),
            "share_of_gradient": SHARE,
            "pictures": self.pictures,
        }

    def to_json(self) -> str:
        """The figures as JSON text."""
        return json_text(self.to_dict())

    def __str__(self) -> str:
        """The figures in a sentence."""
        height, width = self.theoretical
        return (
            f"{self.name}, {self.layer}: {SHARE:.1%} of the gradient lies within {self.side} x {self.side} pixels; "
            f"the theoretical field is {height} x {width} ({self.ratio:.0%} of its side), the picture "
            f"{self.importance.shape[0]} x {self.importance.shape[1]}"
        )

    def to_text(self, *, width: int | None = None) -> str:
        """The figures in a sentence; on a screen of `width` columns no word is cut."""
        return "\n".join(wrapped(str(self), width))

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        return notebook.block(f"{self.name}, {self.layer}", notebook.picture(self.picture(), said=str(self)))

    def picture(self, *, scale: int | None = None) -> bytes:
        """A PNG: the brighter, the more a pixel matters; the effective field in orange, the theoretical one in blue.

        Args:
            scale: Pixels of the picture for one of the network's; `None`: so many that it is about 450 wide.
        """
        from PIL import Image, ImageDraw

        height, width = self.importance.shape
        times = scale or max(1, 450 // max(height, width))
        # The square root shows the flanks of the bell, which are dark otherwise.
        levels = np.sqrt(self.importance / max(self.importance.max(), np.finfo(float).tiny))
        image = Image.fromarray((levels * 255).round().astype(np.uint8)).convert("RGB")
        image = image.resize((width * times, height * times), Image.Resampling.NEAREST)
        draw = ImageDraw.Draw(image)
        for sides, colour in ((self.theoretical, (109, 182, 239)), ((self.side, self.side), (242, 155, 80))):
            top, left = ((c + 0.5 - side / 2) * times for c, side in zip(self.centre, sides, strict=True))
            box = (max(0, left), max(0, top), min(width * times, left + sides[1] * times) - 1)
            draw.rectangle(
                (*box, min(height * times, top + sides[0] * times) - 1), outline=colour, width=max(2, times // 3)
            )
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        return buffer.getvalue()


@with_gradients
def effective_field(
    network: nn.Module,
    input_shape: Sequence[int],
    *,
    layer: str | None = None,
    pictures: int = 8,
    seed: int = 0,
    name: str = "",
) -> EffectiveField:
    """Measures the gradient of a layer's middle unit by the pixels, averaged over pictures of random numbers.

    Args:
        network: A network with weights; it is left as it was.
        input_shape: Shape of one picture: (channels, height, width) in pixels.
        layer: The layer's name; `None`: the last one that has a place in the picture.
        pictures: How many random pictures to average over.
        seed: Draws the pictures reproducibly.
        name: What to call the network.

    Raises:
        UsageError: The layer does not exist or has no place in the picture.

    Example:
        >>> field = effective_field(nn.Sequential(nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 3)), (1, 9, 9), pictures=2)
        >>> field.theoretical, field.side <= 5
        ((5, 5), True)
    """
    inspection = inspect_network(network, input_shape, name=name)
    wanted = inspection.last_local if layer is None else next((x for x in inspection.layers if x.name == layer), None)
    modules = dict(network.named_modules())
    if layer is None:
        # The layer must be a module, so that its output can be met.
        local = [x for x in inspection.layers if x.receptive_field and not x.auxiliary and x.name in modules]
        wanted = max(reversed(local), key=lambda x: x.receptive_field.size, default=None)  # type: ignore[union-attr]
    if wanted is None or wanted.receptive_field is None or wanted.name not in modules or len(input_shape) != 3:
        raise UsageError(
            f"{inspection.name} has no layer {layer!r} with a place in the picture"
            if layer is not None
            else f"{inspection.name} has no layer with a place in the picture"
        )
    total = np.zeros(tuple(input_shape[1:]))
    generator = torch.Generator().manual_seed(seed)
    for _ in range(pictures):
        picture = torch.randn((1, *input_shape), generator=generator)
        total += _gradient(network, wanted.name, picture)
    total /= max(float(total.sum()), np.finfo(float).tiny)
    field = wanted.receptive_field
    (height, width), shape = field.size, wanted.output_shape
    row, column = (c + shape[place + 1] // 2 * field.jump[place] for place, c in enumerate(field.centre))
    side = _side(total, (row, column))
    return EffectiveField(inspection.name, wanted.name, (height, width), (row, column), side, total, pictures)


def _gradient(network: nn.Module, layer: str, picture: Tensor) -> np.ndarray:
    """(H, W) float64: absolute gradient of the layer's middle units, random signs for its maps, by each pixel."""
    seen: list[Tensor] = []

    def leaving(name: str, module: nn.Module, output: object) -> None:
        if name == layer and isinstance(output, Tensor):
            seen.append(output)

    weight = next(network.parameters(), picture)
    images = picture.to(weight.device, weight.dtype).requires_grad_()
    with evaluating(network), torch.enable_grad(), watch_calls(network, lambda name, module: None, leaving):
        network(images)
        maps = seen[-1]
        middle = maps[0, :, maps.shape[2] // 2, maps.shape[3] // 2]
        (gradient,) = torch.autograd.grad(middle.sum(), images)
    answer: np.ndarray = gradient[0].abs().sum(dim=0).double().cpu().numpy()
    return answer


def _side(importance: np.ndarray, centre: tuple[float, float]) -> int:
    """Side of the smallest square around the centre that holds the share of the whole."""
    height, width = importance.shape
    total = float(importance.sum())
    (top, bottom), (left, right) = ((math.floor(place), math.ceil(place)) for place in centre)
    for half in range(max(height, width)):
        rows = importance[max(0, top - half) : bottom + half + 1]
        if float(rows[:, max(0, left - half) : right + half + 1].sum()) >= SHARE * total:
            return 2 * half + 1 + (bottom - top)
    return int(max(height, width))
