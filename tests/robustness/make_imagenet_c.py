"""Writes imagenet_c.npz: what the package imagecorruptions-imaug 1.1.5 makes of `oracle_picture`.

Run it by hand in an environment that has that package, numpy 2.4, scipy 1.17, scikit-image 0.26 and opencv 5.0. Of corruptions without
draws every 16th pixel is kept, of the others three figures, averaged over eight seeds: mean, deviation, and the mean change.
"""

from pathlib import Path

import numpy as np
from imagecorruptions import corrupt, get_corruption_names
from oracle_picture import oracle_picture

EXACT = ("defocus_blur", "zoom_blur", "brightness", "contrast", "pixelate", "jpeg_compression")
PLACE = Path(__file__).with_name("imagenet_c.npz")

picture = oracle_picture()
found = {}
for name in get_corruption_names("common"):
    for severity in range(1, 6):
        figures = []
        for seed in range(1 if name in EXACT else 8):
            np.random.seed(seed)  # noqa: NPY002
            changed = np.asarray(corrupt(picture, corruption_name=name, severity=severity)).astype(np.uint8)
            change = np.abs(changed.astype(int) - picture).mean()
            figures.append((changed.mean(), changed.std(), change))
        exact = name in EXACT
        found[f"{name}/{severity}"] = changed[8::16, 8::16] if exact else np.mean(figures, axis=0)
np.savez_compressed(PLACE, **found)
