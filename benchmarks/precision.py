"""Do fp32 and bf16 learn the same? The same short training in both, with several seeds each.

    python benchmarks/precision.py --data imagenette --output results

DATA holds train/ and val/, a folder a class in each, so that all seeds share the split. Each run is `striate.train` from random weights;
everything but the precision and the seed is the same. Accuracy is on val/, of the averaged weights of the last epoch. Says whether the
accuracies overlap: whether the two ranges from the worst to the best seed do.

bf16 learns the same where it is emulated, but far more slowly: only a processor or GPU that computes it natively shows what it is
worth; which it was is written down. Writes `precision.jsonl`, a line a run, as the runs end, and takes up where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

PRECISIONS = ("fp32", "bf16")


def main() -> int:
    """Parses, trains, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder with train/ and val/, a folder a class in each")
    parser.add_argument("--model", default="resnet18", help="default resnet18")
    parser.add_argument("--size", type=int, default=128, help="side of the input in pixels; default 128")
    parser.add_argument("--epochs", type=int, default=5, help="default 5")
    parser.add_argument("--seeds", type=int, default=3, help="how many; default 3")
    parser.add_argument("--batch-size", type=int, default=64, help="default 64")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results", help="where the log goes")
    arguments = parser.parse_args()
    if arguments.data is None or not (arguments.data / "val").is_dir():
        print("skipped: give --data, a folder with train/ and val/ such as imagenette")
        return 0
    arguments.output.mkdir(parents=True, exist_ok=True)
    log = arguments.output / "precision.jsonl"
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []
    for seed in range(arguments.seeds):
        for precision in PRECISIONS if seed % 2 == 0 else reversed(PRECISIONS):
            key = {name: getattr(arguments, name) for name in ("model", "size", "epochs", "batch_size")}
            key |= {"data": arguments.data.name, "precision": precision, "seed": seed}
            if any(key.items() <= row.items() for row in rows):
                continue
            row = key | train(arguments, precision, seed)
            rows.append(row)
            with log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            print(f"{precision} seed {seed}: {row['accuracy']:.2%} in {row['seconds']:.0f} s", flush=True)
    asked = {name: getattr(arguments, name) for name in ("model", "size", "epochs", "batch_size")}
    compare([row for row in rows if asked.items() <= row.items() and row["data"] == arguments.data.name])
    return 0


def train(arguments: argparse.Namespace, precision: str, seed: int) -> dict[str, Any]:
    """One run: its accuracy, its time, and on what."""
    import torch

    import striate
    from striate.training.precision import computes_bf16_natively

    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        run = striate.train(
            arguments.data,
            model=arguments.model,
            size=arguments.size,
            epochs=arguments.epochs,
            batch_size=arguments.batch_size,
            seed=seed,
            precision=precision,
            device=arguments.device,
            output=Path(folder) / "run",
        )
        seconds = time.perf_counter() - begun
        accuracy, history = run.metrics["val"]["accuracy"], run.history()
    chosen = "cuda" if arguments.device != "cpu" and torch.cuda.is_available() else "cpu"
    return {
        "accuracy": accuracy,
        "train_loss": [round(row["train_loss"], 5) for row in history],
        "val_accuracy": [round(row["val_accuracy"], 5) for row in history],
        "seconds": round(seconds, 1),
        "bf16_natively": computes_bf16_natively(torch.device(chosen)),
        "hardware": torch.cuda.get_device_name() if chosen == "cuda" else platform.processor() or platform.machine(),
        "versions": f"Striate {striate.__version__}, torch {torch.__version__}, Python {platform.python_version()}",
    }


def compare(rows: list[dict[str, Any]]) -> None:
    """Prints both precisions' accuracies, and whether they overlap."""
    ranges = {}
    print("\n| precision | runs | mean accuracy | worst to best seed |\n|---|---|---|---|")
    for precision in PRECISIONS:
        values = [row["accuracy"] for row in rows if row["precision"] == precision]
        ranges[precision] = min(values), max(values)
        print(
            f"| {precision} | {len(values)} | {statistics.mean(values):.2%} | {min(values):.2%} to {max(values):.2%} |"
        )
    overlap = max(low for low, _ in ranges.values()) <= min(high for _, high in ranges.values())
    print(f"\nthe accuracies {'overlap' if overlap else 'do not overlap'}")
    if not all(row["bf16_natively"] for row in rows):
        print("bf16 was emulated in some of the runs: it learns the same, but its time means nothing")


if __name__ == "__main__":
    sys.exit(main())
