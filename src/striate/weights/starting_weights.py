"""The weights that a network starts from: a file, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass

from striate.weights.published import PUBLISHED, PublishedWeights, published_weights
from striate.weights.reading import WeightsFile


@dataclass(frozen=True)
class StartingWeights:
    """Weights that were found, and what their publisher says of them if they are a row's published ones."""

    file: WeightsFile
    published: PublishedWeights | None = None

    @property
    def name(self) -> str:
        """What to call them: the publisher's name, or the file's."""
        return self.published.source if self.published else self.file.path.name


def recognised(starting: StartingWeights, model: str) -> StartingWeights:
    """The same; with what the publisher says, if the file is known by its SHA-256 to be the row's published one."""
    if starting.published is None and model in PUBLISHED:
        published = published_weights(model)
        if starting.file.sha256.startswith(published.sha256_prefix):
            return StartingWeights(starting.file, published)
    return starting
