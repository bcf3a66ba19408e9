"""Random networks of many operations: a field that is said to be exact is the one that gradients measure."""

import random

import pytest
import torch
from torch import nn
from torch.nn import functional

from striate.inspection import inspect_network

SIDE = 24  # of the picture: square, so that its axes can be mistaken for each other
MAPS = 4


class Positive(nn.Module):
    """A convolution with positive weights: no pixel's part is lost by chance."""

    def __init__(self, kernel=3, stride=1, padding=0, dilation=1, groups=1, mode="zeros"):
        super().__init__()
        self.convolution = nn.Conv2d(
            MAPS, MAPS, kernel, stride, padding, dilation, groups, bias=False, padding_mode=mode
        ).double()
        nn.init.uniform_(self.convolution.weight, 0.5, 1)

    def forward(self, maps):
        return self.convolution(maps)


def windows(maps):
    """Windows of 2 x 2 put in another order, as transformers do it."""
    n, c, h, w = maps.shape
    h, w = h // 2 * 2, w // 2 * 2
    parts = maps[:, :, :h, :w].reshape(n, c, h // 2, 2, w // 2, 2).permute(0, 1, 2, 4, 3, 5)
    return parts.reshape(n, c, h, w)


def squared(maps):
    """The maps cut to a square."""
    side = min(maps.shape[2:])
    return maps[:, :, :side, :side]


def assigned(maps):
    """Rows written over by other rows, in place."""
    maps = maps.clone()
    maps[:, :, 2:4] = maps[:, :, :2].clone()
    return maps


def assigned_view(maps):
    """A change in place of a part, seen through the whole."""
    maps = maps.clone()
    part = maps[:, :, :2]
    part.add_(maps[:, :, -2:].clone())
    return maps


LOCAL = {
    "3x3": lambda draw: Positive(3, padding=1),
    "valid": lambda draw: Positive(draw.choice([1, 2, 3])),
    "stride": lambda draw: Positive(3, stride=2, padding=draw.choice([0, 1])),
    "dilation": lambda draw: Positive(3, dilation=2, padding=draw.choice([0, 2])),
    "groups": lambda draw: Positive(3, padding=1, groups=draw.choice([2, 4])),
    "wide": lambda draw: Positive((1, 3), padding=(0, 1)),
    "average pool": lambda draw: nn.AvgPool2d(2, draw.choice([1, 2])),
    "adaptive pool": lambda draw: nn.AdaptiveAvgPool2d(6),
    "crop": lambda draw: lambda maps: maps[:, :, 1:, :-1],
    "every second": lambda draw: lambda maps: maps[:, :, ::2, ::2],
    "narrow": lambda draw: lambda maps: maps.narrow(2, 1, maps.shape[2] - 2),
    "pad": lambda draw: nn.ZeroPad2d((1, 0, 2, -1)),
    "circular": lambda draw: Positive(3, padding=1, mode="circular"),
    "reflect": lambda draw: Positive(3, padding=1, mode="reflect"),
    "scale": lambda draw: lambda maps: 2 * maps + 1,
    "root": lambda draw: lambda maps: torch.sqrt(maps.abs() + 1),
    "where": lambda draw: lambda maps: torch.where(maps > 0.1, 2 * maps, maps),
    "square map": lambda draw: squared,
    "channels last": lambda draw: (
        lambda maps: nn.functional.linear(maps.permute(0, 2, 3, 1), torch.ones(MAPS, MAPS).double()).permute(0, 3, 1, 2)
    ),
    "one map for all": lambda draw: lambda maps: maps.mean(1, keepdim=True).expand_as(maps),
    "maps in turn": lambda draw: lambda maps: maps[:, [1, 0, 3, 2]],
    "shuffled maps": lambda draw: lambda maps: maps.view(1, 2, 2, *maps.shape[2:]).transpose(1, 2).reshape(maps.shape),
    "flat and back": lambda draw: lambda maps: maps.flatten(2).unflatten(2, maps.shape[2:]),
    "half of the maps": lambda draw: lambda maps: torch.cat([maps[:, :2]] * 2, 1),
    "last maps": lambda draw: lambda maps: torch.cat(maps.chunk(2, 1)[1:] * 2, 1),
    "padded maps": lambda draw: lambda maps: functional.pad(maps, (0, 0, 0, 0, 1, 1))[:, 1:-1],
    "stacked": lambda draw: lambda maps: torch.stack([maps, maps], 1).sum(1),
}
MOVING = {
    "flip": lambda draw: lambda maps: torch.flip(maps, [draw_axis(draw)]),
    "roll": lambda draw: lambda maps: torch.roll(maps, 3, 3),
    "transpose": lambda draw: lambda maps: maps.transpose(2, 3),
    "mT": lambda draw: lambda maps: maps.mT,
    "rot90": lambda draw: lambda maps: torch.rot90(maps, 1, (2, 3)),
    "index_select": lambda draw: lambda maps: maps.index_select(3, torch.arange(maps.shape[3] - 1, -1, -1)),
    "list": lambda draw: lambda maps: maps[:, :, :, list(range(maps.shape[3] - 1, -1, -1))],
    "gather": lambda draw: lambda maps: maps.gather(3, torch.arange(maps.shape[3] - 1, -1, -1).expand(maps.shape)),
    "take_along_dim": lambda draw: (
        lambda maps: torch.take_along_dim(maps, torch.arange(maps.shape[2] - 1, -1, -1)[:, None].expand(maps.shape), 2)
    ),
    "windows": lambda draw: windows,
    "cat along": lambda draw: lambda maps: torch.cat([maps[:, :, 2:], maps[:, :, :2]], 2),
    "swapped halves": lambda draw: lambda maps: torch.cat(maps.chunk(2, 3)[::-1], 3),
    "cumsum": lambda draw: lambda maps: maps.cumsum(2),
    "sort": lambda draw: lambda maps: maps.sort(3).values,
    "upsample": lambda draw: lambda maps: functional.interpolate(maps, scale_factor=2),
    "pixel_shuffle": lambda draw: lambda maps: functional.pixel_shuffle(maps, 2).expand(-1, MAPS, -1, -1),
    "pixel_unshuffle": lambda draw: (
        lambda maps: functional.pixel_unshuffle(maps[:, :1, : maps.shape[2] // 2 * 2, : maps.shape[3] // 2 * 2], 2)
    ),
    "transposed convolution": lambda draw: (
        lambda maps: functional.conv_transpose2d(maps, torch.ones(MAPS, MAPS, 2, 2).double(), stride=2)
    ),
    "product with places": lambda draw: lambda maps: maps @ torch.ones(maps.shape[3], maps.shape[3]).double(),
    "mean of a row": lambda draw: lambda maps: maps + maps.mean(3, keepdim=True),
    "mean of a crop": lambda draw: lambda maps: maps * maps[:, :, :2, :2].mean((2, 3), keepdim=True),
    "global mean": lambda draw: lambda maps: maps * maps.mean((2, 3), keepdim=True),
    "one place": lambda draw: lambda maps: maps + maps[:, :, :1, 1:2],
    "select": lambda draw: lambda maps: maps + maps[:, :, 1, None],
    "softmax": lambda draw: lambda maps: maps * torch.softmax(maps / 1000, 3),
    "fourier": lambda draw: lambda maps: torch.fft.irfft2(torch.fft.rfft2(maps), s=maps.shape[2:]) + maps,
    "grid_sample": lambda draw: (
        lambda maps: functional.grid_sample(
            maps, -functional.affine_grid(torch.eye(2, 3).double()[None], list(maps.shape), False), align_corners=False
        )
    ),
    "unfold": lambda draw: (
        lambda maps: functional.fold(functional.unfold(maps, 3, padding=1), maps.shape[2:], 3, padding=1)
    ),
    "clamped by a mirror": lambda draw: lambda maps: torch.clamp(maps, min=maps.flip(3)),
    "as_strided": lambda draw: (
        lambda maps: (
            maps.contiguous().as_strided(maps.shape, (maps.stride()[0], maps.stride()[1], 1, maps.shape[3]))
            if maps.shape[2] == maps.shape[3]
            else maps
        )
    ),
    "assigned": lambda draw: assigned,
    "assigned view": lambda draw: assigned_view,
    "weights from the picture": lambda draw: (
        lambda maps: functional.conv2d(maps, maps.mean((0, 2, 3)).expand(MAPS, MAPS)[:, :, None, None])
    ),
    "weights from a part": lambda draw: (
        lambda maps: functional.conv2d(maps, maps[0, :, :1, :1].expand(MAPS, MAPS, 1, 1))
    ),
    "repeat": lambda draw: lambda maps: maps.repeat(1, 1, 1, 2),
    "diagonal": lambda draw: (
        lambda maps: (
            maps + maps.diagonal(dim1=2, dim2=3)[..., : maps.shape[3], None] if maps.shape[2] == maps.shape[3] else maps
        )
    ),
    "outer": lambda draw: lambda maps: maps.mean(3)[..., :, None] + maps.mean(2)[..., None, :],
    "einsum": lambda draw: lambda maps: torch.einsum("nchw->ncwh", maps),
}


def draw_axis(draw):
    return draw.choice([2, 3])


class Joined(nn.Module):
    """Two chains beside each other, brought to one size and joined."""

    def __init__(self, one, other, kind):
        super().__init__()
        self.one, self.other, self.kind = one, other, kind

    def forward(self, maps):
        left, right = self.one(maps), self.other(maps)
        height, width = (min(sizes) for sizes in zip(left.shape[2:], right.shape[2:], strict=True))
        left, right = left[:, :, :height, :width], right[:, :, :height, :width]
        if self.kind == "cat":
            return torch.cat([left[:, :2], right[:, 2:]], 1)
        return left * (right + 1) if self.kind == "product" else left + right


class Chain(nn.Module):
    """Operations one after another."""

    def __init__(self, steps):
        super().__init__()
        self.steps = steps
        self.modules_among = nn.ModuleList(step for step in steps if isinstance(step, nn.Module))

    def forward(self, maps):
        for step in self.steps:
            maps = step(maps)
        return maps


def drawn_chain(draw, length, moving):
    names = [draw.choice([*LOCAL]) for _ in range(length)]
    if moving:
        names.insert(draw.randrange(length + 1), moving)
    return Chain([(LOCAL | MOVING)[name](draw) for name in names]), names


def drawn_network(draw, moving):
    stem, before = drawn_chain(draw, draw.randrange(2), "")
    one, left = drawn_chain(draw, draw.randrange(1, 3), moving)
    other, right = drawn_chain(draw, draw.randrange(0, 3), "")
    end, after = drawn_chain(draw, draw.randrange(2), "")
    kind = draw.choice(["sum", "cat", "product", "alone"])
    middle = one if kind == "alone" else Joined(one, other, kind)
    return Chain([Positive(1), stem, middle, end]), f"{before} {left} {kind} {right} {after}"


def measured(network, unit):
    """First and last pixel along each axis that any map's unit has a gradient by."""
    generator = torch.Generator().manual_seed(0)
    picture = torch.rand(1, MAPS, SIDE, SIDE, generator=generator, dtype=torch.float64).add(0.5).requires_grad_()
    maps = network(picture)
    found = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    for number in range(maps.shape[1]):
        (gradient,) = torch.autograd.grad(
            maps[0, number, unit[0], unit[1]], picture, retain_graph=True, materialize_grads=True
        )
        found |= (gradient[0] != 0).any(dim=0)
    places = found.nonzero()
    return None if not len(places) else tuple(zip(places.amin(0).tolist(), places.amax(0).tolist(), strict=True))


def fault(network):
    """What is stated and not so, as text; "" where all is as it is stated, None where the network does not run."""
    try:
        with torch.no_grad():
            shape = network(torch.rand(1, MAPS, SIDE, SIDE, dtype=torch.float64)).shape
    except (RuntimeError, IndexError, ValueError):
        return None  # too small for what was drawn
    if len(shape) != 4 or not shape.numel():
        return None
    inspection = inspect_network(network, (MAPS, SIDE, SIDE))
    last = inspection.layers[-1] if inspection.layers else None
    if last is None or tuple(last.output_shape) != tuple(shape[1:]):
        return ""  # a view came last
    field = last.receptive_field
    if field is None or not field.exact:
        return ""
    for unit in {(shape[2] // 2, shape[3] // 2), (shape[2] // 3, shape[3] // 3), (1 % shape[2], shape[3] // 2)}:
        stated = [
            (start + place * jump, start + place * jump + size - 1)
            for start, jump, size, place in zip(field.start, field.jump, field.size, unit, strict=True)
        ]
        seen = measured(network, unit)
        if any(first < 3 or end >= SIDE - 3 for first, end in stated):  # at the border of what was cut off, too
            continue
        if seen is None or (not last.sees_everything and seen != tuple(stated)):
            return f"unit {unit}: stated {stated}, measured {seen}"
        if any(one[0] > two[0] or one[1] < two[1] for one, two in zip(seen, stated, strict=True)):
            return f"unit {unit}: stated {stated}, measured {seen}"
    return ""


def faults(seed, count, moving=""):
    draw = random.Random(seed)
    torch.manual_seed(seed)
    tried, wrong = 0, []
    while tried < count:
        network, text = drawn_network(draw, moving)
        found = fault(network.double().eval())
        if found is not None:
            tried += 1
        if found:
            wrong.append(f"{text}: {found}")
    return wrong


@pytest.mark.parametrize("name", MOVING)
def test_what_is_moved_is_exact_or_said_not_to_be(name):
    assert faults(0, 6, name) == []


@pytest.mark.parametrize("seed", range(8))
def test_random_networks(seed):
    assert faults(100 + seed, 25) == []


@pytest.mark.parametrize(
    "name", [name for name in LOCAL if name not in ("circular", "half of the maps", "adaptive pool", "flat and back")]
)
def test_what_stays_in_place_stays_exact(name):
    network = Chain([Positive(3, padding=1), LOCAL[name](random.Random(0)), Positive(3, padding=1)]).eval()
    field = inspect_network(network, (MAPS, SIDE, SIDE)).layers[-1].receptive_field
    assert field is not None and field.exact
    assert fault(network) == ""
