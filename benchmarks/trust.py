"""How far Striate can be trusted: what its promises of honest numbers and sound data come to, measured part by part.

    make bench-trust
    python benchmarks/trust.py doctor intervals --data DATA
    python benchmarks/trust.py stress --whole
    python benchmarks/trust.py --list
    python benchmarks/trust.py --page-only

DATA is the folder of the test data; by default `$STRIATE_TEST_DATA`. Each part is a file of `trust/` with `NAME`,
`measure(materials)` and `section(result)`, and its place in `PARTS`; what it measured is kept in `results/trust/NAME.json`, and
`docs/trust.md` is made from all that is kept. Parts measure processor time beside wall time, and say how busy the machine was. All of
them take about an hour.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from trust import (
    contract_faults,
    copies_and_labels,
    data_doctor,
    full_disk,
    honest_numbers,
    interval_coverage,
    kills,
    learning_curves,
    stress_card,
)
from trust.materials import Materials

from striate.hardware import available_processors, describe_processor
from striate.version import __version__

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "trust"
PAGE = HERE.parent / "docs" / "trust.md"
PARTS = (
    data_doctor,
    copies_and_labels,
    interval_coverage,
    honest_numbers,
    learning_curves,
    stress_card,
    contract_faults,
    kills,
    full_disk,
)
HEAD = """# Trust

Written by `make bench-trust` from the results in `benchmarks/results/trust/`; each part says what it was measured on. Where
the load is above the number of processors, others had them too: there the processor time tells, and the wall time does not.
"""


def main() -> None:
    """Parses, measures, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [part.NAME for part in PARTS]
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(names)}; default: all")
    parser.add_argument("--data", type=Path, help="default: $STRIATE_TEST_DATA")
    parser.add_argument("--run", type=Path, help="MobileNetV2 on imagenette; default: one is trained")
    parser.add_argument("--quantized", type=Path, help="the same with int8; default: made of it")
    parser.add_argument(
        "--whole", action="store_true", help="stress: 300 pictures in fp32 and 600 with int8, not 10 each"
    )
    parser.add_argument("--list", action="store_true", help="say what the parts measure, and when they did last")
    parser.add_argument("--page-only", action="store_true", help="write the page from what is kept")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(names):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    if asked.list:
        print(listed())
        return
    data = asked.data or Path(os.environ.get("STRIATE_TEST_DATA", ""))
    if not asked.page_only:
        if not data.is_dir() or data == Path():
            parser.error("name the folder of the test data by --data, or in STRIATE_TEST_DATA")
        with tempfile.TemporaryDirectory(prefix="striate-trust-") as scratch:
            materials = Materials(data, Path(scratch), asked.run, asked.quantized, asked.whole)
            for part in PARTS:
                if not asked.parts or part.NAME in asked.parts:
                    print(f"{part.NAME}...", file=sys.stderr, flush=True)
                    keep(part.NAME, part.measure(materials))
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")


def listed() -> str:
    """A line a part: its name, when it was measured, and what it is."""
    lines = []
    for part in PARTS:
        path = RESULTS / f"{part.NAME}.json"
        when = json.loads(path.read_text(encoding="utf-8"))["on"]["when"] if path.is_file() else "not yet"
        lines.append(f"{part.NAME:16} {when:11} {str(part.__doc__).splitlines()[0]}")
    return "\n".join(lines)


def keep(name: str, measured: dict[str, Any]) -> None:
    """Writes what a part measured, and what it was measured on."""
    machine = {
        "processor": describe_processor(),
        "processors": available_processors(),
        "striate": __version__,
        "when": time.strftime("%Y-%m-%d"),
        "load": round(os.getloadavg()[2], 1),
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"on": machine, "measured": measured}, indent=1)
    (RESULTS / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")


def page() -> str:
    """The page of all that is kept."""
    parts = [HEAD]
    for part in PARTS:
        path = RESULTS / f"{part.NAME}.json"
        if path.is_file():
            kept = json.loads(path.read_text(encoding="utf-8"))
            on = kept["on"]
            load = "not noted" if on["load"] is None else on["load"]
            parts += [
                part.section(kept["measured"]),
                f"Measured on {on['processors']} processors ({on['processor']}), Striate {on['striate']}, {on['when']}; average load in "
                f"the quarter of an hour before: {load}.\n",
            ]
    return "\n".join(parts)


if __name__ == "__main__":
    main()
