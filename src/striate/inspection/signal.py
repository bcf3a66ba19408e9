"""How the signal goes through a network before training: forwards as activations, backwards as gradients.

A network is run once on a batch, as the first step of training would, but without dropout. Of every layer and every
activation function the mean and the variance of what it answers are measured, and of the gradient by that; of every ReLU
the share of units that are dead: 0 for each picture and at each place. The loss is the cross-entropy of the logits, with
the batch's mean of each logit subtracted, and that of auxiliary heads beside it with their weight. Without the
subtraction, pictures that all get the same answer would still give a gradient, by which only the classes' shares are
learnt; with it, the gradient is what tells pictures apart.

Whether the network will train is judged by what this one step would do to the weights, the kernels and matrices. With L
the loss, W a layer's weights and g the gradient of L by them:

    pull   |g| / |W|      how fast the weights change, as a share of their size, for each unit of the learning rate
    rate   L / sum |g|²   Polyak's step: the learning rate at which the tangent of the loss reaches 0 in one step

A signal that vanishes leaves no pull. In a network of D layers the gradient of one layer goes with the product of all
others, so that it grows again only as the weights do; until then, for about 1 / (learning rate * pull) steps, training
stands still. With the learning rate of the recipes here that is a few steps for a network that trains well, thousands for
one that begins with a plateau, and millions for one that will not train.

A signal that explodes shows in the rate: it is far below the learning rates that people use, which then throw the weights
far away. Weights that feed a normalisation are left out of the rate. Their size makes no difference to what the network
answers, and every step at a right angle to them makes them longer, so that a step that is too large is the last one of
its kind: batch norm lets networks train from almost any scheme.

Source: Glorot, Bengio 2010, sections 4 and 5 (variances per layer, forwards and backwards). Saxe, McClelland, Ganguli 2013,
Exact solutions to the nonlinear dynamics of learning in deep linear neural networks (plateaus). Polyak 1987, Introduction
to Optimization, section 5.3 (the step). Hoffer et al. 2018, Norm matters (what batch norm makes of the learning rate).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from striate.errors import UsageError
from striate.hooks import watch_calls, watch_gradients
from striate.initialization import seeded
from striate.inspection.signal_recorder import Met, Recorder

BY_BATCH = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)

LEARNING_RATE = 0.5
"""What a gradient that stays the same moves the weights by, in the end: the recipes' 0.05, and 10 times that by momentum."""

MOST_STEPS = 100_000
"""A plateau longer than this, in steps, is longer than training."""

FEW_STEPS = 1_000
"""A plateau shorter than this, in steps, is hardly noticed."""

SMALLEST_RATE = 1e-6
"""A rate below this is far below any learning rate in use."""

SMALL_RATE = 1e-3
"""A rate below this asks for an unusually small learning rate."""

Outcome = Literal["trains", "slow", "fails"]


@dataclass(frozen=True, kw_only=True)
class LayerSignal:
    """What was measured at a layer with weights, or at an activation function."""

    name: str
    kind: str
    is_activation: bool
    shape: tuple[int, ...]  # of what it answers for one picture
    mean: float  # of what it answers, over all pictures, maps and places
    variance: float
    gradient_mean: float | None  # of the loss by what it answers; None: no gradient comes here
    gradient_variance: float | None
    dead: float | None  # share of units that are 0 for every picture and at every place; None: it is no ReLU
    pull: float | None  # |gradient by its weights| / |its weights|, per unit of learning rate; None: it has none
    normalized: bool  # whether what it answers goes into a normalisation

    def to_dict(self) -> dict[str, Any]:
        """JSON types; numbers that are not finite become None."""
        return {key: list(value) if isinstance(value, tuple) else _finite(value) for key, value in vars(self).items()}


@dataclass(frozen=True, kw_only=True)
class Signal:
    """The signal of a network before training, with the weights that it has."""

    scheme: str  # what the weights were drawn by, or ""
    layers: tuple[LayerSignal, ...]  # in the order they run
    pictures: int
    loss: float
    spread: float  # standard deviation of the logits over the pictures, root mean square over the classes
    rate: float  # L / sum |g|² over the weights that feed no normalisation; a learning rate
    plateau: float  # about how many steps at most training stands still, until half of the weights have moved by their own size

    @property
    def outcome(self) -> Outcome:
        """What is to be expected of training by stochastic gradient descent."""
        if not (math.isfinite(self.loss) and self.plateau <= MOST_STEPS and self.rate >= SMALLEST_RATE):
            return "fails"
        return "slow" if self.plateau > FEW_STEPS or self.rate < SMALL_RATE else "trains"

    @property
    def verdict(self) -> str:
        """A sentence that says whether the network will train, and why."""
        return _verdict(self)

    @property
    def weighted(self) -> tuple[LayerSignal, ...]:
        """The layers, without the activation functions."""
        return tuple(layer for layer in self.layers if not layer.is_activation)

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON types; numbers that are not finite become None."""
        figures = {name: _finite(getattr(self, name)) for name in ("loss", "spread", "rate", "plateau")}
        return {
            "scheme": self.scheme,
            "outcome": self.outcome,
            "verdict": self.verdict,
            "pictures": self.pictures,
            **figures,
            "layers": [layer.to_dict() for layer in self.layers],
        }


def network_signal(network: nn.Module, images: Tensor, labels: Tensor, *, scheme: str = "") -> Signal:
    """Measures how activations and gradients go through a network at the first step; the network is left as it was.

    It runs as in training, with batch norm by the batch's own statistics, but without dropout. Functions such as
    `torch.nn.functional.relu` that it calls outside modules are met too.

    Args:
        network: Any classifier, with weights, on any device.
        images: (N, C, H, W) float, normalised, N of at least 2.
        labels: (N,) int64, the class of each picture.
        scheme: What to call the way in which its weights were drawn.

    Raises:
        UsageError: There are fewer than two pictures, the network answers no logits (N, classes) for them, a label is
            not among the classes, or nothing in the network is trainable.

    Example:
        >>> network = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 2))
        >>> signal = network_signal(network, torch.randn(4, 1, 4, 4), torch.tensor([0, 1, 0, 1]))
        >>> [layer.name for layer in signal.layers], len(signal.weighted)
        (['1', '2', '3'], 2)
    """
    if images.ndim < 2 or len(images) < 2 or labels.shape != images.shape[:1]:
        raise UsageError(
            "a signal is measured on two pictures or more, (N, C, H, W), and a label for each, (N,), "
            f"got {tuple(images.shape)} and {tuple(labels.shape)}"
        )
    weights = {name: weight for name, weight in network.named_parameters() if weight.requires_grad and weight.ndim > 1}
    if not weights:
        raise UsageError(f"{type(network).__name__} has no trainable weights, so there is no gradient to measure")
    like = next(iter(weights.values()))
    images, labels = images.to(like.device, like.dtype), labels.to(like.device)
    with _first_step(network), seeded(0), torch.enable_grad(), watch_gradients() as watch:
        recorder = Recorder(watch)
        with watch_calls(network, recorder.enter, recorder.leave):
            logits, loss = _loss(network, images, labels, recorder)
        gradients = torch.autograd.grad(loss, list(weights.values()), allow_unused=True)
    if not recorder.met:
        raise UsageError(f"{type(network).__name__} calls no layer and no activation function that is known here")
    sizes = {
        name: (0.0 if gradient is None else _norm(gradient), _norm(weight))
        for (name, weight), gradient in zip(weights.items(), gradients, strict=True)
    }
    normalized = {name for met in recorder.met if met.normalized for name in met.weights}
    slope = sum(gradient**2 for name, (gradient, _) in sizes.items() if name not in normalized)
    value = float(loss.detach())
    pull = statistics.median(gradient / weight if weight else 0.0 for gradient, weight in sizes.values())
    return Signal(
        scheme=scheme,
        layers=tuple(_finished(met, sizes) for met in recorder.met),
        pictures=len(images),
        loss=value,
        spread=_norm(logits) / math.sqrt(logits.numel()),
        rate=value / slope if slope else math.inf,
        plateau=1 / (LEARNING_RATE * pull) if pull else math.inf,
    )


def _loss(network: nn.Module, images: Tensor, labels: Tensor, recorder: Recorder) -> tuple[Tensor, Tensor]:
    """The logits less their means over the batch, and the loss with that of auxiliary heads."""
    run: Any = getattr(network, "forward_with_auxiliary", None)
    with recorder:
        answer, others = (network(images), ()) if run is None else run(images)
    if not isinstance(answer, Tensor) or answer.ndim != 2:
        got = tuple(answer.shape) if isinstance(answer, Tensor) else type(answer).__name__
        raise UsageError(f"{type(network).__name__} must answer logits (N, classes) for pictures, got {got}")
    if int(labels.min()) < 0 or int(labels.max()) >= answer.shape[1]:
        raise UsageError(
            f"labels must be from 0 to {answer.shape[1] - 1}, because the network has {answer.shape[1]} classes, "
            f"got {int(labels.min())} to {int(labels.max())}"
        )
    centred = [logits.float() - logits.float().mean(dim=0) for logits in (answer, *others)]
    losses = [functional.cross_entropy(logits, labels) for logits in centred]
    weight: float = getattr(network, "auxiliary_weight", 0.0)
    return centred[0], losses[0] + weight * sum(losses[1:], losses[0].new_zeros(()))


@contextmanager
def _first_step(network: nn.Module) -> Iterator[None]:
    """The network as it is at a step of training but for dropout; afterwards as it was."""
    modes = [(module, module.training) for module in network.modules()]
    norms = [module for module in network.modules() if isinstance(module, BY_BATCH)]
    kept = [(buffer, buffer.clone()) for norm in norms for buffer in norm.buffers()]
    try:
        network.eval()
        for norm in norms:
            norm.train()
        yield
    finally:
        for module, training in modes:
            module.training = training
        with torch.no_grad():
            for buffer, value in kept:
                buffer.copy_(value)


def _finished(met: Met, sizes: Mapping[str, tuple[float, float]]) -> LayerSignal:
    """The layer with all that was measured; `sizes`: of gradient and weight, by the weight's name."""
    own = [sizes[name] for name in met.weights if name in sizes]
    gradient, weight = (math.hypot(*values) for values in zip(*own, strict=True)) if own else (0.0, 0.0)
    return LayerSignal(
        name=met.name,
        kind=met.kind,
        is_activation=met.is_activation,
        shape=met.shape,
        mean=met.answered[0],
        variance=met.answered[1],
        gradient_mean=met.gradient and met.gradient[0],
        gradient_variance=met.gradient and met.gradient[1],
        dead=met.dead,
        pull=gradient / weight if weight else None,
        normalized=met.normalized,
    )


def _norm(values: Tensor) -> float:
    """Root of the sum of squares."""
    return float(torch.linalg.vector_norm(values.detach(), dtype=torch.float64))


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _verdict(signal: Signal) -> str:
    layers = signal.weighted or signal.layers
    broken = next((layer for layer in layers if not math.isfinite(layer.variance)), None)
    if broken is not None:
        return f"will not train: the signal grows beyond all numbers, at {broken.name}"
    first, last = layers[0], layers[-1]
    way = f"from {first.name} to {last.name} the variance goes from {first.variance:.2g} to {last.variance:.2g}"
    if signal.plateau == math.inf:
        dead = next((layer for layer in signal.layers if layer.dead == 1), None)
        why = f"every unit of {dead.name} is dead" if dead else way
        return f"will not train: {why}, and no gradient reaches the weights"
    if not signal.rate >= SMALL_RATE:
        outcome = "will not train" if signal.outcome == "fails" else "needs an unusually small learning rate"
        return f"{outcome}: {way}, and at a learning rate of {signal.rate:.1g} the first step goes too far already"
    steps = f"{signal.plateau:,.0f}" if signal.plateau < 1e7 else f"{signal.plateau:.0e}"
    differ = f"{way}, and the answers differ by {signal.spread:.1g} from picture to picture"
    if signal.outcome == "fails":
        return f"will not train: {differ}; it would stand still for some {steps} steps"
    if signal.outcome == "slow":
        return f"will start slowly: {differ}; expect a plateau of up to {steps} steps"
    return f"will train: {differ}{_but(signal)}"


def _but(signal: Signal) -> str:
    """What will not learn, although the network as a whole will; or what it takes."""
    last = signal.layers[-1]
    if last.dead:
        return f"; but {last.dead:.0%} of {last.name} is dead, and the classes that it stands for will not be learnt"
    stuck = [
        layer for layer in signal.weighted if layer.pull is not None and layer.pull * LEARNING_RATE * MOST_STEPS < 1
    ]
    if stuck:
        return f"; but {len(stuck)} of {len(signal.weighted)} layers, such as {stuck[0].name}, will hardly learn"
    free = [layer for layer in signal.weighted if not layer.normalized]
    if signal.rate < LEARNING_RATE and len(free) > len(signal.weighted) / 2:
        return f"; keep the learning rate well below {0.1 * signal.rate:.1g}, with momentum 0.9"
    return ""
