"""Whether what a method gives the words of a sentence explains the network at all: the tests of maps, of words.

    randomisation   weights are drawn anew from the head down: words that weigh as much as before do not weigh by them
    curves          the probability falls as the words that weigh most are hidden, and rises as they are shown, sooner than
                    with the same weights on other words
    completeness    integrated gradients add up to the answer

Source: as `explanation_checks.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from striate.errors import UnknownNameError, UsageError
from striate.hooks import held_still, with_gradients
from striate.models.text_network import TextNetwork
from striate.visualization.explanation_checks import Completeness, ExplanationCheck, Redrawing
from striate.visualization.pixel_curves import PixelCurves
from striate.visualization.redrawing import redrawn, weighted_layers
from striate.visualization.similarity import rank_correlation
from striate.visualization.targets import Classifier, find_targets, logits
from striate.visualization.word_integrated_gradients import STEPS, word_integrated_gradients
from striate.visualization.word_occlusion import WordOcclusion, probabilities_behind, word_occlusion
from striate.visualization.word_vectors import Positions, check_reader, checked_positions, one_sentence

WORD_METHODS = ("occlusion", "integrated_gradients")
"""Those that explain a class by words; named as `METHODS` names those of pictures."""

FEWEST = 5
"""Words that a sentence must have: ranks of fewer are alike by chance."""

DRAWS = 5
"""Of each level: a sentence has few words, so that one draw's ranks may be alike by chance."""

CHEAP_STEPS = 20
MOST_STEPS = 16
"""Of a curve."""


@with_gradients
def explain_words(
    model: nn.Module,
    ids: Tensor,
    method: str,
    *,
    target: int | None = None,
    positions: Positions | None = None,
    temperature: float = 1.0,
    classifier: Classifier = "softmax",
    steps: int = STEPS,
) -> Tensor:
    """(words,) float: a number for each word, the larger, the more it speaks for the class; below 0 it speaks against it.

    Args:
        model: A network for sentences; it is left as it was.
        ids: (1, L) int64.
        method: `"occlusion"`, the drop in probability, or `"integrated_gradients"`, shares of the logit.
        target: A class; None: the one that the network answers.
        positions: Of each word those of its ids; None: each id is a word.
        temperature: What logits are divided by for a probability.
        classifier: How logits become probabilities.
        steps: Of integrated gradients.

    Raises:
        UnknownNameError: There is no such method.
        UsageError: As the method.
    """
    if method == "occlusion":
        found: WordOcclusion = word_occlusion(
            model, ids, target=target, positions=positions, temperature=temperature, classifier=classifier
        )
        return found.drop()
    if method == "integrated_gradients":
        shares: Tensor = word_integrated_gradients(model, ids, target=target, positions=positions, steps=steps)
        return shares
    raise UnknownNameError("method", method, WORD_METHODS)


@with_gradients
def check_word_explanation(
    model: nn.Module,
    ids: Tensor,
    method: str,
    *,
    target: int | None = None,
    positions: Positions | None = None,
    scores: Tensor | None = None,
    temperature: float = 1.0,
    classifier: Classifier = "softmax",
    seed: int = 0,
) -> ExplanationCheck:
    """Tests whether what a method gives the words of a sentence depends on what the network learned, and tells what its answer rests on.

    Args:
        model: A network for sentences; mode, weights, gradients and hooks are left as they were.
        ids: (1, L) int64.
        method: A name of `WORD_METHODS`.
        target: A class; None: the one that the network answers.
        positions: Of each word those of its ids; None: each id is a word.
        scores: (words,) float: those that are to be shown, if they have been made.
        temperature: What logits are divided by for a probability.
        classifier: How logits become probabilities.
        seed: Draws weights reproducibly.

    Raises:
        UnknownNameError: There is no such method.
        UsageError: The sentence has fewer words than `FEWEST`, or as the method.

    Example:
        >>> from striate.models import create_model
        >>> network = create_model("textcnn_rand", in_channels=9, seed=0)
        >>> check = check_word_explanation(network, torch.tensor([[2, 3, 4, 5, 6, 7, 8]]), "occlusion")
        >>> check.empty, check.passed  # new, it answers the same to everything
        (1, False)
    """
    network = check_reader(model)
    ids = one_sentence(network, ids)
    words = checked_positions(ids, positions)
    if len(words) < FEWEST:
        raise UsageError(f"of {len(words)} words the ranks are alike by chance; a test needs at least {FEWEST}")
    with held_still(network), torch.no_grad():
        wanted = int(find_targets(network, ids, target)[0])

    def made(other: nn.Module, steps: int) -> Tensor:
        scores: Tensor = explain_words(
            other,
            ids,
            method,
            target=wanted,
            positions=words,
            temperature=temperature,
            classifier=classifier,
            steps=steps,
        )
        return scores

    shown = made(network, STEPS) if scores is None else scores.to(ids.device)
    if tuple(shown.shape) != (len(words),) or not bool(shown.isfinite().all()):
        raise UsageError(f"scores must be a finite number for each of the {len(words)} words")

    def odds(hidden: Sequence[Sequence[int]]) -> list[float]:
        with held_still(network), torch.no_grad():
            return probabilities_behind(network, ids, hidden, temperature, classifier)[:, wanted].tolist()

    shifts = [0, *(round(len(words) * part / 4) for part in (1, 2, 3))]
    curves = [_curves(words, shown.roll(shift), odds) for shift in shifts]
    return ExplanationCheck(
        method=method,
        redrawings=_redrawings(network, ids, shown.abs(), lambda other: made(other, CHEAP_STEPS).abs(), seed),
        curves=curves[0],
        moved=tuple(curves[1:]),
        completeness=_completeness(network, ids, wanted, shown) if method == "integrated_gradients" else None,
        probability=odds([()])[0],
        empty=int(bool((shown == shown[0]).all())),
        pictures=1,
        of="sentence",
    )


def _curves(words: Positions, scores: Tensor, odds: Callable[[Sequence[Sequence[int]]], list[float]]) -> PixelCurves:
    """The probability as words are hidden, and as they are shown, those with the largest scores first."""
    order = scores.argsort(descending=True, stable=True).tolist()
    counts = torch.linspace(0, len(words), min(len(words), MOST_STEPS) + 1).round().long().tolist()
    gone = [[place for word in order[:count] for place in words[word]] for count in counts]
    missing = [[place for word in order[count:] for place in words[word]] for count in counts]
    return PixelCurves(tuple(odds(gone)), tuple(odds(missing)))


def _redrawings(
    network: TextNetwork, ids: Tensor, plain: Tensor, made: Callable[[nn.Module], Tensor], seed: int
) -> tuple[Redrawing, ...]:
    names = weighted_layers(network, ids)
    levels = [
        ("the last layer with weights", 1),
        ("the later half of its layers", len(names) // 2),
        ("all of its layers", len(names)),
    ]
    answer = []
    for said, count in levels:
        found = []
        for draw in range(DRAWS):
            scores = made(redrawn(network, names[-count:], seed=seed + draw)).nan_to_num(0.0, 0.0, 0.0)
            found.append(float(rank_correlation(plain[None, None], scores[None, None])))
        answer.append(Redrawing(said, count, sum(found) / DRAWS, None))
    return tuple(answer)


def _completeness(network: TextNetwork, ids: Tensor, wanted: int, shown: Tensor) -> Completeness:
    with held_still(network), torch.no_grad():
        vectors = network.embedded(ids)
        empty = network.forward_head(network.forward_embedded(torch.zeros_like(vectors), ids))
        gained = (logits(network, ids) - empty)[0, wanted]
    return Completeness(float(shown.double().sum()), float(gained))
