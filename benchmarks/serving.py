"""How fast Striate serves, beside LitServe and beside its own engine, and what overload, new bundles and time do to it.

    make bench-serving
    python benchmarks/serving.py --only litserve overload --photographs PHOTOS
    python benchmarks/serving.py --only soak --minutes 30

PHOTOS is a folder of a few photographs, of which 200 JPEG files of 500 x 375 pixels are made; by default `$STRIATE_TEST_DATA/photos`;
without, pictures are drawn. Everything else is made here: lenet5_dense learns the digits that come with Striate, mobilenet_v2 has random
weights. LitServe has an environment of its own in the cache. Each part is a file of `serving/` with `NAME`, `measure(materials)` and
`section(measured)`; contenders take turns, in rounds that alternate in order, and are compared round by round. The load comes from
`serving/load.py`, one process on the same machine, whose processor time is kept beside the server's. What was measured is kept in
`results/serving.json`, and the end of `docs/serving.md` is made of it. All parts but the soak take about eight minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import Any

from serving.materials import Materials

from serving import beside_litserve, engine_share, overload, reloads, soak
from striate.hardware import available_processors, describe_processor

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "serving.json"
PAGE = HERE.parent / "docs" / "serving.md"
PARTS = (beside_litserve, engine_share, overload, reloads, soak)
HEADING = "## How fast"


def main() -> None:
    """Parses, measures, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [part.NAME for part in PARTS]
    parser.add_argument("--only", nargs="+", choices=names, help="these parts; default: all but the soak")
    parser.add_argument("--photographs", type=Path, help="default: $STRIATE_TEST_DATA/photos")
    parser.add_argument("--rounds", type=int, default=5, help="default 5")
    parser.add_argument("--seconds", type=float, default=4.0, help="of one go; default 4")
    parser.add_argument("--minutes", type=float, default=30.0, help="of the soak; default 30")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "striate-benchmarks")
    parser.add_argument("--output", type=Path, default=RESULTS, help="the JSON")
    parser.add_argument("--page-only", action="store_true", help="write the page from what is kept")
    asked = parser.parse_args()
    if asked.photographs is None and "STRIATE_TEST_DATA" in os.environ:
        asked.photographs = Path(os.environ["STRIATE_TEST_DATA"]) / "photos"
    kept = json.loads(asked.output.read_text(encoding="utf-8")) if asked.output.exists() else {}
    if not asked.page_only:
        with tempfile.TemporaryDirectory(prefix="striate-serving-") as scratch:
            materials = Materials(asked, Path(scratch))
            for part in PARTS:
                if part.NAME in (asked.only or names[:-1]):
                    print(f"{part.NAME}...", file=sys.stderr, flush=True)
                    began = time.monotonic()
                    measured = part.measure(materials)
                    kept[part.NAME] = {"on": conditions(asked, time.monotonic() - began), "measured": measured}
                    asked.output.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
                    print(part.section(measured), flush=True)
    if asked.output == RESULTS:
        PAGE.write_text(with_section(PAGE.read_text(encoding="utf-8"), section(kept)), encoding="utf-8")


def conditions(asked: argparse.Namespace, seconds: float) -> dict[str, Any]:
    """What a part was measured on."""
    packages = ("striate", "openvino", "uvicorn", "starlette", "uvloop", "httptools")
    return {
        "processor": describe_processor(),
        "processors": available_processors(),
        "load": round(os.getloadavg()[1], 1),
        "seconds": round(seconds),
        "rounds": asked.rounds,
        "seconds_a_go": asked.seconds,
        "pictures": "photographs" if asked.photographs else "drawn",
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d"),
        "versions": {name: metadata.version(name) for name in packages},
    }


def section(kept: dict[str, Any]) -> str:
    """The end of the page."""
    told = [
        HEADING,
        "Written by `make bench-serving` from `benchmarks/results/serving.json`. Medians of rounds in turns, in brackets the least and the "
        "largest; the load comes from the same machine.",
    ]
    for part in PARTS:
        if part.NAME in kept:
            on = kept[part.NAME]["on"]
            versions = ", ".join(f"{name} {version}" for name, version in on["versions"].items())
            told += [
                "",
                part.section(kept[part.NAME]["measured"]),
                "",
                f"{on['date']}: {on['processor']}, {on['processors']} processors, load average {on['load']}; {on['rounds']} rounds of "
                f"{on['seconds_a_go']:g} s; Python {on['python']}, {versions}; pictures: {on['pictures']}.",
            ]
    return "\n".join(told) + "\n"


def with_section(page: str, text: str) -> str:
    """A page whose end, from the heading on, is another."""
    return page.partition(f"{HEADING}\n")[0].rstrip() + "\n\n" + text


if __name__ == "__main__":
    main()
