"""Trained weights that a tournament begins with: those that were asked for, and published ones that are in the cache already."""

from __future__ import annotations

from collections.abc import Mapping

from striate.data.facts import DataFacts
from striate.deciding.decided import place_of
from striate.deciding.training_request import TrainingRequest
from striate.training import choose_model
from striate.weights.downloading import is_at_hand
from striate.weights.published import IMAGENET, published_weights
from striate.weights.starting_weights import are_published, row_of_file

BROUGHT = (
    "--weights imagenet (14 MB, once) brings much: from 244 photographs of ants and bees it had 96 % of 153 others right in 26 s, "
    "a small network from scratch 80 % in 160 s of processor time"
)
"""Measured on two cores of an AMD EPYC: `docs/performance.md`, two runs, and `docs/small-networks.md`, one."""

ROWS = ("mobilenet_v2", "efficientnet_b0", "resnet18", "resnet50_v1_5")
"""Whose published weights are candidates where they are in the cache, the one to begin with first."""


def weights_at_hand(request: TrainingRequest, facts: DataFacts) -> Mapping[str, str]:
    """Rows of the catalogue to what `--weights` says for them, the one to begin with first.

    Nothing is downloaded; a file is read, to know whose weights it holds.

    Args:
        request: What was said.
        facts: The data.

    Raises:
        WeightsError: If the file cannot be read.
    """
    asked = {}
    if request.weights is not None:
        model = ROWS[0] if are_published(request.weights) else row_of_file(request.weights) or choose_model(facts).value
        asked[model] = place_of(request.weights)
    if facts.drawn:  # too unlike the photographs that they were trained on
        return asked
    return asked | {row: IMAGENET for row in ROWS if row not in asked and is_at_hand(published_weights(row))}


def offer_weights(request: TrainingRequest, weights: Mapping[str, str], facts: DataFacts) -> list[str]:
    """What is said of trained weights that are used unasked, or that would likely bring much.

    Args:
        request: What was said.
        weights: What is there.
        facts: The data.
    """
    if request.weights is not None or facts.drawn:
        return []
    if weights:
        return [
            f"published ImageNet weights that are in the cache are tried too: {', '.join(weights)}; "
            "clear them by: striate cache weights --clear"
        ]
    return [
        f"no trained weights are in the cache, and nothing is downloaded unasked; on photographs of things {BROUGHT}"
    ]
