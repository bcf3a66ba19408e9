"""Which part of the picture an answer rests on, by the server's occlusion, and whether that map passes the test of maps."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from striate.serving.occlusion import OcclusionPlan
from striate.serving.problems import ProblemError
from striate.studio.jobs import Job
from striate.studio.rooms.try_it.answering import Asked, answers
from striate.studio.studio import Studio

RED, BLUE = (220, 40, 20), (30, 80, 230)
STRONGEST = 200
"""Of 255: how much of the picture the strongest colour hides."""


@dataclass(frozen=True, eq=False)
class Explained:
    """A map of one answer."""

    asked: Asked
    pixels: npt.NDArray[np.uint8]
    target: int
    probability: float
    heat: npt.NDArray[np.float64]
    """(H, W): how much the probability falls where a pixel is hidden."""

    def to_dict(self) -> dict[str, Any]:
        """JSON types, with the map as a picture to lay over the other."""
        return {
            "target": self.target,
            "probability": self.probability,
            "most": float(self.heat.max()),
            "least": float(self.heat.min()),
            "overlay": laid_over(self.heat),
        }

    def check(self, job: Job) -> dict[str, Any]:
        """What the test of maps finds: with weights drawn anew, with what it marks hidden, and moved elsewhere. Needs torch.

        Raises:
            UsageError: The network cannot be built.
        """
        import torch

        from striate.seeing.seen_network import seen_network
        from striate.visualization import check_explanation

        job.task("checking", 0, 1)
        seen = seen_network(self.asked.bundle.place)
        found = check_explanation(
            seen.network,
            torch.from_numpy(self.asked.rule.normalise(self.pixels[None])),
            "occlusion",
            target=self.target,
            heat=torch.from_numpy(self.heat.astype(np.float32))[None],
            temperature=seen.temperature,
            classifier=seen.classifier,
        )
        job.task("checking", 1, 1)
        return {
            "passed": found.passed,
            "empty": bool(found.empty),
            "similarity": found.similarity,
            "gain": found.curves.gain if found.curves else None,
            "moved_gain": found.moved_gain,
            "warnings": list(found.warnings),
        }


async def explained(studio: Studio, asked: Asked) -> Explained:
    """The map of the class that the request follows first, or of the most probable one.

    Raises:
        ProblemError: 400 if the model reads strings.
    """
    if asked.bundle.classifier.task.sequential:
        raise ProblemError(400, f"model {asked.bundle.name!r} reads strings; maps are of classes")
    with studio.models.using(asked.bundle) as bundle:  # one version for all of it
        plan = OcclusionPlan(await asyncio.to_thread(asked.pixels), asked.rule)
        whole, *hidden = (one.probabilities for one in await answers(studio, bundle, [plan.pixels, *plan.hidden()]))
    target = asked.followed[0] if asked.followed else int(whole.argmax())
    heat = plan.heat(float(whole[target]), np.array([row[target] for row in hidden]))
    return Explained(asked, plan.pixels, target, float(whole[target]), heat)


def laid_over(heat: npt.NDArray[np.float64]) -> str:
    """A picture's address: red where hiding lowers the probability, blue where it raises it, and clear where it does nothing."""
    largest = max(float(np.abs(heat).max()), 1e-12)
    layer = np.empty((*heat.shape, 4), np.uint8)
    layer[..., :3] = np.where(heat[..., None] >= 0, RED, BLUE)
    layer[..., 3] = (np.abs(heat) / largest * STRONGEST).round()
    buffer = BytesIO()
    Image.fromarray(layer).save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
