"""How pictures become a network's input: the one answer, which every verb asks for.

What is known of the weights comes first: what their publisher evaluated them with. Of other weights, and of new ones, the
row says how pictures are resized: to what the pictures at hand show, or, where there are none to look at, as networks of
the row's benchmark are evaluated.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

from striate.data.facts import DataFacts, PixelSample
from striate.decision import Decision
from striate.errors import UsageError
from striate.models import Network, Row
from striate.models.config import Benchmark
from striate.pixels import Preprocessing
from striate.pixels.preprocessing_settings import ChannelOrder, ResizeRule
from striate.weights.keymaps import ExpectedInputs
from striate.weights.known_files import known_file
from striate.weights.naming import best_named
from striate.weights.normalisation import Normalisation, known_normalisation, measured_normalisation, normalised
from striate.weights.starting_weights import StartingWeights

KEPT = 0.875
"""Share of the shorter side that is kept of photographs, as ImageNet's networks are usually evaluated: 224 of 256 pixels."""

FIELD = 4
"""Pixels of MNIST's input that are left blank around the digit: 28 x 28 in 32 x 32, so that strokes do not end at the edge."""

RESIZES, ORDERS = ("exact", "shorter_side"), ("rgb", "bgr")
"""What can be asked for of the resizing, and of the order of channels."""

LARGEST_SIDE = 4096
"""Pixels; a larger input than any network's would only fill the memory."""


@dataclass(frozen=True)
class AskedInput:
    """What the user says of the input; None: nothing."""

    size: int | None = None
    """Side in pixels."""
    mean: Sequence[float] | None = None
    """What the weights subtract: one value, or one a channel, in the order in which the network gets them. Values above 1 are of
    pixels of 0 to 255."""
    std: Sequence[float] | None = None
    """What they divide by after that."""
    resize: ResizeRule | None = None
    """`"exact"`, whatever the proportions, or `"shorter_side"`."""
    channel_order: ChannelOrder | None = None
    """`"rgb"` or `"bgr"`."""


@dataclass(frozen=True)
class InputRule:
    """How pictures become the network's input, and why."""

    preprocessing: Preprocessing
    decisions: tuple[Decision, ...]
    """On the size, and on the normalisation where anything is known of it."""
    presumed: bool
    """Whether the normalisation is the row's own, because nothing says what the weights expect."""

    @property
    def why(self) -> str:
        """Where the normalisation is from."""
        return self.decisions[-1].why


def input_rule(
    row: Row,
    network: Network,
    starting: StartingWeights | None = None,
    asked: AskedInput | None = None,
    *,
    facts: DataFacts | None = None,
    sample: PixelSample | None = None,
) -> InputRule:
    """How pictures become this network's input.

    Args:
        row: The network's row.
        network: The network, which says how many channels and which sizes it takes.
        starting: Its weights; None: new ones.
        asked: What the user says.
        facts: What the pictures are that it is for; None: there are none to look at.
        sample: Some of them, for what is measured on them: the mean and deviation, where weights are new.

    Raises:
        UsageError: The network does not take the size, or it makes no picture; or of mean and deviation only one is given,
            or another number of values than 1 or that of the channels.

    Example:
        >>> from striate.models import create_model, model_row
        >>> rule = input_rule(model_row("resnet18"), create_model("resnet18", num_classes=2)).preprocessing
        >>> rule.resize_size, rule.size
        ((256, 256), (224, 224))
    """
    asked = asked or AskedInput()
    check_asked(asked)
    expected = None if starting is None else expected_inputs(starting, row, network)
    if starting is not None and starting.published is not None:
        rule, decision = _published(starting, network, asked.size)
    elif facts is not None:
        rule, decision = _for_pictures(row, network, facts, asked.size)
    else:
        rule, decision = _as_evaluated(row, network, asked.size)
        rule = rule if expected is None else _resized_as_expected(rule, row, expected[0])
    rule = rule if asked.resize is None else dataclasses.replace(rule, resize=asked.resize)
    check_size(row, network, rule, asked.size)
    decisions = (
        [decision]
        if facts is not None
        else [decision, _resize_decision(rule, _why_resized(asked, expected, decision.why))]
    )
    known = known_normalisation(
        rule, row, starting, expected, mean=asked.mean, std=asked.std, channel_order=asked.channel_order
    )
    if known is None and sample is not None:
        known = measured_normalisation(rule, row, sample)
    if known is None:
        known = Normalisation(rule.mean, rule.std, f"what {row.name} was published with")
    rule, said = normalised(rule, known, asked.channel_order)
    return InputRule(rule, (*decisions, said), presumed=said.why == f"what {row.name} was published with")


def expected_inputs(starting: StartingWeights, row: Row, network: Network) -> tuple[ExpectedInputs, str] | None:
    """What a publisher's weights expect, where the file's SHA-256 or its tensors' names tell whose they are; and how that is known."""
    if (file := known_file(starting.file.sha256)) is not None:
        return file.inputs, f"what {file.name} is known to expect ({file.inputs.source})"
    named = best_named(network.state_dict().keys(), starting.file.tensors, row.name)
    if named.inputs is None:
        return None
    return (
        named.inputs,
        f"tensors named as by {named.publisher} ({named.inputs.source})",
    )


def rule_of_benchmark(benchmark: Benchmark, channels: int, size: tuple[int, int]) -> Preprocessing:
    """How pictures are made where none are at hand: as networks for the benchmark are evaluated.

    Args:
        benchmark: What the network was made for: ImageNet's photographs keep 7/8 of the shorter side, MNIST's digits stand
            in a field, of others the whole shorter side is kept.
        channels: Of the network's input, 1 or 3.
        size: (height, width) of the network's input in pixels.
    """
    drawn, share = benchmark.name == "MNIST", KEPT if benchmark.name == "ImageNet" else 1.0
    before = tuple(side - FIELD if drawn else round(side / share) for side in size)
    mean, std = benchmark.normalization(channels)
    return Preprocessing(
        colour="rgb" if channels == 3 else "grey",
        resize="exact" if drawn else "shorter_side",
        resize_size=(before[0], before[1]),
        crop=size,
        mean=mean,
        std=std,
    )


def whole_picture(channels: int, size: tuple[int, int], mean: Sequence[float], std: Sequence[float]) -> Preprocessing:
    """All of the shorter side, and the middle of the longer one.

    Args:
        channels: Of the network's input, 1 or 3.
        size: (height, width) of the network's input in pixels.
        mean: Of each channel.
        std: Of each channel.
    """
    return Preprocessing(
        colour="rgb" if channels == 3 else "grey",
        resize="shorter_side",
        resize_size=size,
        crop=size,
        mean=tuple(mean),
        std=tuple(std),
    )


def resized_in_proportion(preprocessing: Preprocessing, side: int) -> Preprocessing:
    """The same rule for a square input of another side: what is cut off is the same share of the picture."""
    resize, (height, _) = preprocessing.resize_size or preprocessing.size, preprocessing.size
    before = round(resize[0] * side / height)
    return dataclasses.replace(preprocessing, resize_size=(before, before), crop=(side, side))


def input_side(facts: DataFacts, row: Row, network: Network, *, enlarged: float = 1.0, least: int = 32) -> int:
    """The row's own side for such pictures, or less where they are smaller; a multiple of 32, but never below what the network takes.

    Args:
        facts: The data.
        row: The network's row.
        network: The network itself.
        enlarged: How many times as large as they are the pictures may become.
        least: And how large at least.
    """
    natural = max(least, int(facts.short_side * enlarged) // 32 * 32)
    own = max(row.input_size[0], row.config.photograph_side)
    return max(min(own, natural), *network.minimum_size)


def check_side(size: int | None) -> None:
    """Refuses a side of the network's input that makes no picture.

    Raises:
        UsageError: If it does not lie in 1..4096 pixels.
    """
    if size is not None and not 1 <= size <= LARGEST_SIDE:
        raise UsageError(f"size must lie in 1..{LARGEST_SIDE} pixels, got {size}")


def check_asked(asked: AskedInput) -> None:
    """Refuses what suits no network, before a weight or a picture is read.

    Raises:
        UsageError: If the size makes no picture, the mean and deviation no normalisation, or another word is none that is known.
    """
    check_side(asked.size)
    if (asked.mean is None) != (asked.std is None):
        raise UsageError("--mean and --std belong together; give both or neither")
    for name, values, least in (("mean", asked.mean, -math.inf), ("std", asked.std, 0.0)):
        if values is None:
            continue
        if len(values) not in (1, 3):
            raise UsageError(f"--{name} needs 1 or 3 numbers, got {len(values)}")
        if not all(least < value < math.inf for value in values):
            above = " above 0" if name == "std" else ""
            raise UsageError(f"--{name} needs numbers{above}, got {', '.join(f'{value:g}' for value in values)}")
    for name, value, known in (("resize", asked.resize, RESIZES), ("channel_order", asked.channel_order, ORDERS)):
        if value not in (None, *known):
            raise UsageError(f"{name} is {value!r}; expected {' or '.join(map(repr, known))}")


def check_least_size(network: Network, size: int | None) -> None:
    """Refuses a size that was asked for and leaves nothing in some layer.

    Raises:
        UsageError: It is too small for the network.
    """
    if size is not None and size < max(network.minimum_size):
        raise UsageError(
            f"pictures of {size} x {size} pixels are too small for the network: it needs at least "
            f"{network.minimum_size[0]} x {network.minimum_size[1]}"
        )


def check_size(row: Row, network: Network, rule: Preprocessing, size: int | None) -> None:
    """Refuses a size that was asked for and that the network does not take.

    Args:
        row: The network's row.
        network: The network.
        rule: How its pictures are made.
        size: What was asked for.

    Raises:
        UsageError: The pictures are too small for it, or of another size than its only one.
    """
    if size is None:
        return
    check_only_size(network, row.name, size)
    if any(have < need for have, need in zip(rule.size, network.minimum_size, strict=True)):
        raise UsageError(
            f"pictures of {size} x {size} pixels are too small for the network: it needs at least "
            f"{network.minimum_size[0]} x {network.minimum_size[1]}"
        )


def check_only_size(network: Network, name: str, size: int | None) -> None:
    """Refuses a size that is asked of a network that takes another one only.

    Raises:
        UsageError: It is not the network's.
    """
    if network.fixed_size and size is not None and (size, size) != network.input_size:
        height, width = network.input_size
        raise UsageError(
            f"{name} takes pictures of {height} x {width} pixels only, got {size}; leave the size out, or take another network"
        )


def _published(starting: StartingWeights, network: Network, size: int | None) -> tuple[Preprocessing, Decision]:
    """What published weights were evaluated with; for another input size all is in the same proportion."""
    rule = starting.published.preprocessing  # type: ignore[union-attr]  # who calls this has looked
    side = None if network.fixed_size else size
    rule = rule if side is None else resized_in_proportion(rule, side)
    return rule, _size_decision(rule, "asked for" if side else f"what {starting.name} was evaluated with")


def _for_pictures(row: Row, network: Network, facts: DataFacts, size: int | None) -> tuple[Preprocessing, Decision]:
    """The whole of the shorter side, no larger than the pictures are; a network that takes one size only has that."""
    height, width = row.input_size
    if network.fixed_size:
        why = f"{row.name} takes {height} x {width} pixels only"
    else:
        own = max(height, row.config.photograph_side)
        why = "asked for" if size else f"the network's {own}, or what the pictures (about {facts.short_side}) show"
        height = width = input_side(facts, row, network) if size is None else size
    if row.benchmark.name == "MNIST":
        rule = rule_of_benchmark(row.benchmark, network.in_channels, (height, width))
    else:
        mean, std = row.benchmark.normalization(network.in_channels)
        rule = whole_picture(network.in_channels, (height, width), mean, std)
    return rule, _size_decision(rule, why)


def _as_evaluated(row: Row, network: Network, size: int | None) -> tuple[Preprocessing, Decision]:
    """As networks of the row's benchmark are evaluated."""
    sides = row.input_size if size is None else (size, size)
    rule = rule_of_benchmark(row.benchmark, network.in_channels, sides)
    return rule, _size_decision(rule, f"what {row.name} was made for" if size is None else "asked for")


def _resized_as_expected(rule: Preprocessing, row: Row, expected: ExpectedInputs) -> Preprocessing:
    """The rule with the publisher's resizing, in proportion to the row's input."""
    if expected.resize is None:
        return rule
    height, width = (
        round(expected.resize_side * side / own) for side, own in zip(rule.size, row.input_size, strict=True)
    )
    return dataclasses.replace(rule, resize=expected.resize, resize_size=(height, width))


def _why_resized(asked: AskedInput, expected: tuple[ExpectedInputs, str] | None, why: str) -> str:
    if asked.resize is not None:
        return "asked for"
    return expected[1] if expected is not None and expected[0].resize is not None else why


def _size_decision(rule: Preprocessing, why: str) -> Decision:
    return Decision("input size", f"{rule.size[0]} x {rule.size[1]}", why)


def _resize_decision(rule: Preprocessing, why: str) -> Decision:
    """What is done before the centre is cut out."""
    height, width = rule.resize_size or rule.size
    value = f"{height} x {width}, whatever the proportions"
    if rule.resize == "shorter_side":
        value = f"the shorter side to {height}" if height == width else f"to cover {height} x {width}"
    return Decision("resize", value, why)
