"""Integrated gradients: what each pixel adds to the answer on the way from an empty picture to this one."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from striate.errors import UsageError
from striate.hooks import held_still, with_gradients
from striate.visualization.layers import prepare
from striate.visualization.targets import Target, at_once, find_targets


@with_gradients
def integrated_gradients(
    model: nn.Module,
    images: Tensor,
    *,
    target: Target = None,
    baseline: float | Tensor = 0.0,
    steps: int = 50,
) -> Tensor:
    """The mean gradient of a class's logit on the straight way from a baseline to the picture, times that way.

    It is complete: what it gives all pixels adds up to the logit of the picture less that of the baseline, as far as so
    many steps tell; `check_explanation` says how far that is.

    Args:
        model: Any classifier; mode, weights, gradients and hooks are left as they were.
        images: (N, channels, height, width) float, normalised as the network takes them.
        target: A class, a list with one for each picture, or None: the class that the network answers.
        baseline: The empty picture: one number for all pixels (0 is the mean colour, where pixels were normalised by
            mean and deviation), or a tensor that broadcasts to `images`.
        steps: On how many places of the way the gradient is taken, those of Gauss and Legendre.

    Returns:
        Like `images`, in logits: above 0 where the pixel speaks for the class.

    Raises:
        UsageError: The network refuses the pictures, there is no such class, `steps` is below 1, or the baseline does not fit.

    Example:
        >>> network = nn.Sequential(nn.Flatten(), nn.Linear(2, 1, bias=False))
        >>> network[1].weight.data = torch.tensor([[3.0, -1.0]])
        >>> integrated_gradients(network, torch.tensor([[[[1.0, 2.0]]]]), baseline=0.5)
        tensor([[[[ 1.5000, -1.5000]]]])

    Source: Sundararajan, Taly, Yan 2017, Axiomatic Attribution for Deep Networks, section 3.
    """
    from captum.attr import IntegratedGradients

    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise UsageError(f"steps must be a whole number of at least 1, got {steps!r}")
    pixels = prepare(model, images)
    start = baseline_picture(baseline, pixels)
    parts = []
    with held_still(model), torch.enable_grad():
        targets = find_targets(model, pixels, target)
        method = IntegratedGradients(model)
        for place in range(len(pixels)):
            one = slice(place, place + 1)
            part = method.attribute(
                pixels[one].detach(),
                baselines=start[one],
                target=targets[one],
                n_steps=steps,
                internal_batch_size=at_once(pixels),
            )
            parts.append(part.detach())
    return torch.cat(parts).to(images.device, images.dtype)


def baseline_picture(baseline: float | Tensor, pixels: Tensor) -> Tensor:
    """The baseline as pictures like `pixels`.

    Raises:
        UsageError: It is neither a number nor a tensor that broadcasts to them.
    """
    if isinstance(baseline, Tensor) or (isinstance(baseline, int | float) and not isinstance(baseline, bool)):
        try:
            return torch.as_tensor(baseline, device=pixels.device, dtype=pixels.dtype).expand_as(pixels).detach()
        except RuntimeError:
            pass
    got = f"a tensor of shape {tuple(baseline.shape)}" if isinstance(baseline, Tensor) else repr(baseline)
    raise UsageError(f"a baseline is a number, or a tensor that broadcasts to {tuple(pixels.shape)}; got {got}")
