"""Pictures of many sizes, in colour and in grey, the same at every time: what the oracle has hashed, and the tests hash again."""

import numpy as np
from PIL import Image


def hashed_pictures() -> list[Image.Image]:
    generator = np.random.default_rng(5)
    pictures = []
    for number in range(60):
        height, width = (int(side) for side in generator.integers(20, 300, 2))
        channels = 1 if number % 5 == 0 else 3
        coarse = generator.integers(0, 256, (6, 6, channels)).astype(np.uint8)
        mode = "L" if channels == 1 else "RGB"
        small = Image.fromarray(coarse[:, :, 0] if channels == 1 else coarse)
        pixels = np.asarray(small.resize((width, height), Image.Resampling.BICUBIC)).astype(int)
        pixels = np.clip(pixels + generator.integers(-20, 21, pixels.shape), 0, 255).astype(np.uint8)
        pictures.append(Image.fromarray(pixels))
        assert pictures[-1].mode == mode
    return pictures
