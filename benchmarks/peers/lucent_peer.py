"""Lucent (torch-lucent): one unit's picture by `render_vis` as it comes, but for the normalisation, which is that of the weights.

Its defaults: a picture of 128 pixels in a Fourier basis with ImageNet's colours, 512 steps of Adam, the standard transforms, and the
picture enlarged to 224 pixels before the network.

Source: https://github.com/greentfrapp/lucent, README and lucent/optvis/render.py.
"""

from __future__ import annotations

import sys
import time
import warnings
from pathlib import Path

import numpy as np
import torch

import striate

warnings.simplefilter("ignore")  # of a package of 2020 about today's torch

from lucent.optvis import render, transform  # noqa: E402


def main(weights: str, layer: str, unit: int, output: Path) -> None:
    """Writes the picture, (height, width, 3) of 0 to 1, and the seconds that making it took."""
    network = striate.create_model("mobilenet_v2", weights=weights).eval()
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 - it draws its transforms by this one
    wall, processor = time.perf_counter(), time.process_time()
    objective = f"{'labels' if layer == 'head' else layer.replace('.', '_')}:{unit}"
    picture = render.render_vis(
        network,
        objective,
        transforms=[*transform.standard_transforms, lambda pixels: pixels * 2 - 1],
        preprocess=False,
        show_image=False,
        progress=False,
    )[0][0]
    seconds = [time.process_time() - processor, time.perf_counter() - wall]
    np.savez(output, picture=picture, seconds=seconds)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
