"""Which layer is looked at, and what it answers."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from striate.errors import StriateError, UnknownNameError, UsageError
from striate.hooks import held_still, run_until, watch_calls, with_gradients

HEAD = "head"
"""The layer of the logits: what the network itself answers."""


@with_gradients
def list_layers(model: nn.Module) -> tuple[str, ...]:
    """The layers that a model shows first: its stages, and `"head"`; of a module without stages, its direct parts and `"head"`.

    Any other path of a module is a layer too.

    Example:
        >>> from striate.models import create_model
        >>> list_layers(create_model("lenet5"))
        ('c1', 's2', 'c3', 's4', 'c5', 'f6', 'head')
    """
    stages = getattr(model, "stages", None)
    names = stages if isinstance(stages, tuple) else [name for name, _ in model.named_children()]
    return (*(name for name in names if name != HEAD), HEAD)


def find_layer(model: nn.Module, layer: str) -> nn.Module:
    """The module whose output is the layer's: the network itself for `"head"`.

    Raises:
        UnknownNameError: The model has no such module; the message offers the closest.
    """
    if layer == HEAD:
        return model
    modules: dict[str, nn.Module] = dict(model.named_modules())
    if layer not in modules or not layer:
        known = dict.fromkeys([*list_layers(model), *(name for name in modules if name)])
        raise UnknownNameError("layer", layer, known, f"(stages: {_listed(model)})")
    return modules[layer]


def prepare(model: nn.Module, images: Tensor) -> Tensor:
    """The pictures as a network takes them, on its device and in its precision: a new tensor, to be differentiated by.

    Raises:
        UsageError: They are no batch of pictures.
    """
    if not isinstance(images, Tensor) or images.ndim != 4 or not images.is_floating_point() or not len(images):
        got = f"{images.dtype} of shape {tuple(images.shape)}" if isinstance(images, Tensor) else type(images).__name__
        raise UsageError(
            f"pictures must be a float tensor (N, channels, height, width), normalised, with N of at least 1; got {got}"
        )
    weight = next((tensor for tensor in model.parameters() if tensor.is_floating_point()), images)
    return images.detach().to(weight.device, weight.dtype, copy=True).requires_grad_()


def layer_output(model: nn.Module, images: Tensor, layer: str) -> Tensor:
    """What a layer answers: maps (N, C, H, W), or numbers (N, C). What comes after it does not run.

    Args:
        model: Any network; see `striate.hooks.held_still` for leaving it as it was.
        images: (N, channels, height, width) float, normalised, on the model's device.
        layer: A name of `list_layers`, or the path of any module; of one that is used more than once, its first answer.

    Raises:
        UnknownNameError: The model has no such layer.
        UsageError: The model refuses the pictures, does not use the layer, or its output is neither maps nor numbers.

    Example:
        >>> from striate.models import create_model
        >>> layer_output(create_model("lenet5"), torch.zeros(2, 1, 32, 32), "s2").shape
        torch.Size([2, 6, 14, 14])
    """
    module = find_layer(model, layer)
    try:
        output = run_until(model, module, images)
    except StriateError:
        raise
    except (RuntimeError, ValueError, TypeError) as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        raise UsageError(
            f"the network does not run on pictures of shape {tuple(images.shape)}: {' '.join(str(error).split())}"
        ) from error
    return checked_output(model, output, images, layer)


def checked_output(model: nn.Module, output: object, images: Tensor, layer: str) -> Tensor:
    """A layer's output, once it is sure that it can be looked at.

    Raises:
        UsageError: It is None, as of a layer that is not run, or neither maps nor numbers of each picture.
    """
    if output is None:
        raise UsageError(
            f"the layer {layer!r} is not run when {type(model).__name__} answers; its stages are {_listed(model)}"
        )
    if not isinstance(output, Tensor) or output.ndim not in (2, 4) or len(output) != len(images):
        got = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
        raise UsageError(
            f"the layer {layer!r} answers {got}; only layers of maps (N, C, H, W) or of numbers (N, C) can be looked at"
        )
    return output


@with_gradients
def last_maps_layer(model: nn.Module, images: Tensor) -> str:
    """The deepest of the model's layers whose maps still have places: what Grad-CAM looks at.

    That is the last of its stages with maps larger than 1 x 1. Of a module without stages, it is the last of its modules.

    Raises:
        UsageError: No layer of the model has maps with places.

    Example:
        >>> from striate.models import create_model
        >>> last_maps_layer(create_model("lenet5").eval(), torch.zeros(1, 1, 32, 32))
        's4'
    """
    sizes = _answer_sizes(model, images)
    stages = getattr(model, "stages", None)
    candidates = [name for name in stages if name in sizes] if isinstance(stages, tuple) else list(sizes)
    local = [name for name in candidates if _has_places(sizes[name])]
    if not local:
        raise UsageError(
            f"no layer of {type(model).__name__} has maps larger than 1 x 1 on pictures of {images.shape[2]} x {images.shape[3]} "
            "pixels, so that none tells where it looks; give larger pictures"
        )
    return local[-1]


@with_gradients
def low_middle_high(model: nn.Module, images: Tensor) -> tuple[str, ...]:
    """The first, the middle and the last layer whose maps have places, of `list_layers` or else of all modules.

    Fewer where there are fewer; the head where no layer has maps with places.

    Raises:
        UsageError: The network refuses the pictures.

    Example:
        >>> from striate.models import create_model
        >>> low_middle_high(create_model("lenet5"), torch.zeros(1, 1, 32, 32))
        ('c1', 's2', 's4')
    """
    sizes = _answer_sizes(model, images)
    everywhere = [name for name, size in sizes.items() if _has_places(size)]
    local = [name for name in list_layers(model) if name in everywhere] or everywhere or [HEAD]
    return tuple(dict.fromkeys([local[0], local[(len(local) - 1) // 2], local[-1]]))


def _answer_sizes(model: nn.Module, images: Tensor) -> dict[str, tuple[int, ...]]:
    """What each module answers to the first picture, in the order of their last calls."""
    sizes: dict[str, tuple[int, ...]] = {}

    def leave(name: str, module: nn.Module, output: object) -> None:
        if isinstance(output, Tensor) and name:
            sizes.pop(name, None)  # so that the order is that of the last calls
            sizes[name] = tuple(output.shape)

    with held_still(model), torch.no_grad(), watch_calls(model, lambda name, module: None, leave):
        layer_output(model, images[:1], HEAD)
    return sizes


def _has_places(size: tuple[int, ...]) -> bool:
    return len(size) == 4 and max(size[2:]) > 1


def _listed(model: nn.Module) -> str:
    return ", ".join(list_layers(model))
