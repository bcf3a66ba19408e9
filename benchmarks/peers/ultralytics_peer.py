"""Ultralytics: `yolo classify train` from nothing, its smallest network, within its own time limit; then `yolo classify predict`.

The program is AGPL and is run as a program: nothing of it is imported. As its documentation has it, with `time`, which fits epochs
and schedule into the hours given, pictures kept in memory, and its default augmentation; characters are not mirrored. It takes the
largest pictures of which ten epochs are likely to fit, by the time of a plain convolution here.

Source: https://docs.ultralytics.com/tasks/classify, https://docs.ultralytics.com/modes/train.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

from peer import Job, median_seconds
from PIL import Image

NETWORK = "yolo11n-cls.yaml"
MULTIPLY_ADDS = 0.25e9
"""Of one picture of 224 pixels, forward, by its documentation (0.5 G floating-point operations)."""
OF_THE_PEAK = 0.35
"""Share of a plain convolution's speed that its training reaches."""
SIDES = (32, 64, 96, 128, 160, 224)
LEAST_EPOCHS = 10
START, END = 10.0, 5.0
"""Seconds that the program takes before its clock starts, and after it has stopped."""


def convolution_speed() -> float:
    """Multiply-adds a second of a plain convolution, forward and backward."""
    import torch

    layer = torch.nn.Conv2d(64, 64, 3, padding=1)
    images = torch.randn(16, 64, 56, 56, requires_grad=True)
    seconds = median_seconds(lambda: layer(images).sum().backward())
    return 3 * 16 * 64 * 64 * 9 * 56 * 56 / seconds


def choose_side(job: Job) -> int:
    """The side of the input."""
    pictures = [path for path, _ in job.pictures("train")]
    with Image.open(pictures[len(pictures) // 2]) as opened:
        typical = min(opened.size)
    largest = 224 if typical >= 96 else max(32, min(128, 2 * typical))
    speed = OF_THE_PEAK * convolution_speed()
    fitting = [
        side
        for side in SIDES
        if side <= largest
        and LEAST_EPOCHS * len(pictures) * 3 * MULTIPLY_ADDS * (side / 224) ** 2 / speed <= job.left() - START - END
    ]
    return max(fitting, default=min(SIDES))


def yolo(job: Job, *arguments: str) -> None:
    """Runs the program."""
    environment = os.environ | {"YOLO_CONFIG_DIR": str(job.output), "YOLO_OFFLINE": "true"}
    program = Path(sys.executable).parent / "yolo"
    subprocess.run([str(program), "classify", *arguments], check=True, env=environment, cwd=job.output)


def main() -> None:
    """Learns, answers."""
    job = Job()
    with job.uncounted():
        side = choose_side(job)
    batch = 64 if len(job.pictures("train")) >= 640 else 16
    hours = max(1.0, job.left() - START - END) / 3600
    yolo(
        job,
        "train",
        f"model={NETWORK}",
        f"data={job.data}",
        f"time={hours:.6f}",
        f"imgsz={side}",
        f"batch={batch}",
        f"seed={job.seed}",
        f"project={job.output}",
        "name=learnt",
        "device=cpu",
        "workers=2",
        "cache=ram",
        "plots=False",
        "pretrained=False",
        f"fliplr={0.5 if job.mirrored else 0.0}",
    )
    with (job.output / "learnt" / "results.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    best = max((float(row["metrics/accuracy_top1"]) for row in rows), default=0.0)
    job.note(size=side, epochs=len(rows), val_accuracy=best)
    job.ready("ultralytics", "torch", "torchvision")
    listed = job.output / "test.txt"
    listed.write_text("\n".join(str(path.resolve()) for path, _ in job.pictures("test")), encoding="utf-8")
    yolo(
        job,
        "predict",
        f"model={job.output / 'learnt' / 'weights' / 'best.pt'}",
        f"source={listed}",
        f"imgsz={side}",
        f"project={job.output}",
        "name=answered",
        "device=cpu",
        "batch=32",
        "save=False",
        "save_txt=True",
        "verbose=False",
    )
    answers = {}
    for path, _ in job.pictures("test"):
        text = (job.output / "answered" / "labels" / f"{path.stem}.txt").read_text(encoding="utf-8")
        answers[path.name] = text.splitlines()[0].split(" ", 1)[1]
    job.answer(answers)


if __name__ == "__main__":
    main()
