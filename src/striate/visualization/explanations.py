"""Every method that explains a picture, by name, as one heat map."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from torch import Tensor, nn

from striate.errors import UnknownNameError, UsageError
from striate.hooks import with_gradients
from striate.visualization.deconvnet import deconvnet
from striate.visualization.grad_cam import grad_cam
from striate.visualization.gradient import gradient
from striate.visualization.guided_backpropagation import guided_backpropagation
from striate.visualization.integrated_gradients import integrated_gradients
from striate.visualization.layers import HEAD
from striate.visualization.occlusion import occlusion
from striate.visualization.saliency import saliency
from striate.visualization.targets import Classifier
from striate.visualization.units import Unit

UNIT_METHODS = MappingProxyType(
    {"deconvnet": deconvnet, "guided_backpropagation": guided_backpropagation, "gradient": gradient}
)
"""Those that project any unit of any layer."""

CLASS_METHODS = ("saliency", "integrated_gradients", "grad_cam", "occlusion")
"""Those that explain a class."""

METHODS: tuple[str, ...] = (*UNIT_METHODS, *CLASS_METHODS)
"""All of them, by name."""

Explainer = Callable[[nn.Module, Tensor, Sequence[int]], Tensor]
"""A method of one's own: from a model, pictures (N, C, H, W) and their classes to heat (N, H, W)."""


@with_gradients
def explain(
    model: nn.Module,
    images: Tensor,
    method: str,
    *,
    targets: Sequence[int],
    layer: str | None = None,
    units: Sequence[Unit] | None = None,
    cheap: bool = False,
    temperature: float = 1.0,
    classifier: Classifier = "softmax",
) -> Tensor:
    """(N, H, W) float: a number for each pixel, the larger, the more it speaks for what is explained.

    What a method gives for each channel is brought together: of projections and gradients it is the largest without its
    sign, of integrated gradients, which add up, the sum. Occlusion's is the drop in probability.

    Args:
        model: Any classifier; it is left as it was.
        images: (N, channels, H, W) float, normalised as the network takes them.
        method: A name of `METHODS`.
        targets: The class of each picture.
        layer: Of `grad_cam` and `occlusion`, the layer that they look at; of projections, the units' layer.
        units: For projections: the unit of each picture, in the layer; None: the targets, in the head.
        temperature: Of the probabilities whose drop is occlusion's heat.
        classifier: How logits become probabilities: `"softmax"`, or `"sigmoid"` where each class is a question of its own.
        cheap: With integrated gradients at a fifth of the steps and occlusion without overlap.

    Raises:
        UnknownNameError: There is no such method, or no such layer.
        UsageError: The method refuses what it is given.
    """
    if method in UNIT_METHODS:
        chosen = list(targets) if units is None else list(units)
        signal: Tensor = UNIT_METHODS[method](model, images, layer=layer or HEAD, unit=chosen)
        return signal.abs().amax(dim=1)
    if method not in CLASS_METHODS:
        raise UnknownNameError("method", method, METHODS)
    if units is not None:
        raise UsageError(f"{method} explains classes, not units of a layer; those that do: {', '.join(UNIT_METHODS)}")
    own: Mapping[str, Callable[[], Tensor]] = {
        "saliency": lambda: saliency(model, images, target=targets),
        "integrated_gradients": lambda: integrated_gradients(
            model, images, target=targets, steps=10 if cheap else 50
        ).sum(dim=1),
        "grad_cam": lambda: grad_cam(model, images, target=targets, layer=layer),
        "occlusion": lambda: _occlusion_heat(
            model, images, targets, layer, cheap, temperature=temperature, classifier=classifier
        ),
    }
    return own[method]()


def _occlusion_heat(
    model: nn.Module, images: Tensor, targets: Sequence[int], layer: str | None, cheap: bool, **probabilities: Any
) -> Tensor:
    height, width = images.shape[2:]
    apart = (-(-height // 5), -(-width // 5)) if cheap else None
    found = occlusion(model, images, target=targets, layer=layer, patch=apart, stride=apart, **probabilities)
    return found.heat()
