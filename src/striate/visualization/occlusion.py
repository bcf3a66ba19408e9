"""Occlusion: what the network loses sight of behind a grey patch, place by place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from striate.errors import UsageError
from striate.hooks import held_still, replace_outputs, with_gradients
from striate.visualization.layers import HEAD, find_layer, last_maps_layer, layer_output, prepare
from striate.visualization.targets import Classifier, Target, at_once, class_probabilities, find_targets
from striate.visualization.units import strongest_maps

STRIDE_SHARE = 0.1  # of a picture's side; the patch is twice as long


SHOWN = 8  # pictures in a notebook
DRAWN = 200  # CSS pixels that each is wide there


@dataclass(frozen=True, eq=False)
class Occlusion:
    """The paper's three maps: a number for each place of the patch. `h` rows of places and `w` columns."""

    probability: Tensor  # (N, h, w) float in [0, 1]: of the target, the patch in that place
    map_sum: Tensor  # (N, h, w) float: all of the strongest map added up, the patch in that place
    labels: Tensor  # (N, h, w) int64: the most probable class, the patch in that place
    targets: tuple[int, ...]  # the class that each picture is explained for
    layer: str  # whose strongest map is added up
    maps: tuple[int, ...]  # which map that is, of each picture: the one with the largest activation, nothing hidden
    unhidden_probability: Tensor = field(repr=False)  # (N,) float: with no patch
    unhidden_map_sum: Tensor = field(repr=False)  # (N,) float
    unhidden_labels: Tensor = field(repr=False)  # (N,) int64
    rows: tuple[int, ...]  # the first row of pixels that the patch hides, for each row of places
    columns: tuple[int, ...]  # the first column
    patch: tuple[int, int]  # height and width in pixels; at the lower and the right border it is cut off
    size: tuple[int, int]  # of the pictures, in pixels

    def heat(self) -> Tensor:
        """(N, H, W) float in [-1, 1]: how much the probability drops when a pixel is hidden, the mean of the patches on it.

        Above 0 where the pixels speak for the target, below where they speak against it.
        """
        return self.at_pixels(self.unhidden_probability[:, None, None] - self.probability)

    def at_pixels(self, places: Tensor) -> Tensor:
        """(N, h, w), a number for each place -> (N, H, W): for each pixel the mean of the patches that hide it."""
        down, across = (
            _hidden(starts, side, full).to(places.device, places.dtype)
            for starts, side, full in zip((self.rows, self.columns), self.patch, self.size, strict=True)
        )
        covering = down.sum(dim=0)[:, None] * across.sum(dim=0)
        total: Tensor = down.T @ places @ across / covering.clamp(min=1)
        return total

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook
        from striate.visualization.montage import draw_heat

        drawn = [draw_heat(one.clamp(min=0)) for one in self.heat()[:SHOWN]]
        shown = [
            notebook.picture(one.pixels, said=f"drop in the probability of class {target}, {one.scale}", width=DRAWN)
            for one, target in zip(drawn, self.targets, strict=False)
        ]
        height, width = self.patch
        return notebook.block(f"Occlusion by a patch of {height} x {width} pixels", *shown)

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON types."""
        return {
            "targets": list(self.targets),
            "layer": self.layer,
            "maps": list(self.maps),
            "size": list(self.size),
            "patch": list(self.patch),
            "rows": list(self.rows),
            "columns": list(self.columns),
            "probability": self.probability.tolist(),
            "map_sum": self.map_sum.tolist(),
            "labels": self.labels.tolist(),
            "unhidden": {
                "probability": self.unhidden_probability.tolist(),
                "map_sum": self.unhidden_map_sum.tolist(),
                "labels": self.unhidden_labels.tolist(),
            },
        }


@with_gradients
def occlusion(
    model: nn.Module,
    images: Tensor,
    *,
    target: Target = None,
    layer: str | None = None,
    patch: int | tuple[int, int] | None = None,
    stride: int | tuple[int, int] | None = None,
    fill: float | Sequence[float] = 0.0,
    temperature: float = 1.0,
    classifier: Classifier = "softmax",
    progress: Callable[[int, int], None] | None = None,
) -> Occlusion:
    """Slides a grey patch over pictures and takes down, for each place, what the network makes of the rest.

    The patch starts in the upper left corner and goes on by the stride until every pixel has been hidden; the last
    places hang over the border. The network runs once for each place of each picture.

    Args:
        model: Any classifier; mode, weights, gradients and hooks are left as they were.
        images: (N, channels, height, width) float, normalised as the network takes them.
        target: A class, a list with one for each picture, or None: the class that the network answers.
        layer: Whose strongest map is added up: a name of `striate.visualization.list_layers(model)`, or the path of any
            module; None: the deepest stage whose maps have places, or `"head"` where there is none.
        patch: Side of the patch in pixels, or (height, width); None: about a fifth of the picture.
        stride: Pixels from one place to the next, or (down, across); None: half the patch.
        fill: What hides the pixels, normalised as they are: 0 is the mean colour, where they were normalised by mean and
            deviation; or one number for each channel.
        temperature: What logits are divided by before the softmax, such as a bundle's.
        classifier: How logits become probabilities: `"softmax"`, or `"sigmoid"` where each class is a question of its own.
        progress: Called with (places done, places in all), over all pictures.

    Raises:
        UnknownNameError: There is no such layer; the message offers the closest.
        UsageError: The network refuses the pictures, there is no such class, or the patch or the stride does not fit.

    Example:
        >>> network = nn.Sequential(nn.Flatten(), nn.Linear(16, 2, bias=False))
        >>> network[1].weight.data = torch.stack([torch.eye(4).flatten(), torch.zeros(16)])  # the first looks at the diagonal
        >>> seen = occlusion(network, torch.ones(1, 1, 4, 4), layer="1", patch=2, stride=2)
        >>> seen.map_sum.tolist(), seen.rows, seen.columns
        ([[[2.0, 4.0], [4.0, 2.0]]], (0, 2), (0, 2))

    Source: Zeiler and Fergus 2013, Visualizing and Understanding Convolutional Networks, section 4.2 and Fig. 7.
    """
    pixels = prepare(model, images).detach()
    size = (pixels.shape[2], pixels.shape[3])
    sides = _sides("patch", patch, size, tuple(min(side, 2 * max(1, round(STRIDE_SHARE * side))) for side in size))
    steps = _sides("stride", stride, sides, tuple(max(1, side // 2) for side in sides))
    rows, columns = (_starts(full, side, step) for full, side, step in zip(size, sides, steps, strict=True))
    grey = _grey(fill, pixels)
    size_of_batch = at_once(pixels)
    places = [(row, column) for row in rows for column in columns]
    odds = partial(class_probabilities, model, temperature=temperature, classifier=classifier)
    with held_still(model), torch.no_grad():
        name = layer if layer is not None else _deepest(model, pixels)
        targets = find_targets(model, pixels, target)
        # The picture itself is the place where nothing is hidden.
        found = []
        for number, (one, wanted) in enumerate(zip(pixels, targets.tolist(), strict=True)):
            strongest = strongest_maps(layer_output(model, one[None], name)[0], 1)[0]
            parts = [_watched(model, one[None], name, strongest, wanted, odds)]
            for begin in range(0, len(places), size_of_batch):
                some = places[begin : begin + size_of_batch]
                hidden = one.repeat(len(some), 1, 1, 1)
                for copy, (row, column) in zip(hidden, some, strict=True):
                    copy[:, row : row + sides[0], column : column + sides[1]] = grey
                parts.append(_watched(model, hidden, name, strongest, wanted, odds))
                if progress is not None:
                    progress(number * len(places) + begin + len(some), len(pixels) * len(places))
            found.append((strongest, *(torch.cat(column) for column in zip(*parts, strict=True))))
    strongest_ones, *measured = zip(*found, strict=True)
    probability, map_sum, labels = (torch.stack(column).to(images.device) for column in measured)
    shape = (len(pixels), len(rows), len(columns))
    return Occlusion(
        probability=probability[:, 1:].reshape(shape),
        map_sum=map_sum[:, 1:].reshape(shape),
        labels=labels[:, 1:].reshape(shape),
        targets=tuple(targets.tolist()),
        layer=name,
        maps=strongest_ones,
        unhidden_probability=probability[:, 0],
        unhidden_map_sum=map_sum[:, 0],
        unhidden_labels=labels[:, 0],
        rows=rows,
        columns=columns,
        patch=sides,
        size=size,
    )


def _deepest(model: nn.Module, pixels: Tensor) -> str:
    try:
        return last_maps_layer(model, pixels)
    except UsageError:
        return HEAD  # the logits tell of the patch without maps; what else is wrong is said when the network runs


def _watched(
    model: nn.Module, pictures: Tensor, layer: str, number: int, target: int, odds: Callable[[Tensor], Tensor]
) -> tuple[Tensor, Tensor, Tensor]:
    """Of each picture: the target's probability, the sum of the layer's map, the label."""
    sums: list[Tensor] = []

    def add_up(inputs: tuple[object, ...], output: Tensor) -> Tensor:
        sums.append(output[:, number].flatten(1).sum(dim=1) if output.ndim == 4 else output[:, number].clone())
        return output

    # Added up as it is answered: what comes after may change the maps in place.
    with replace_outputs({find_layer(model, layer): add_up}):
        answer = odds(pictures)
    return answer[:, target], sums[0].float(), answer.argmax(dim=1)


def _sides(
    what: str, wanted: int | tuple[int, int] | None, limits: tuple[int, int], default: tuple[int, ...]
) -> tuple[int, int]:
    """Height and width; neither above its limit."""
    sides = default if wanted is None else wanted if isinstance(wanted, tuple) else (wanted, wanted)
    fits = len(sides) == 2 and all(
        isinstance(side, int) and not isinstance(side, bool) and 1 <= side <= limit
        for side, limit in zip(sides, limits, strict=True)
    )
    if not fits:
        limit = "the picture's" if what == "patch" else "the patch's, so that no pixel is left out"
        raise UsageError(
            f"{what} must be pixels, one number or (height, width), each from 1 to {limit} "
            f"({limits[0]} x {limits[1]}); got {wanted!r}"
        )
    return sides[0], sides[1]


def _starts(full: int, side: int, step: int) -> tuple[int, ...]:
    """Where patches begin, until all pixels of a side have been hidden."""
    return tuple(range(0, full - side + step, step))


def _hidden(starts: Sequence[int], side: int, full: int) -> Tensor:
    """(places, pixels) bool: which rows, or columns, of pixels a patch in each place hides."""
    pixels, begin = torch.arange(full), torch.tensor(starts)[:, None]
    return (pixels >= begin) & (pixels < begin + side)


def _grey(fill: float | Sequence[float], pixels: Tensor) -> Tensor:
    """(channels, 1, 1), or a number for all channels."""
    values = torch.as_tensor(fill, dtype=pixels.dtype, device=pixels.device)
    if values.ndim > 1 or values.numel() not in (1, pixels.shape[1]):
        raise UsageError(f"fill must be a number, or one for each of the {pixels.shape[1]} channels, got {fill!r}")
    return values.reshape(-1, 1, 1)
