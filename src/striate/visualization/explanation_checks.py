"""Whether a map explains the network at all: three tests before it is shown.

    randomisation   weights are drawn anew from the head down: a map that stays alike does not come from them
    curves          the probability falls as the tiles that the map marks are hidden, and rises as they are shown, sooner
                    than with the same map moved elsewhere
    completeness    where a method promises that its numbers add up to the answer, they do

Source: Adebayo et al. 2018, Sanity Checks for Saliency Maps (cascading randomisation, rank correlation and SSIM); Petsiuk,
Das, Saenko 2018, RISE, section 4.1 (deletion and insertion); Sundararajan, Taly, Yan 2017, section 3 and 5 (completeness).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from striate.errors import UsageError
from striate.hooks import held_still, with_gradients
from striate.row_writing import json_text
from striate.visualization.explanations import METHODS, UNIT_METHODS, Explainer, explain
from striate.visualization.layers import HEAD, layer_output, prepare
from striate.visualization.pixel_curves import PixelCurves, curves_of
from striate.visualization.redrawing import redrawn, weighted_layers
from striate.visualization.similarity import rank_correlation, structural_similarity
from striate.visualization.targets import Classifier, Target, class_probabilities, find_targets, logits
from striate.visualization.units import Unit, starting_signal

SIMILAR = 0.8
"""Rank correlation with the map of redrawn weights from which a map fails.

Measured with MobileNetV2 and its published weights on photographs: with the last layer drawn anew, guided backpropagation
and DeconvNet stay at 0.96 and more (six photographs), saliency at 0.63 and less (six), Grad-CAM, averaged over three
draws, at 0.36 and less (three).
"""

INCOMPLETE = 0.05
"""Share of the answer that may be missing. Source: Sundararajan, Taly, Yan 2017, section 5."""

DRAWS = 3  # of the last layer: one draw may by chance weigh the maps as they were; of costly methods there is one


@dataclass(frozen=True)
class Redrawing:
    """How alike a map stays when some of the weights are drawn anew; means over the pictures and the draws."""

    layers: str  # which, in words
    modules: int  # how many modules with weights those are
    rank_correlation: float  # Spearman's, of the maps without signs, in [-1, 1]
    structural_similarity: float | None  # SSIM of the same, in [-1, 1]; None of words, which have no structure

    def to_dict(self) -> dict[str, Any]:
        """The figures as JSON types."""
        return {
            "layers": self.layers,
            "modules": self.modules,
            "rank_correlation": self.rank_correlation,
            "structural_similarity": self.structural_similarity,
        }


@dataclass(frozen=True)
class Completeness:
    """What the numbers of all pixels add up to, beside what they should; of the picture where they differ most."""

    total: float  # in logits
    expected: float  # the logit of the picture less that of the baseline

    @property
    def error(self) -> float:
        """The difference as a share of what was expected."""
        difference = abs(self.total - self.expected)
        return difference / abs(self.expected) if self.expected else (math.inf if difference else 0.0)

    def to_dict(self) -> dict[str, Any]:
        """The figures as JSON types; an error without measure is null."""
        return {
            "total": self.total,
            "expected": self.expected,
            "error": self.error if math.isfinite(self.error) else None,
        }


@dataclass(frozen=True)
class ExplanationCheck:
    """What a method's maps were found to be worth, on some pictures and one network."""

    method: str
    redrawings: tuple[Redrawing, ...]  # from the last layer alone to all; empty where the network has no weights
    curves: PixelCurves | None  # None for units of a layer before the head, which have no probability
    moved: tuple[PixelCurves, ...]  # of the same map moved by half the picture: down, across, both
    completeness: Completeness | None  # None where the method promises none
    probability: float | None  # of the target in the whole picture, the pictures' mean
    empty: int  # how many of the pictures have a map that is the same everywhere
    pictures: int
    of: str = "picture"  # or "sentence", whose map is a number for each word

    @property
    def passed(self) -> bool:
        """Whether nothing is to be warned of."""
        return not self.warnings

    @property
    def similarity(self) -> float | None:
        """The largest rank correlation with a map of redrawn weights: the number to show beside a map."""
        return max((found.rank_correlation for found in self.redrawings), default=None)

    @property
    def moved_gain(self) -> float:
        """Insertion's area less deletion's of the moved maps, their mean; 0 where there are no curves."""
        return sum(curves.gain for curves in self.moved) / max(1, len(self.moved))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is wrong with the map, a sentence each."""
        found: list[str] = []
        if self.empty:
            found.append(_empty(self.empty, self.pictures, self.of))
        if self.empty == self.pictures:  # the rest would compare nothing with nothing
            return tuple(found)
        alike = [one for one in self.redrawings if one.rank_correlation >= SIMILAR]
        if alike:
            most = alike[-1]  # the more was drawn anew, the more that says
            found.append(
                f"The map hardly depends on what the network has learned: with new weights in {most.layers} it stays alike "
                f"(rank correlation {most.rank_correlation:.2f}; from {SIMILAR} on it fails)."
            )
        if self.curves is not None and self.curves.gain <= self.moved_gain:
            found.append(
                f"The map marks what matters no better than the same map moved elsewhere: insertion less deletion is "
                f"{self.curves.gain:.3f}, moved {self.moved_gain:.3f}."
            )
        if self.completeness is not None and self.completeness.error > INCOMPLETE:
            found.append(
                f"The map is not complete: it adds up to {self.completeness.total:.3g}, and the logit changes by "
                f"{self.completeness.expected:.3g}; take more steps."
            )
        return tuple(found)

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON types."""
        return {
            "method": self.method,
            "passed": self.passed,
            "warnings": list(self.warnings),
            "similarity": self.similarity,
            "randomisation": [found.to_dict() for found in self.redrawings],
            "curves": None if self.curves is None else self.curves.to_dict(),
            "moved": [curves.to_dict() for curves in self.moved],
            "completeness": None if self.completeness is None else self.completeness.to_dict(),
            "probability": self.probability,
            "empty": self.empty,
            f"{self.of}s": self.pictures,
        }

    def to_json(self) -> str:
        """All of it as JSON text."""
        return json_text(self.to_dict())

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        rows = [(f"alike with new weights in {one.layers}", f"{one.rank_correlation:.2f}") for one in self.redrawings]
        if self.curves is not None:
            rows.append(("deletion, insertion", f"{self.curves.deletion_area:.3f}, {self.curves.insertion_area:.3f}"))
            rows.append(("insertion less deletion", f"{self.curves.gain:.3f}"))
            rows.append(("the same with the map moved", f"{self.moved_gain:.3f}"))
        if self.completeness is not None:
            rows.append(("completeness off by", f"{self.completeness.error:.1%}"))
        title = f"{self.method}: {'passed' if self.passed else 'failed'}"
        return notebook.block(title, *map(notebook.text, self.warnings), notebook.table(("test", "found"), rows))

    def __str__(self) -> str:
        """A line of figures, and the warnings below it."""
        parts = [f"{self.method}: {'passed' if self.passed else 'FAILED'}"]
        parts += [f"{found.rank_correlation:.2f} alike with new weights in {found.layers}" for found in self.redrawings]
        if self.curves is not None:
            parts.append(f"deletion {self.curves.deletion_area:.3f}, insertion {self.curves.insertion_area:.3f}")
            parts.append(f"their difference {self.curves.gain:.3f} (moved {self.moved_gain:.3f})")
        if self.completeness is not None:
            parts.append(f"completeness off by {self.completeness.error:.1%}")
        return "\n".join(["; ".join(parts), *(f"  {sentence}" for sentence in self.warnings)])


@with_gradients
def check_explanation(
    model: nn.Module,
    images: Tensor,
    method: str | Explainer,
    *,
    target: Target = None,
    layer: str | None = None,
    unit: Unit | Sequence[Unit] | None = None,
    heat: Tensor | None = None,
    temperature: float = 1.0,
    classifier: Classifier = "softmax",
    seed: int = 0,
) -> ExplanationCheck:
    """Tests whether a method's map of these pictures depends on what the network learned, and tells what its answer rests on.

    Args:
        model: Any classifier; mode, weights, gradients and hooks are left as they were.
        images: (N, channels, H, W) float, normalised as the network takes them. The check costs about 80 runs of the
            network for each, and twice that for occlusion and integrated gradients.
        method: A name of `striate.visualization.METHODS`, or a function of one's own: from a model, pictures and their
            classes to heat (N, H, W).
        target: The class that is explained, a list with one for each picture, or None: the class that the network answers.
        layer: Of `grad_cam` and `occlusion`, the layer that they look at; of `deconvnet`, `guided_backpropagation` and
            `gradient`, the layer of the unit. Units of other layers than the head are tested by randomisation alone.
        unit: For a layer that is not the head: the unit, or a list with one for each picture; None: the strongest.
        heat: (N, H, W) float: the map that is to be shown, if it has been made; its curves are followed. None: it is made.
        temperature: What logits are divided by before the softmax, such as a bundle's.
        classifier: How logits become probabilities: `"softmax"`, or `"sigmoid"` where each class is a question of its own.
        seed: Draws weights and orders reproducibly; the global generator is left alone.

    Raises:
        UnknownNameError: There is no such method, or no such layer.
        UsageError: The network refuses the pictures, there is no such class or unit, or the heat has another shape.

    Example:
        >>> from striate.models import create_model
        >>> network = create_model("lenet5", seed=0)
        >>> images = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(0))
        >>> check = check_explanation(network, images, lambda model, images, targets: images[:, 0])
        >>> round(check.similarity, 6), check.passed  # the picture itself is no explanation
        (1.0, False)
    """
    checker = _Checker(model, images, target, seed, temperature, classifier)
    return checker.check(method, layer, unit, heat)


@with_gradients
def check_explanations(
    model: nn.Module,
    images: Tensor,
    methods: Sequence[str] = METHODS,
    *,
    target: Target = None,
    heats: dict[str, Tensor] | None = None,
    temperature: float = 1.0,
    classifier: Classifier = "softmax",
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, ExplanationCheck]:
    """`check_explanation` for several methods of explaining a class: what they have in common is computed once.

    Args:
        model: As `check_explanation` takes it.
        images: As `check_explanation` takes them.
        methods: Names of `striate.visualization.METHODS`.
        target: As `check_explanation` takes it.
        heats: Maps that have been made, by method, each (N, H, W).
        temperature: As `check_explanation` takes it.
        classifier: As `check_explanation` takes it.
        seed: As `check_explanation` takes it.
        progress: Called with (methods done, methods in all).

    Raises:
        UnknownNameError: There is no such method.
        UsageError: As `check_explanation`.
    """
    checker = _Checker(model, images, target, seed, temperature, classifier)
    answer = {}
    for number, method in enumerate(methods):
        answer[method] = checker.check(method, None, None, (heats or {}).get(method))
        if progress is not None:
            progress(number + 1, len(methods))
    return answer


class _Checker:
    """What all checks of some pictures have in common."""

    def __init__(
        self,
        model: nn.Module,
        images: Tensor,
        target: Target,
        seed: int,
        temperature: float,
        classifier: Classifier,
    ) -> None:
        self.model = model
        self.seed = seed
        self.temperature = temperature
        self.classifier = classifier
        self.images = prepare(model, images).detach()
        with held_still(model), torch.no_grad():
            self.targets = find_targets(model, self.images, target)
            odds = torch.cat(
                [class_probabilities(model, one, temperature, classifier) for one in torch.split(self.images, 1)]
            )
        self.probability = float(odds.gather(1, self.targets[:, None]).mean())

    def check(
        self, method: str | Explainer, layer: str | None, unit: Unit | Sequence[Unit] | None, heat: Tensor | None
    ) -> ExplanationCheck:
        name = method if isinstance(method, str) else getattr(method, "__name__", type(method).__name__)
        of_units = method in UNIT_METHODS and layer not in (None, HEAD)
        units = self._units(layer or HEAD, unit) if of_units else None
        if unit is not None and not of_units:
            raise UsageError(f"a unit is of a layer that is not the head, for {', '.join(UNIT_METHODS)}; give a target")

        def made(model: nn.Module, cheap: bool) -> Tensor:
            if isinstance(method, str):
                answer = explain(
                    model,
                    self.images,
                    method,
                    targets=self.targets.tolist(),
                    layer=layer,
                    units=units,
                    cheap=cheap,
                    temperature=self.temperature,
                    classifier=self.classifier,
                )
            else:
                answer = method(model, self.images, self.targets.tolist())
            return self._checked(answer, name)

        def made_anew(model: nn.Module) -> Tensor:
            return made(model, True).nan_to_num(0.0, 0.0, 0.0)  # new weights may be too much for a network's arithmetic

        shown = self._checked(heat, name) if heat is not None else made(self.model, False)
        if not bool(shown.isfinite().all()):
            raise UsageError(f"{name} gives numbers that are not finite; does the network itself answer finite ones?")
        # What costs much is compared at a coarser grain, both times.
        costly = method in ("integrated_gradients", "occlusion")
        plain = made(self.model, True) if costly else shown
        curves: tuple[PixelCurves, ...] = ()
        if not of_units:
            with held_still(self.model):
                curves = curves_of(
                    self.model,
                    self.images,
                    self.targets,
                    shown,
                    temperature=self.temperature,
                    classifier=self.classifier,
                )
        flat = shown.flatten(1)
        return ExplanationCheck(
            method=name,
            redrawings=self._redrawings(plain, made_anew, layer if of_units else None, 1 if costly else DRAWS),
            curves=curves[0] if curves else None,
            moved=curves[1:],
            completeness=self._completeness(shown) if method == "integrated_gradients" else None,
            probability=None if of_units else self.probability,
            empty=int((flat.amax(dim=1) == flat.amin(dim=1)).sum()),
            pictures=len(self.images),
        )

    def _redrawings(
        self, plain: Tensor, made: Callable[[nn.Module], Tensor], layer: str | None, draws_of_last: int
    ) -> tuple[Redrawing, ...]:
        names = weighted_layers(self.model, self.images, layer or HEAD)
        if not names:
            return ()
        last = "the last layer with weights" if layer is None else f"the last layer with weights up to {layer}"
        levels = [(last, 1, draws_of_last)]
        if len(names) > 3:
            levels.append(("the later half of its layers", len(names) // 2, 1))
        if len(names) > 1:
            levels.append(("all of its layers", len(names), 1))
        answer = []
        for words, count, draws in levels:
            found: list[tuple[float, float]] = []
            for draw in range(draws):
                other = redrawn(self.model, names[-count:], seed=self.seed + draw)
                found.append(_alike(plain, made(other)))
                del other
            rank, structure = (sum(numbers) / draws for numbers in zip(*found, strict=True))
            answer.append(Redrawing(words, count, rank, structure))
        return tuple(answer)

    def _units(self, layer: str, unit: Unit | Sequence[Unit] | None) -> list[Unit]:
        """The units' places: with other weights the strongest place would be another, and the map with it."""
        with held_still(self.model), torch.no_grad():
            maps = layer_output(self.model, self.images, layer)
            signal = starting_signal(maps, unit, layer=layer)
        places = [own.nonzero()[0].tolist() for own in signal]
        return [tuple(place) if len(place) == 3 else place[0] for place in places]

    def _completeness(self, shown: Tensor) -> Completeness:
        with held_still(self.model), torch.no_grad():
            own = logits(self.model, self.images) - logits(self.model, torch.zeros_like(self.images[:1]))
        expected = own.gather(1, self.targets[:, None])[:, 0].double().tolist()
        totals = shown.flatten(1).double().sum(dim=1).tolist()
        pairs = [Completeness(total, wanted) for total, wanted in zip(totals, expected, strict=True)]
        return max(pairs, key=lambda pair: pair.error)

    def _checked(self, heat: Tensor, method: str) -> Tensor:
        wanted = (len(self.images), *self.images.shape[2:])
        if not isinstance(heat, Tensor) or tuple(heat.shape) != wanted:
            got = tuple(heat.shape) if isinstance(heat, Tensor) else type(heat).__name__
            raise UsageError(f"{method} must give heat of shape {wanted}, a number for each pixel; got {got}")
        return heat.detach().to(self.images.device)


def _alike(first: Tensor, second: Tensor) -> tuple[float, float]:
    """Mean rank correlation and SSIM of maps without signs, each within the box outside which both are 0."""
    ranks, structures = [], []
    for one, other in zip(first.abs(), second.abs(), strict=True):
        used = (one > 0) | (other > 0)
        rows, columns = used.any(dim=1).nonzero().flatten(), used.any(dim=0).nonzero().flatten()
        if len(rows):
            box = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
            one, other = one[box], other[box]
        ranks.append(float(rank_correlation(one[None], other[None])))
        structures.append(float(structural_similarity(one[None], other[None])))
    return sum(ranks) / len(ranks), sum(structures) / len(structures)


def _empty(count: int, pictures: int, of: str) -> str:
    if pictures == 1:
        return f"The map is empty: by this method nothing in the {of} speaks for the answer."
    return f"The maps of {count} of {pictures} {of}s are empty: by this method nothing in them speaks for the answer."
