"""The kernels of a layer: the first layer's in the colours of the picture, deeper ones by how much they weigh each place."""

from __future__ import annotations

from torch import Tensor, nn

from striate.errors import UsageError
from striate.hooks import with_gradients
from striate.nn import PartialConv2d
from striate.visualization.layers import HEAD, find_layer, list_layers

CONVOLUTIONS = (nn.Conv2d, PartialConv2d)


@with_gradients
def filters(model: nn.Module, layer: str | None = None) -> Tensor:
    """The kernels of a convolution, one for each map that it answers.

    The first convolution's are weights by place and channel of the picture, and can be looked at as small pictures. Those
    of deeper ones have as many channels as the layer before has maps: of each place the norm over these is given. A depthwise
    convolution's see one map each, and are given as they are.

    Args:
        model: Any network; it is left as it was.
        layer: A convolution, or a layer with convolutions in it, of which that with the largest kernel is meant, and of
            several such the first; of a stage that ends without one, as in a ReLU, the stage's last. None: the network's
            first.

    Returns:
        (maps, channels, height, width) of the first convolution, with their signs; (maps, 1, height, width) of others, with
        their signs where they see one map, else 0 or more. A new tensor, float32, on the processor.

    Raises:
        UnknownNameError: There is no such layer; the message offers the closest.
        UsageError: The layer has no kernels.

    Example:
        >>> from striate.models import create_model
        >>> network = create_model("resnet18", seed=0)
        >>> filters(network).shape, filters(network, "layer2").shape
        (torch.Size([64, 3, 7, 7]), torch.Size([128, 1, 3, 3]))
    """
    first = first_convolution(model)
    inside = _convolutions(find_layer(model, HEAD if layer is None else layer)) or _before(model, layer)
    if not inside:
        if layer is None:
            raise UsageError("the network has no convolution, and so no kernels to look at")
        raise UsageError(
            f"the layer {layer!r} has no kernels to look at; name a convolution, or a layer with one in it"
        )
    convolution = inside[0] if layer in (None, HEAD) else max(inside, key=_places)
    weight = _weight(convolution).detach().float().cpu()
    if (first is not None and convolution is first[1]) or weight.shape[1] == 1:
        return weight.clone()
    return weight.square().sum(dim=1, keepdim=True).sqrt()


def first_convolution(model: nn.Module) -> tuple[str, nn.Module] | None:
    """The path and the module of the convolution that was made first, whose kernels `filters(model)` answers; None: there is none."""
    return next(((name, part) for name, part in model.named_modules() if isinstance(part, CONVOLUTIONS)), None)


def _before(model: nn.Module, layer: str | None) -> list[nn.Module]:
    """The convolution whose answers a layer passes on, where the stage before does not lie between them."""
    stages = list_layers(model)
    modules = list(model.named_modules())
    names = [name for name, _ in modules]
    for name, module in reversed(modules[: names.index(layer)] if layer in names else []):
        if any(name == stage or name.startswith(f"{stage}.") for stage in stages):
            break
        if isinstance(module, CONVOLUTIONS):
            return [module]
    return []


def _convolutions(module: nn.Module) -> list[nn.Module]:
    """In the order in which they were made."""
    return [part for part in module.modules() if isinstance(part, CONVOLUTIONS)]


def _places(convolution: nn.Module) -> int:
    """How many places of the layer before a kernel has: height x width."""
    height, width = _weight(convolution).shape[2:]
    return height * width


def _weight(convolution: nn.Module) -> Tensor:
    """(maps, channels, height, width)."""
    if isinstance(convolution, PartialConv2d):
        return convolution.dense_weight()
    weight = convolution.weight
    if not isinstance(weight, Tensor):
        raise UsageError(f"{type(convolution).__name__} has no weight")
    return weight
