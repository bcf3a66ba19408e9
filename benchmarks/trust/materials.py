"""What the parts of `trust.py` measure on: the test data, and a classifier of it that is made where none is named."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import striate

WEIGHTS = "weights/mobilenet_v2_imagenet_torchvision_names.pth"


@dataclass(frozen=True)
class Materials:
    """The test data, and MobileNetV2 with a new head on imagenette."""

    data: Path
    scratch: Path
    """A folder for whatever is made."""
    named_run: Path | None = None
    named_quantized: Path | None = None
    whole: bool = False
    """Whether cards are made of as many pictures as the bars speak of, which takes half an hour."""

    @property
    def imagenette(self) -> Path:
        """Ten classes of photographs, with splits."""
        return self.data / "imagenette"

    @cached_property
    def run(self) -> Path:
        """A run, or bundle, that computes in fp32 and bf16."""
        if self.named_run is not None:
            return self.named_run
        weights, folder = self.data / WEIGHTS, self.scratch / "run"
        striate.train(self.imagenette, model="mobilenet_v2", weights=weights, transfer="head", output=folder)
        return folder

    @cached_property
    def quantized(self) -> Path:
        """A bundle of it that computes in int8 too."""
        if self.named_quantized is not None:
            return self.named_quantized
        striate.quantize(self.run, self.imagenette, output=self.scratch / "int8")
        return self.scratch / "int8"
