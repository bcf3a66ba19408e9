"""The tour of `make demo`: train LeNet-5 on handwritten digits, evaluate it, and predict a few that it has never seen."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from pathlib import Path

from PIL import Image

import striate
from striate.data import assign_splits, check_pictures

SHOWN = 5


def run(*arguments: str) -> str:
    """Runs a `striate` command as a user would, shows it, and answers what it printed."""
    print("\n$ striate " + shlex.join(arguments), flush=True)
    command = [str(Path(sys.executable).with_name("striate")), *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout


def save_held_out_digits(folder: Path) -> list[Path]:
    """Writes a few digits of the test split as picture files, named for what they are."""
    digits = assign_splits(check_pictures(striate.load_data("digits")), seed=0)
    held_out = digits.select(digits.indices("test"))
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for index in range(SHOWN):
        path = folder / f"{index + 1}-a-{digits.classes[held_out.labels[index]]}.png"
        Image.fromarray(held_out.pictures.read(index)).save(path)
        paths.append(path)
    return paths


def main() -> None:
    """Trains, evaluates, predicts, and says where the report is."""
    begun = time.monotonic()
    result = json.loads(run("train", "digits", "--quick", "--json"))
    folder = result["run"]
    print(run("evaluate", folder, "digits"))
    pictures = save_held_out_digits(Path(folder) / "held-out")
    print(run("predict", folder, *map(str, pictures)))
    print(f"accuracy on held-out digits  {result['accuracy']:.2%}")
    print(f"report                       {Path(result['report']).absolute()}")
    print(f"all of this took             {time.monotonic() - begun:.0f} s")
    print(
        f"see it at work               {shlex.quote(str(Path(sys.executable).with_name('striate')))} studio {shlex.quote(folder)}"
    )


if __name__ == "__main__":
    main()
