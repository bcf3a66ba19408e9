"""The page for people: pictures tried, the network walked through, operations felt, runs and the catalogue looked at, in a browser.

It is the application of `serving` with further routes. A room of the studio is a row of `ROOMS` in table.py: a file of `rooms/` with
what it answers, a template, a table of strings in English and Korean, and a folder of ES modules. What is imported here needs none of
the packages that serve.
"""

from striate.studio.named import Named, named
from striate.studio.settings import StudioSettings

__all__ = ["Named", "StudioSettings", "named"]
