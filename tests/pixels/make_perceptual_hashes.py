"""Writes perceptual_hashes.npz: what the package imagehash 4.3.2 makes of `hashed_pictures`.

Run it by hand in an environment that has that package, pillow 13.0 and scipy 1.17.
"""

from pathlib import Path

import imagehash
import numpy as np
from hashed_pictures import hashed_pictures

words = [int(str(imagehash.phash(picture)), 16) for picture in hashed_pictures()]
np.savez_compressed(Path(__file__).with_name("perceptual_hashes.npz"), words=np.array(words, np.uint64))
