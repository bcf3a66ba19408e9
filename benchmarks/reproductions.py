"""All experiments of `striate reproduce`, and the page that is made of what they came to.

    python benchmarks/reproductions.py --data FOLDER                 the quick forms, less than an hour on two processors
    python benchmarks/reproductions.py pooling lenet5 --whole        some, in their whole form
    python benchmarks/reproductions.py --page-only                   the page, of the results that are kept

Cells, an arm and a seed each, are kept in the user's cache folder, so that all of it can be done in several goes; a result stands in
`benchmarks/results/reproductions` as soon as its last cell does. FOLDER holds local copies of data sets: `mnist`, `cifar10_jpeg`...
What cannot be done, as data is missing, is said, and the others go on; the exit code is 1 then.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import striate
from striate.cli.console import ConsoleWatcher
from striate.durable_writing import write_durably
from striate.errors import DataError, UsageError
from striate.reproductions.experiment import list_experiments, named_experiment
from striate.reproductions.measures import named_measure
from striate.reproductions.reproduction import as_kept, summary
from striate.wording import plural

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "reproductions"
PAGE = HERE.parent / "docs" / "reproductions.md"
BEGIN = "<!-- made by benchmarks/reproductions.py from here -->\n"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "striate-benchmarks" / "reproductions"
DATA_VARIABLE = "STRIATE_TEST_DATA"


def main() -> int:
    """Measures what is asked for, and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="experiments; by default all that are made for a processor")
    parser.add_argument("--data", type=Path, default=os.environ.get(DATA_VARIABLE), help="the folder of data sets")
    parser.add_argument("--whole", action="store_true", help="the whole form")
    parser.add_argument("--seeds", type=int, help="how many; by default the form's")
    parser.add_argument("--page-only", action="store_true", help="measure nothing")
    options = parser.parse_args()
    missing: list[str] = []
    if not options.page_only:
        form = "whole" if options.whole else "quick"
        for name in options.names or [
            name for name in list_experiments() if not named_experiment(name).scale(form).gpu
        ]:
            try:
                measure(name, form, options.data, options.seeds)
            except DataError as error:
                missing.append(name)
                print(f"{name}: {error}", file=sys.stderr)
    write_page()
    return 1 if missing else 0


def measure(name: str, form: str, data: Path | None, seeds: int | None) -> None:
    """Carries an experiment out, prints what it came to, and keeps that."""
    with ConsoleWatcher() as watcher:
        found = striate.reproduce(
            name,
            quick=form == "quick",
            data=data,
            seeds=seeds,
            output=CACHE / f"{name}-{form}",
            watcher=watcher,
        )
    print(found.to_text(), end="\n\n", flush=True)
    RESULTS.mkdir(parents=True, exist_ok=True)
    text = json.dumps(as_kept(found.to_dict()), indent=1, ensure_ascii=False)
    write_durably(RESULTS / f"{name}-{form}.json", (text + "\n").encode())


def kept_results() -> dict[str, dict[str, Any]]:
    """What is kept, by the file's name."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("*.json"))}


def write_page() -> None:
    """Puts the results in the place of those that the page has."""
    text = PAGE.read_text(encoding="utf-8")
    if BEGIN not in text:
        raise UsageError(f"{PAGE} lacks the line {BEGIN.strip()!r}")
    write_durably(PAGE, (text[: text.index(BEGIN)] + BEGIN + "\n" + page(kept_results())).encode())


def page(results: Mapping[str, Mapping[str, Any]]) -> str:
    """The part of the page that is made of results: a table of verdicts, and a section an experiment."""
    done = {str(result["experiment"]) for result in results.values()}
    lines = ["## What they came to", "", "| experiment | claim | form | seeds | verdict |", "|---|---|---|---|---|"]
    for name, result in results.items():
        link = f"[{result['experiment']}](#{name})"
        lines.append(
            f"| {link} | {result['claim']} | {result['form']} | {len(result['seeds'])} | **{result['verdict']}** |"
        )
    for name in list_experiments():
        if name not in done:
            experiment = named_experiment(name)
            lines.append(f"| {name} | {experiment.claim} | | | not run |")
    for name, result in results.items():
        lines += ["", f"### {name}", "", *section(result)]
    return "\n".join(lines) + "\n"


def section(result: Mapping[str, Any]) -> Iterable[str]:
    """What an experiment came to: figures of every arm, and what follows for each part of the claim."""
    shown = named_experiment(result["experiment"]).shown
    numbers = ", ".join(map(str, result["claims"]))
    yield f"{result['claim']} ({result['source']}{f'; claim {numbers} of the texts' if numbers else ''})"
    yield ""
    yield f"{result['about']}"
    yield ""
    yield f"| arm | what it is | {' | '.join(named_measure(name).title for name in shown)} |"
    yield "|---" * (len(shown) + 2) + "|"
    for arm, row in result["arms"].items():
        values = " | ".join(summary(name, row[name]["values"]) if "values" in row[name] else "" for name in shown)
        yield f"| {arm} | {row['says']} | {values} |"
    yield ""
    for rule in result["rules"]:
        yield f"- {rule['verdict']}: {rule['says']}{' (told aside)' if rule.get('aside') else ''}. {rule['told']}"
    for row in result["published"]:
        measure = named_measure(row["measure"])
        yield f"- published: {row['arm']}, {measure.title} {measure.text(row['value'])}: {row['where']}"
    machines = sorted({describe_machine(cell["made_on"]) for cell in result["cells"]})
    yield ""
    seeds, minutes = plural(len(result["seeds"]), "seed"), result["seconds"] / 60
    yield f"{seeds}, {minutes:.1f} minutes of processor time; {'; '.join(machines)}."


def describe_machine(made_on: Mapping[str, Any]) -> str:
    """Hardware and versions in words."""
    device = f" with {made_on['processor']}" if made_on["device"] == "cpu" else f": {made_on['processor']}"
    processors = f"{plural(made_on['processors'], 'processor')}, {plural(made_on['threads'], 'thread')} of torch {made_on['torch']}"
    return f"{made_on['device']}{device}, {processors}, Striate {made_on['striate']}"


if __name__ == "__main__":
    sys.exit(main())
