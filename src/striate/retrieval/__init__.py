"""Image retrieval without torch: the vectors before a network's head, kept for a folder of pictures, and the nearest of them."""

from striate.retrieval.near_duplicates import look_alike
from striate.retrieval.picture_index import IndexChanges, Match, PictureIndex

__all__ = ["IndexChanges", "Match", "PictureIndex", "look_alike"]
