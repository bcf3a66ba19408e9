"""The pictures that units would most like to see, beside those of Lucent, and how strongly the units answer to them.

    python benchmarks/feature_visualization.py WEIGHTS PICTURES [--folder FOLDER] [--earlier FILE]

The network is `mobilenet_v2` with ImageNet's weights (WEIGHTS, which take pixels of -1 to 1); the units are two of each of four stages and
two classes. A picture's figure is what its unit answers to it, the mean of a map or a logit, over 32 random crops that nobody chose
anything by, less the mean over real PICTURES, in deviations over these. Lucent's picture is enlarged to the network's input, as Lucent
itself does. All pictures are kept in FOLDER, with a sheet of them side by side; Lucent's, which take a minute and more each, are not made
again. `--earlier` adds another file that has a function `maximize`.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from environments import prepare_pinned
from PIL import Image, ImageDraw
from torch import Tensor, nn
from torch.nn import functional

import striate
from striate.hardware import describe_processor
from striate.pixels import decode
from striate.seeing.maximization import favourite_pictures
from striate.seeing.seen_network import SeenNetwork, seen_network
from striate.visualization import layer_output

UNITS = {
    "features.3": [2, 10],
    "features.7": [3, 30],
    "features.13": [5, 60],
    "features.17": [10, 200],
    "head": [207, 985],
}
SIDE, CROPS, JITTER, REAL = 224, 32, 16, 100
RESULT = Path(__file__).parent / "results" / "feature_visualization.json"


def answers(network: nn.Module, images: Tensor, layer: str) -> Tensor:
    """(N, units): a map's mean, or a logit, of pictures of 0 to 1."""
    found = []
    with torch.no_grad():
        for part in (images * 2 - 1).split(16):
            maps = layer_output(network, part.contiguous(memory_format=torch.channels_last), layer)
            found.append(maps.mean(dim=(2, 3)) if maps.ndim == 4 else maps)
    return torch.cat(found)


def real_pictures(folder: Path) -> Tensor:
    """(n, 3, 224, 224) of 0 to 1: the middles of some pictures, evenly spread over the folder."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg"})
    images = []
    for path in paths[:: max(1, len(paths) // REAL)][:REAL]:
        image = Image.fromarray(decode(path)).convert("RGB")
        image = image.resize([round(side * SIDE / min(image.size)) for side in image.size], Image.Resampling.BILINEAR)
        left, upper = (image.width - SIDE) // 2, (image.height - SIDE) // 2
        images.append(as_tensor(np.asarray(image.crop((left, upper, left + SIDE, upper + SIDE))) / np.float32(255)))
    return torch.stack(images)


def as_tensor(picture: np.ndarray) -> Tensor:
    """(3, 224, 224) of (height, width, 3)."""
    image = torch.from_numpy(np.ascontiguousarray(picture, np.float32)).permute(2, 0, 1)
    if image.shape[1] == SIDE:
        return image
    return functional.interpolate(image[None], size=(SIDE, SIDE), mode="bilinear", align_corners=True)[0]


def crops(picture: np.ndarray) -> Tensor:
    """(32, 3, 224, 224): the picture moved by up to 16 pixels, mirrored at its rim."""
    wide = functional.pad(as_tensor(picture)[None], [JITTER] * 4, mode="reflect")[0]
    places = torch.randint(2 * JITTER + 1, (CROPS, 2), generator=torch.Generator().manual_seed(2026)).tolist()
    return torch.stack([wide[:, down : down + SIDE, right : right + SIDE] for down, right in places])


def timed(draw: Callable[[], np.ndarray]) -> tuple[np.ndarray, list[float]]:
    """What was drawn, and the seconds of processor and clock that it took."""
    wall, processor = time.perf_counter(), time.process_time()
    pictures = draw()
    return pictures, [time.process_time() - processor, time.perf_counter() - wall]


def earlier(file: Path, seen: SeenNetwork, layer: str, unit: int) -> np.ndarray:
    """(height, width, 3) of 0 to 1, by the `maximize` of another file."""
    found = importlib.util.spec_from_file_location("earlier", file)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    mean, std = seen.preprocessing.statistics
    images = module.maximize(seen.network, layer=layer, unit=unit, mean=mean, std=std, steps=48)
    return seen.preprocessing.restored(images.numpy())[0] / np.float32(255)


def by_lucent(python: Path, weights: str, layer: str, unit: int, folder: Path) -> tuple[np.ndarray, list[float]]:
    """Its picture, (height, width, 3) of 0 to 1, and the seconds of processor and clock: made in a process of its own, and kept."""
    kept = folder / f"lucent-{layer}-{unit}.npz"
    if not kept.exists():
        peer = Path(__file__).parent / "peers" / "lucent_peer.py"
        source = os.environ | {"PYTHONPATH": str(Path(striate.__file__).parents[1]), "OMP_NUM_THREADS": "1"}
        subprocess.run([python, peer, weights, layer, str(unit), kept], check=True, env=source)
    with np.load(kept) as found:
        return found["picture"], found["seconds"].tolist()


def sheet(rows: dict[str, list[tuple[np.ndarray, str]]], path: Path) -> None:
    """A row a way, a column a unit."""
    width = max(len(row) for row in rows.values())
    whole = Image.new("RGB", (width * (SIDE + 4) + 80, len(rows) * (SIDE + 18)), "white")
    draw = ImageDraw.Draw(whole)
    for down, (name, row) in enumerate(rows.items()):
        draw.text((2, down * (SIDE + 18) + SIDE // 2), name, fill="black")
        for across, (picture, text) in enumerate(row):
            image = Image.fromarray(np.rint(picture.clip(0, 1) * 255).astype(np.uint8)).resize((SIDE, SIDE))
            whole.paste(image, (80 + across * (SIDE + 4), down * (SIDE + 18)))
            draw.text((82 + across * (SIDE + 4), down * (SIDE + 18) + SIDE + 2), text, fill="black")
    whole.save(path)


def main() -> None:
    """Draws, measures, writes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights")
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--folder", type=Path, default=Path("feature_visualization"))
    parser.add_argument("--earlier", type=Path, help="a file with another function maximize")
    parser.add_argument("--without-lucent", action="store_true")
    parser.add_argument("--output", type=Path, default=RESULT)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    seen = seen_network("mobilenet_v2", weights=given.weights, mean=[0.5] * 3, std=[0.5] * 3)
    seen.network.eval()
    python = None if given.without_lucent else prepare_pinned("lucent", given.folder)
    real, rows, drawn = real_pictures(given.pictures), [], {}
    for layer, units in UNITS.items():
        usual = answers(seen.network, real, layer)
        mean, deviation = usual.mean(dim=0), usual.std(dim=0)
        for unit in units:
            ways = {"striate": timed(lambda: favourite_pictures(seen, layer, [unit])[0] / np.float32(255))}  # noqa: B023
            if given.earlier is not None:
                ways["earlier"] = timed(lambda: earlier(given.earlier, seen, layer, unit))  # noqa: B023
            if python is not None:
                ways["lucent"] = by_lucent(python, given.weights, layer, unit, given.folder)
            for way, (picture, (processor, wall)) in ways.items():
                answer = float(answers(seen.network, crops(picture), layer)[:, unit].mean())
                deviations = round((answer - float(mean[unit])) / float(deviation[unit]), 1)
                row = {"way": way, "layer": layer, "unit": unit, "deviations": deviations}
                rows.append(row | {"processor seconds": round(processor, 1), "seconds": round(wall, 1)})
                drawn.setdefault(way, []).append((picture, f"{layer} {unit}: {deviations:+.1f}"))
                print(rows[-1], file=sys.stderr, flush=True)
            sheet(drawn, given.folder / "sheet.png")
    made_on = {
        "processor": describe_processor(),
        "threads": torch.get_num_threads(),
        "threads of lucent": 1,
        "load average": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }
    told = {"made on": made_on, "network": "mobilenet_v2", "real pictures": len(real), "rows": rows}
    given.output.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
