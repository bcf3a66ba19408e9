"""The engine without a server: pictures a second as `striate predict` does it, or the time of one picture at a time; as JSON.

    python benchmarks/serving/bare.py BUNDLE PICTURES --seconds 4 [--alone]

PICTURES is a folder of files, which are in memory before it begins; all are decoded, prepared and answered with five classes.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from striate.runtime import load_classifier

WARM_UP = 0.5
"""Seconds that do not count."""


def main() -> None:
    """Measures once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--alone", action="store_true", help="one at a time")
    asked = parser.parse_args()
    classifier = load_classifier(asked.bundle, precision="auto")
    files = [path.read_bytes() for path in sorted(asked.pictures.iterdir())]
    begun = time.perf_counter() + WARM_UP
    end = begun + asked.seconds

    def until_the_end() -> Iterator[bytes]:
        while True:
            for data in files:
                if time.perf_counter() > end:
                    return
                yield data

    if asked.alone:
        encode, taken = classifier.contract.preprocessing.encode, []
        for data in until_the_end():
            started = time.perf_counter()
            classifier.rows(["picture"], *classifier.answers_to_pixels(encode(data)[np.newaxis]), top=5)
            if started > begun:
                taken.append((time.perf_counter() - started) * 1000)
        print(json.dumps({"milliseconds": taken}))
        return
    count, processor, first = 0, 0.0, begun
    for _ in classifier.stream(until_the_end(), top=5):
        if time.perf_counter() < begun:
            continue
        if not count:
            processor, first = time.process_time(), time.perf_counter()
        count += 1
    took = time.perf_counter() - first
    print(json.dumps({"a_second": count / took, "microseconds": (time.process_time() - processor) / count * 1e6}))


if __name__ == "__main__":
    main()
