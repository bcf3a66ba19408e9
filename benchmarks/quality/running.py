"""A table filled cell by cell: what `tournament.py` and `stand_ins.py` do with what they are told."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import date
from importlib import metadata
from pathlib import Path

import numpy
from environments import prepare_pinned

from quality.cells import Cell, Place, packed_answers, read_cells, write_facts, write_json
from quality.contenders import Contender, Job, interpreter, peer_notes, read_answers
from quality.measuring import Measured, idle_others, watch
from quality.page import write_pages
from quality.plan import Table, chosen
from quality.sets import Facts, make_set, test_pictures
from striate.hardware import describe_processor

HERE = Path(__file__).parents[1]
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "striate-benchmarks"
WEIGHTS = Path("weights") / "mobilenet_v2_imagenet_torchvision_names.pth"
PROCESSORS = 2
QUIET = 0.1
"""Share of the processors that other programs may take."""
SLOWEST_ANSWERS = 600
"""Seconds for answering the test pictures, which no budget counts."""
SMOKE_SECONDS = 45


def run(table: Table, description: str) -> int:
    """Parses, measures, writes; answers the exit status."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="default: $STRIATE_TEST_DATA")
    parser.add_argument(
        "--weights", type=Path, help="mobilenet_v2, torchvision's names; default: those in DATA/weights"
    )
    parser.add_argument("--mean", type=float, default=0.5, help="what the weights subtract from 0..1 pixels")
    parser.add_argument("--std", type=float, default=0.5, help="what they divide by")
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="WHAT", help="budgets, sets, contenders or cells; * is anything"
    )
    parser.add_argument("--list", action="store_true", help="say which cells there are and which are missing, and end")
    parser.add_argument("--again", action="store_true", help="measure cells that are kept already once more")
    parser.add_argument("--force", action="store_true", help="measure beside other programs too")
    parser.add_argument(
        "--wait", type=float, default=600, help="seconds to wait for other programs to end; default 600"
    )
    parser.add_argument(
        "--smoke", action="store_true", help=f"try what --only names for {SMOKE_SECONDS} s, keep nothing"
    )
    parser.add_argument(
        "--cache", type=Path, default=CACHE, help=f"where sets and environments are made; default {CACHE}"
    )
    parser.add_argument("--results", type=Path, default=HERE / "results" / table.name, help="where cells are kept")
    parser.add_argument("--docs", type=Path, default=HERE.parent / "docs", help="where the page and its picture go")
    parser.add_argument("--page-only", action="store_true", help="write the page from the cells that are kept")
    asked = parser.parse_args()
    try:
        places = chosen(table.places(), asked.only)
    except ValueError as error:
        parser.error(str(error))
    if asked.list:
        return list_places(places, asked.results)
    code = 0
    if not asked.page_only:
        if asked.data is None and "STRIATE_TEST_DATA" in os.environ:
            asked.data = Path(os.environ["STRIATE_TEST_DATA"])
        if asked.data is None or not asked.data.is_dir():
            print("skipped: give --data, or set STRIATE_TEST_DATA to the folder of the test data", file=sys.stderr)
            return 0
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        try:
            code = fill(table, places, asked)
        except KeyboardInterrupt:
            print("\ninterrupted: the cells that were measured are kept, and the next call goes on", file=sys.stderr)
            code = 130
    if not asked.smoke:
        write_pages(table, asked.results, asked.docs)
    return code


def list_places(places: list[Place], results: Path) -> int:
    """Prints the cells."""
    kept = read_cells(results)
    for place in places:
        print(f"{'kept   ' if place in kept else 'missing'}  {place}")
    missing = [place for place in places if place not in kept]
    hours = sum(place.budget + 40 for place in missing) / 3600
    print(f"{len(missing)} of {len(places)} missing: {hours:.1f} hours at most, with 40 s a cell for the test pictures")
    return 0


def fill(table: Table, places: list[Place], asked: argparse.Namespace) -> int:
    """Measures the cells that are missing; answers 1 if some could not be, else 0."""
    weights = asked.weights or asked.data / WEIGHTS
    if not weights.exists():
        raise SystemExit(f"there is no {weights}; give --weights")
    asked.cache.mkdir(parents=True, exist_ok=True)
    kept = read_cells(asked.results)
    facts: dict[str, Facts] = {}
    environments: dict[str, Path] = {}
    left_out = 0
    for number, place in enumerate(places, 1):
        contender = table.contenders[place.contender]
        if place.dataset not in facts:
            facts[place.dataset] = make_set(place.dataset, asked.cache / "sets", asked.data, table.sources)
        own = facts[place.dataset]
        if place in kept and not asked.again and not asked.smoke and kept[place].digest == own.digest:
            continue
        name = contender.environment
        if name is not None and name not in environments:
            environments[name] = prepare_pinned(name, asked.cache / "environments")
        if not asked.force and not is_quiet(asked.wait):
            print(
                f"other programs keep the processors busy after {asked.wait:.0f} s: wait, or give --force",
                file=sys.stderr,
            )
            return 1
        job = Job(
            own,
            asked.cache / "sets" / place.dataset,
            SMOKE_SECONDS if asked.smoke else place.budget,
            place.seed,
            asked.cache / "working",
            weights if contender.weights else None,
            asked.mean,
            asked.std,
        )
        cell = measure(place, contender, job, interpreter(contender, environments))
        print(f"{number:>3} of {len(places)}  {told(cell, own)}", flush=True)
        if asked.smoke:
            print(f"  {dict(cell.notes)}", flush=True)
        elif cell.others_share > QUIET and not asked.force:
            left_out += 1
            print("  not kept: other programs were busy meanwhile", file=sys.stderr)
        else:
            write_facts(own, asked.results)
            write_json(place.path(asked.results), cell.to_dict(own))
    return 1 if left_out else 0


def is_quiet(wait: float) -> bool:
    """Whether other programs leave the processors alone, or do within some seconds."""
    begun, told_so = time.time(), False
    while idle_others() > QUIET:
        if time.time() - begun > wait:
            return False
        if not told_so:
            print("waiting for other programs to end...", file=sys.stderr, flush=True)
            told_so = True
        time.sleep(5)
    return True


def measure(place: Place, contender: Contender, job: Job, python: Path) -> Cell:
    """Lets a contender learn and answer."""
    shutil.rmtree(job.folder, ignore_errors=True)
    job.folder.mkdir(parents=True)
    load = os.getloadavg()[0]
    allowed = sorted(os.sched_getaffinity(0))[:PROCESSORS]
    # Nothing that an earlier cell left in a cache helps a later one, and nothing is fetched.
    environment = os.environ | {
        "XDG_CACHE_HOME": str(job.folder / "cache"),
        "OMP_WAIT_POLICY": "passive",
        "HF_HUB_OFFLINE": "1",
        "YOLO_OFFLINE": "true",
        "KERAS_BACKEND": "torch",
    }
    limit = 1.5 * job.budget + 60 + (0 if contender.answer else SLOWEST_ANSWERS)
    learnt = watch(
        contender.learn(job, python),
        log=job.folder / "learn.log",
        environment=environment,
        limit=limit,
        ready=None if contender.answer else job.ready,
        processors=allowed,
    )
    failure = failed(learnt)
    if contender.answer and not failure:
        command = contender.answer(job, python)
        answered = watch(
            command, log=job.folder / "answer.log", environment=environment, limit=SLOWEST_ANSWERS, processors=allowed
        )
        failure = failed(answered)
    answers, notes = "", {}
    if not failure:
        try:
            named = contender.read(job) if contender.read else read_answers(job.folder / "answers.csv")
            names = [path.name for path in test_pictures(job.data)]
            answers = packed_answers(named, names, job.facts.classes)
            notes = contender.notes(job) if contender.notes else peer_notes(job)
        except (OSError, ValueError, KeyError, StopIteration) as error:
            failure = f"its answers cannot be read: {error}"
    uncounted = notes.pop("uncounted", {"wall": 0.0, "cpu": 0.0})
    versions = notes.pop("versions", {}) or {
        name: metadata.version(name) for name in ("torch", "openvino", "numpy")
    } | {"striate": own_version()}
    return Cell(
        place=place,
        digest=job.facts.digest,
        answers=answers,
        wall_seconds=round(learnt.wall_seconds - uncounted["wall"], 2),
        cpu_seconds=round(max(0.0, learnt.cpu_seconds - uncounted["cpu"]), 2),
        memory_megabytes=round(learnt.memory_megabytes),
        others_share=round(learnt.others_share, 3),
        load_before=round(load, 2),
        when=date.today().isoformat(),
        machine=describe_processor(),
        processors=len(allowed),
        versions={"python": sys.version.split()[0], **versions},
        notes=notes,
        failure=failure,
    )


def own_version() -> str:
    """Striate's version and the commit that it is of, `+` behind it where files were changed since."""
    said = []
    for command in (["rev-parse", "--short", "HEAD"], ["status", "--porcelain", "--", ":/src"]):
        done = subprocess.run(["git", "-C", str(HERE), *command], check=False, capture_output=True, text=True)
        said.append(done.stdout.strip() if done.returncode == 0 else "")
    commit, changed = said
    return metadata.version("striate") + (f" ({commit}{'+' if changed else ''})" if commit else "")


def failed(measured: Measured) -> str:
    """Why a program did not end well; "" if it did."""
    if measured.code == 0:
        return ""
    lines = [line for line in measured.output.strip().splitlines() if line.strip()]
    ended = "it took too long" if measured.code == -signal.SIGKILL else f"it ended with {measured.code}"
    return f"{ended}: {lines[-1][:300] if lines else 'it said nothing'}"


def told(cell: Cell, facts: Facts) -> str:
    """A line for whoever watches."""
    if cell.failure:
        return f"{cell.place!s:<40} failed: {cell.failure}"
    accuracy = float(numpy.mean(cell.right(facts)))
    return (
        f"{cell.place!s:<40} {accuracy:7.2%}  {cell.wall_seconds:6.1f} s  {cell.cpu_seconds:6.1f} CPU s  "
        f"{cell.memory_megabytes:6,.0f} MB  others {cell.others_share:.0%}"
    )
