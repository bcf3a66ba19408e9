"""Transfer learning, cold: `striate train` beside fastai's `fine_tune`, whole processes, in turns.

    python benchmarks/transfer.py --data photos/hymenoptera --weights mobilenet_v2.pth --mean 0.5 --std 0.5

DATA holds train/ and val/ with a folder a class; WEIGHTS is a file with torchvision's names for mobilenet_v2. Each round runs
both once, in alternating order; each run is a new process, and Striate's caches are empty. Time is that of the whole
process: imports, reading, training, and, for Striate, sealing, evaluating and reporting. Accuracy is on val/, which Striate does
not learn from, nor does fastai.

fastai is installed once into `benchmarks/.environments/fastai`, which uses the torch that is here.
Writes `transfer.json` and `transfer.md` into --output.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import Any

from environments import prepare

HERE = Path(__file__).parent
EPOCHS = 3


def main() -> None:
    """Parses, measures, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder with train/ and val/, a folder a class in each")
    parser.add_argument("--weights", type=Path, help="mobilenet_v2 with torchvision's names")
    parser.add_argument("--mean", type=float, default=0.5, help="what the weights subtract from 0..1 pixels")
    parser.add_argument("--std", type=float, default=0.5, help="what they divide by")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each; default 3")
    parser.add_argument("--transfer", default="auto", help="what Striate is told; `default` tells it nothing")
    parser.add_argument("--only", choices=("striate", "fastai"), help="run one of them alone")
    parser.add_argument("--output", type=Path, default=HERE / "results", help="where the two files go")
    arguments = parser.parse_args()
    if arguments.data is None or arguments.weights is None:
        print("skipped: give --data (a folder with train/ and val/) and --weights (mobilenet_v2, torchvision's names)")
        return
    for path in (arguments.data / "train", arguments.data / "val", arguments.weights):
        if not path.exists():
            print(f"skipped: there is no {path}")
            return
    names = [arguments.only] if arguments.only else ["striate", "fastai"]
    python = prepare("fastai") if "fastai" in names else None
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for number in range(arguments.rounds):
        # Every other round runs backwards: who goes first finds another machine than who goes second.
        for name in names if number % 2 == 0 else reversed(names):
            with tempfile.TemporaryDirectory() as folder:
                if name == "striate":
                    command = striate_command(arguments, Path(folder), seed=number)
                else:
                    command = fastai_command(arguments, python or Path(), seed=number)
                run = timed(command, Path(folder))
            runs[name].append(run)
            print(f"round {number + 1}: {name:<8} {run['seconds']:6.1f} s  accuracy {run['accuracy']:.2%}", flush=True)
    arguments.output.mkdir(parents=True, exist_ok=True)
    result = gather(arguments, runs)
    (arguments.output / "transfer.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    table = markdown(result)
    (arguments.output / "transfer.md").write_text(table, encoding="utf-8")
    print(table)


def striate_command(arguments: argparse.Namespace, folder: Path, *, seed: int) -> list[str]:
    """What a user would type."""
    command = [sys.executable, "-m", "striate", "train", str(arguments.data), "--model", "mobilenet_v2"]
    command += ["--weights", str(arguments.weights), "--mean", str(arguments.mean), "--std", str(arguments.std)]
    command += [] if arguments.transfer == "default" else ["--transfer", arguments.transfer]
    return [*command, "--seed", str(seed), "--output", str(folder / "run"), "--json", "--quiet"]


def fastai_command(arguments: argparse.Namespace, python: Path, *, seed: int) -> list[str]:
    """The peer's script."""
    command = [str(python), str(HERE / "fastai_fine_tune.py"), str(arguments.data), str(arguments.weights)]
    command += ["--mean", str(arguments.mean), "--std", str(arguments.std)]
    return [*command, "--epochs", str(EPOCHS), "--seed", str(seed)]


def timed(command: list[str], folder: Path) -> dict[str, Any]:
    """Runs a process whose last line of output is JSON; answers seconds, accuracy and what else it said."""
    environment = os.environ | {"XDG_CACHE_HOME": str(folder / "cache"), "OMP_WAIT_POLICY": "passive"}
    begun = time.perf_counter()
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    seconds = time.perf_counter() - begun
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()[-2000:]}")
    said = json.loads(done.stdout.strip().splitlines()[-1])
    return {"seconds": seconds, "accuracy": said["accuracy"], "versions": said.get("versions", {})}


def gather(arguments: argparse.Namespace, runs: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """All that was measured, and on what."""
    result: dict[str, Any] = {
        "data": arguments.data.name,
        "weights": arguments.weights.name,
        "transfer": arguments.transfer,
        "processor": processor(),
        "processors": os.cpu_count(),
        "load_average_at_the_end": os.getloadavg()[0],
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in ("striate", "torch", "openvino", "numpy")},
        "peer_versions": runs["fastai"][0]["versions"] if "fastai" in runs else {},
        "runs": {
            name: [{key: run[key] for key in ("seconds", "accuracy")} for run in own] for name, own in runs.items()
        },
    }
    result["summary"] = {
        name: {
            "n": len(own),
            **{f"{key}_median": statistics.median(run[key] for run in own) for key in ("seconds", "accuracy")},
            **{
                f"{key}_range": [min(run[key] for run in own), max(run[key] for run in own)]
                for key in ("seconds", "accuracy")
            },
        }
        for name, own in runs.items()
    }
    return result


def markdown(result: dict[str, Any]) -> str:
    """The same as a page."""
    versions = ", ".join(
        f"{name} {version}" for name, version in (result["versions"] | result["peer_versions"]).items()
    )
    lines = [
        f"# Transfer learning on {result['data']}, whole processes from a cold start",
        "",
        f"{result['processors']} processors ({result['processor']}); Python {result['python']}, {versions}. mobilenet_v2 from "
        f"{result['weights']}; Striate with --transfer {result['transfer']}, fastai with fine_tune({EPOCHS}).",
        "",
        "| | n | seconds, median (range) | accuracy on val, median (range) |",
        "|---|---|---|---|",
    ]
    for name, figures in result["summary"].items():
        low, high = figures["seconds_range"]
        worst, best = figures["accuracy_range"]
        lines.append(
            f"| {name} | {figures['n']} | {figures['seconds_median']:.1f} ({low:.1f} to {high:.1f}) "
            f"| {figures['accuracy_median']:.2%} ({worst:.2%} to {best:.2%}) |"
        )
    if len(result["summary"]) == 2:
        own, peer = result["runs"]["striate"], result["runs"]["fastai"]
        ratios = sorted(theirs["seconds"] / ours["seconds"] for ours, theirs in zip(own, peer, strict=True))
        lines += [
            "",
            f"Striate is {statistics.median(ratios):.1f} times as fast (round by round {ratios[0]:.1f} to {ratios[-1]:.1f}).",
        ]
    return "\n".join(lines) + "\n"


def processor() -> str:
    """The processor's name, as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main()
