"""The winner of a tournament in the place of its run: the best so far while it goes on, and measured on the test pictures at the end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from striate.bundle import open_bundle
from striate.data import Dataset
from striate.deciding.run_plan import RunPlan
from striate.durable_writing import folder_beside, write_durably
from striate.errors import BundleError, UsageError
from striate.folder_exchange import move_in_place, put_in_place
from striate.runs.carrying_out import open_examples, seal_run
from striate.runs.final_report import write_training_report
from striate.runs.leaked_pictures import judge_leaks
from striate.runs.worth_knowing import judge_run, judge_sealing, keep_findings
from striate.runtime.torch_engine import build_network
from striate.training.run_folder import BUNDLE, METRICS, RECIPE, read_history
from striate.watching import Watcher, tell


def take_place(top: Path, candidate: Path) -> None:
    """The candidate's bundle, recipe and figures become those of the run; done twice, it is as done once.

    Args:
        top: The run's folder.
        candidate: The candidate's own.

    Raises:
        OSError: If the disk is full; the run's bundle is whole all the same.
    """
    if digest_at(top) != digest_at(candidate):
        put_in_place(candidate / BUNDLE, top / BUNDLE)
    figures = candidate / METRICS
    write_durably(top / METRICS, figures.read_bytes() if figures.is_file() else b"")
    write_durably(top / RECIPE, (candidate / RECIPE).read_bytes())


def digest_at(folder: Path) -> str:
    """What tells the bundle of a run from others; empty if it has none that can be read."""
    try:
        return open_bundle(folder / BUNDLE).digest
    except (UsageError, BundleError):
        return ""


def finish(
    top: Path,
    candidate: Path,
    dataset: Dataset,
    *,
    timings: Mapping[str, float],
    watcher: Watcher,
    begun: float,
    go_on: str = "",
) -> None:
    """Measures the winner on the test pictures, seals it so, and writes the findings and the report.

    Args:
        top: The run's folder.
        candidate: The winner's own.
        dataset: With splits.
        timings: What took how many seconds.
        watcher: Hears how it goes, and what is worth knowing.
        begun: `time.monotonic()` at which this began.
        go_on: How a winner that was stopped early goes on learning; empty where it came to its end.
    """
    take_place(top, candidate)
    plan, history = RunPlan.from_toml(candidate / RECIPE), read_history(candidate)
    network = build_network(open_bundle(candidate / BUNDLE))
    store, *_ = open_examples(dataset, plan, watcher)
    watcher.task("sealing", 0, 1)
    with folder_beside(top / BUNDLE) as own:
        sealed = seal_run(own / BUNDLE, plan, dataset, store, network)
        move_in_place(own / BUNDLE, top / BUNDLE)
    watcher.task("sealing", 1, 1)
    few = judge_sealing(sealed, len(dataset.indices("val")))
    leaks = judge_leaks(dataset, sealed.measured)
    judged = (*judge_run(plan, dataset, history, sealed.measured.scores, go_on=go_on), *leaks, *few)
    known = keep_findings(top, plan, judged)
    spent = {**timings, "sealing": time.monotonic() - begun}
    write_training_report(top, plan, dataset, store, sealed, network, history, spent, known)
    tell(judged, watcher)
