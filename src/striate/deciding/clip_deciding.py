"""Deciding how a run on clips goes: how many frames are taken, in grey or in colour, and how they are normalised."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np

from striate.choosing import evenly
from striate.data.clips import Clips
from striate.deciding.kind_deciding import KindDeciding
from striate.encodings import Encoding
from striate.errors import UsageError
from striate.models import model_row
from striate.pixels import Preprocessing
from striate.pixels.clip_encoding import ClipEncoding
from striate.training import Decision

MOST_FRAMES = 10
"""Of a clip: what the paper's networks are shown of Moving MNIST."""

SAMPLED = 200
"""Training clips that are measured."""


class ClipDeciding(KindDeciding):
    """A run on clips while it is decided."""

    kind: ClassVar[str] = ClipEncoding.kind
    default_model: ClassVar[str] = "convlstm"
    default_model_why: ClassVar[str] = "a convolutional LSTM, for clips"
    recipe_name: ClassVar[str] = "clips"
    recipe_why: ClassVar[str] = "AdamW, from random weights"

    clips: ClipEncoding
    """Known after `choose_input`."""

    @property
    def encoding(self) -> Encoding:
        """How many frames are taken, and how each is prepared."""
        return self.clips

    def check_request(self) -> None:
        """Refuses what cannot be done with any clips."""
        if self.request.vectors is not None:
            raise UsageError("--vectors goes with networks for sentences, such as textcnn_static")
        super().check_request()

    def choose_input(self, *, colours: bool = True) -> None:
        """Decides the number of frames, and measures what they are normalised by."""
        rows = self.dataset.indices("train")
        sample = rows[evenly(len(rows), SAMPLED)]
        clips = self.dataset.pictures
        assert isinstance(clips, Clips)  # noqa: S101 - `check_request` has refused anything else
        longest = max(clips.count(int(row)) for row in sample)
        count = min(longest, MOST_FRAMES)
        why = "as the longest training clip has" if longest <= MOST_FRAMES else f"of up to {longest:,}, evenly taken"
        self.decisions.append(Decision("frames", str(count), why))
        grey = not bool(self.dataset.checked_facts.colour[rows].any())
        network = model_row(self.asked.get("model", self.default_model))
        height, width = network.benchmark.input_size
        channels = 1 if grey else 3
        frame = Preprocessing(
            colour="grey" if grey else "rgb",
            resize="pad",
            resize_size=(height, width),
            mean=(0.0,) * channels,
            std=(1.0,) * channels,
        )
        why = f"what {network.name} takes; " + ("all clips are grey" if grey else "there are clips in colour")
        self.decisions.append(Decision("size", f"{height} x {width} px, {'grey' if grey else 'colour'}", why))
        plain = ClipEncoding(count, frame)
        pixels = np.stack([plain.encode(clips.read(int(row))) for row in sample]).reshape(-1, channels) / 255
        std = tuple(float(value) or 1.0 for value in pixels.std(axis=0).round(4))
        mean = tuple(map(float, pixels.mean(axis=0).round(4)))
        self.clips = ClipEncoding(count, dataclasses.replace(frame, mean=mean, std=std))
        shown = ", ".join(f"{value:.3f}" for value in mean)
        self.decisions.append(Decision("mean", shown, f"of {len(sample):,} training clips"))
