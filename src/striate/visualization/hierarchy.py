"""Low, middle, high: what the stages of a network answer to, one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from striate.errors import UsageError
from striate.hooks import with_gradients
from striate.visualization.filters import filters
from striate.visualization.layers import low_middle_high
from striate.visualization.top_patches import ImagesOf, TopPatches, top_patches_of_layers

SHOWN, DRAWN = 3, 80  # pictures of a map in a notebook, and their width there in CSS pixels


@dataclass(frozen=True, eq=False)
class MapPatches:
    """A map's top pictures, cut to what it sees, and what of them reached it."""

    map: int
    activations: tuple[float, ...]  # the largest first
    crops: tuple[Tensor, ...]  # (C, height, width) each, normalised
    projections: tuple[Tensor, ...]  # DeconvNet's, of the crops' shapes


@dataclass(frozen=True, eq=False)
class Level:
    """What a stage answers to."""

    layer: str
    filters: Tensor | None  # as `striate.visualization.filters` gives them; None: it has no kernels
    patches: TopPatches
    maps: tuple[MapPatches, ...]  # the strongest, the strongest first

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook
        from striate.visualization.montage import draw_signal

        parts = []
        for shown in self.maps:
            least, most = shown.activations[-1], shown.activations[0]
            parts.append(notebook.text(f"map {shown.map}: {most:.3g} to {least:.3g}"))
            for crop, projection in list(zip(shown.crops, shown.projections, strict=True))[:SHOWN]:
                if len(crop) in (1, 3):  # others are no pictures
                    parts.append(
                        notebook.picture(notebook.small(_contrasted(crop)), said="in the picture", width=DRAWN)
                    )
                    signal = notebook.small(draw_signal(projection).pixels)
                    parts.append(notebook.picture(signal, said="DeconvNet", width=DRAWN))
        kernels = "no kernels" if self.filters is None else f"kernels of {' x '.join(map(str, self.filters.shape[2:]))}"
        return notebook.block(f"{self.layer}: the strongest of {len(self.patches)} maps; {kernels}", *parts)


@with_gradients
def hierarchy(
    model: nn.Module,
    batches: Tensor | Iterable[Tensor],
    images_of: ImagesOf | None = None,
    *,
    layers: Sequence[str] | None = None,
    maps: int = 3,
    count: int = 9,
    progress: Callable[[str, int, int | None], None] | None = None,
) -> tuple[Level, ...]:
    """For stages from low to high: the filters, and of the strongest maps the top pictures and their projections.

    All layers are searched in one pass over the pictures.

    Args:
        model: Any network; mode, weights, gradients and hooks are left as they were.
        batches: As `top_patches` takes them.
        images_of: The pictures once more, or a function that gives those at a list of positions; None: `batches`, if it is
            a tensor.
        layers: Which; None: a low, a middle and a high one: the first, the middle and the last layer whose maps have places.
        maps: How many maps of each.
        count: How many pictures of each map.
        progress: Called with what is done, how much of it, and of how many where that is known.

    Raises:
        UnknownNameError: There is no such layer; the message offers the closest.
        UsageError: There are no pictures, the network refuses them, or a number makes no sense.

    Example:
        >>> import torch
        >>> from striate.models import create_model
        >>> levels = hierarchy(create_model("lenet5", seed=0), torch.rand(4, 1, 32, 32), maps=2, count=3)
        >>> [(level.layer, len(level.maps), len(level.maps[0].crops)) for level in levels]
        [('c1', 2, 3), ('s2', 2, 3), ('s4', 2, 3)]

    Source: Zeiler and Fergus 2013, Visualizing and Understanding Convolutional Networks, Fig. 2.
    """
    if isinstance(maps, bool) or not isinstance(maps, int) or maps < 1:
        raise UsageError(f"maps must be a whole number of at least 1, got {maps!r}")
    if images_of is None:
        if not isinstance(batches, Tensor):
            raise UsageError("batches can be read only once; give images_of too: a function from positions to pictures")
        images_of = batches
    tell = progress or (lambda what, done, total: None)
    if layers is None:
        layers = low_middle_high(model, _images(images_of))
    found = top_patches_of_layers(
        model, batches, layers=layers, count=count, progress=lambda done: tell("looking at pictures", done, None)
    )
    levels = []
    for done, layer in enumerate(layers, start=1):
        patches = found[layer]
        shown = map_patches(patches, model, images_of, patches.strongest(maps))
        levels.append(Level(layer, _filters(model, layer), patches, shown))
        tell("projecting", done, len(layers))
    return tuple(levels)


def map_patches(
    patches: TopPatches, model: nn.Module, images_of: ImagesOf, maps: Sequence[int]
) -> tuple[MapPatches, ...]:
    """Maps with their top pictures and what of them reached each.

    Args:
        patches: The layer's.
        model: The network that they are of.
        images_of: As `TopPatches.crops` takes it.
        maps: Which.

    Raises:
        UsageError: There is no such map.
    """
    return tuple(
        MapPatches(
            number,
            tuple(patches.activations[number].tolist()),
            tuple(patches.crops(images_of, number)),
            tuple(projections),
        )
        for number, projections in patches.projections(model, images_of, maps)
    )


def _contrasted(crop: Tensor) -> npt.NDArray[np.uint8]:
    """(C, H, W) of any range -> (H, W, C) from black to white."""
    low, high = crop.min(), crop.max()
    shares = (crop - low) / (high - low).clamp(min=1e-12)
    return (shares * 255).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()


def _images(images_of: ImagesOf) -> Tensor:
    return images_of[:1] if isinstance(images_of, Tensor) else images_of([0])


def _filters(model: nn.Module, layer: str) -> Tensor | None:
    try:
        return filters(model, layer)
    except UsageError:
        return None
