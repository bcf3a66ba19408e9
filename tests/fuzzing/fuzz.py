"""Whatever bytes are read, the answer is what they hold or an exception that the docstrings name: never another, no hang, no huge memory.

    python tests/fuzzing/fuzz.py [--seconds 60] [--target pixels] [--seed 0] [--crashes FOLDER]

Where atheris is installed it finds inputs by coverage; else a seeded mutator of ours changes those of a small corpus, which is made by
code. An input that breaks the rule is kept in the folder, and the program ends with 1.
"""

from __future__ import annotations

import argparse
import faulthandler
import importlib.util
import io
import json
import os
import random
import resource
import struct
import subprocess
import sys
import tempfile
import threading
import time
import warnings
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from striate.errors import BundleError, DataError, PictureError, UsageError, WeightsError

MOST_SECONDS = 10.0
"""Of a processor, for one input; six times as long by the clock is a hang."""

MOST_MEMORY = 768 << 20
"""Bytes that the process may grow by, in all."""


@dataclass(frozen=True)
class Target:
    """What reads bytes from anybody."""

    name: str
    corpus: Callable[[], list[bytes]]
    read: Callable[[bytes, Path], object]
    """With a folder to write into."""
    documented: tuple[type[Exception], ...]


def pictures() -> list[bytes]:
    """A small picture in every format that is read and that Pillow writes, in every mode that it has there."""
    generator = np.random.default_rng(0)
    base = Image.fromarray(generator.integers(0, 256, (9, 7, 4), np.uint8))
    found = []
    exif = Image.Exif()
    exif[0x0112] = 6
    for kind in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "TGA", "ICO", "JPEG2000", "AVIF"):
        for mode in ("RGB", "RGBA", "L", "LA", "P", "1", "CMYK", "I;16"):
            for options in (
                {},
                {"exif": exif},
                {"compression": "tiff_deflate"},
                {"save_all": True, "append_images": [base]},
            ):
                buffer = io.BytesIO()
                try:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        base.convert(mode).save(buffer, kind, **options)
                except (OSError, ValueError, KeyError, TypeError, AttributeError):
                    continue
                found.append(buffer.getvalue())
    return list(dict.fromkeys(found))


def read_picture(content: bytes, folder: Path) -> object:
    from striate.pixels import decode

    return decode(content, max_pixels=1 << 20)


def contracts() -> list[bytes]:
    """The two JSON files of a bundle, as plain texts."""
    from striate.bundle import Canary, CanarySheet, Contract, PrecisionTerms
    from striate.bundle.contract import Architecture
    from striate.pixels import Preprocessing

    rule = Preprocessing(colour="grey", resize="exact", resize_size=(28, 28), crop=(32, 32), mean=(0.1,), std=(0.3,))
    contract = Contract(
        architecture=Architecture("lenet5", 2, 1),
        classes=("cat", "dog"),
        preprocessing=rule,
        precisions={"fp32": PrecisionTerms(1e-4, 1.0, 20)},
        metrics={"val": {"accuracy": 0.5, "count": 20, "fingerprint": "ab"}},
        data={"name": "pets", "fingerprint": "cd", "training_pictures": 3},
        versions={"striate": "0.1.0"},
        files={"model.safetensors": "00" * 32},
    )
    sheet = CanarySheet((Canary("0.png", {"cat": 1.5, "dog": -2.0}, "00ff"),), {"classes": "ab"})
    return [json.dumps(table.to_dict()).encode() for table in (contract, sheet)]


def read_contract(content: bytes, folder: Path) -> object:
    from striate.bundle.canaries import read_canaries
    from striate.bundle.contract import Contract, digest_of
    from striate.bundle.plain_json import read_json_object

    path = folder / "contract.json"
    path.write_bytes(content)
    table = read_json_object(path, "contract.json")
    if "canaries" in table:
        return read_canaries(path).logits(("cat", "dog"))
    table.pop("digest", None)
    return Contract.from_dict(table | {"digest": digest_of(table)})  # as who attacks would write it


def weights() -> list[bytes]:
    """A network's weights as safetensors and as torch writes them, in both of its formats, and a checkpoint around them."""
    import torch
    from safetensors.torch import save

    tensors = {
        "conv.weight": torch.ones(2, 1, 3, 3),
        "conv.bias": torch.zeros(2),
        "bn.num_batches_tracked": torch.tensor(3),
    }
    found = [save(tensors), save({"a": torch.ones(2)}, {"format": "pt"})]
    for content in (tensors, {"state_dict": tensors, "epoch": 3}, {"model": tensors, "ema": tensors}):
        for zipped in (True, False):
            buffer = io.BytesIO()
            torch.save(content, buffer, _use_new_zipfile_serialization=zipped)
            found.append(buffer.getvalue())
    return found


def read_weights(content: bytes, folder: Path) -> object:
    from striate.weights.reading import read_weights

    path = folder / ("weights.safetensors" if content[8:9] == b"{" else "weights.pth")
    path.write_bytes(content)
    return read_weights(path)


def idx_files() -> list[bytes]:
    """MNIST's kinds of files, plain and gzipped."""
    import gzip

    images = struct.pack(">BBBBIII", 0, 0, 8, 3, 2, 3, 4) + bytes(range(24))
    labels = struct.pack(">BBBBI", 0, 0, 8, 1, 2) + b"\0\1"
    return [images, gzip.compress(images), labels]


def read_idx(content: bytes, folder: Path) -> object:
    from striate.data.idx import read_idx

    path = folder / ("images.gz" if content[:2] == b"\x1f\x8b" else "images")
    path.write_bytes(content)
    return read_idx(path, 3).sum()


def tables() -> list[bytes]:
    """CSV tables of data, with all that they may hold."""
    return [
        b"path,label,split,group\na.png,cat,train,1\nb.png,dog,train,2\n=a.png,dog,val,3\n",
        b'\xef\xbb\xbflabel,path\r\n"cat, ""x""",a.png\r\ndog,b.png\r\n',
        "path,label\n./=a.png,'=1\nb.png,\u0301e\na.png,\u0301e\n".encode(),
    ]


def read_table(content: bytes, folder: Path) -> object:
    from striate.data.table import load_table

    for name in ("a.png", "b.png", "=a.png"):
        (folder / name).touch()
    path = folder / "table.csv"
    path.write_bytes(content)
    return load_table(path)


def indexes() -> list[bytes]:
    """Indexes of pictures, a small and an empty one."""
    from striate.retrieval.indexed_files import IndexedFiles, MadeBy, write_index

    rows = IndexedFiles(
        ["a.png", "b.png"], np.ones((2, 3), np.int64), np.ones((2, 32), np.uint8), np.eye(2, 4, dtype=np.float32)
    )
    written = []
    with tempfile.TemporaryDirectory() as folder:
        for one in (rows, IndexedFiles.empty()):
            write_index(path := Path(folder, "index.npz"), one, MadeBy("vgg16", "0" * 64, "fp32"))
            written.append(path.read_bytes())
    return written


def read_index(content: bytes, folder: Path) -> object:
    from striate.retrieval.indexed_files import read_index

    path = folder / "index.npz"
    path.write_bytes(content)
    return read_index(path)


TARGETS = (
    Target("pixels", pictures, read_picture, (PictureError,)),
    Target("contract", contracts, read_contract, (BundleError, UsageError)),
    Target("weights", weights, read_weights, (WeightsError,)),
    Target("idx", idx_files, read_idx, (DataError,)),
    Target("table", tables, read_table, (DataError,)),
    Target("index", indexes, read_index, (DataError,)),
)

TOKENS = (
    b"",
    b"\0",
    b"\xff",
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"[",
    b"]",
    b'"',
    b"{}",
    b"1e999",
    b"-1",
    b"NaN",
    b"null",
    b"," * 40,
)


def mutated(corpus: Sequence[bytes], luck: random.Random) -> bytes:
    """An input of the corpus with one to six changes, or two of them joined."""
    content = bytearray(luck.choice(corpus))
    for _ in range(luck.randint(1, 6)):
        place, length = luck.randrange(len(content) + 1), luck.randint(1, 9)
        how = luck.randrange(8)
        if how == 0:
            content[place : place + 1] = bytes([luck.randrange(256)])
        elif how == 1 and place < len(content):
            content[place] ^= 1 << luck.randrange(8)
        elif how == 2:
            content[place : place + length] = luck.choice(TOKENS)
        elif how == 3:
            content[place:place] = luck.randbytes(length)
        elif how == 4:
            del content[place : place + length * luck.randint(1, 20)]
        elif how == 5:
            content[place:place] = content[place : place + length * 8] * luck.randint(1, 20)
        elif how == 6:
            other = luck.choice(corpus)
            content[place:] = other[luck.randrange(len(other) + 1) :]
        else:
            content[place : place + 4] = luck.choice(
                (struct.pack("<I", luck.getrandbits(32)), struct.pack(">I", luck.getrandbits(16)))
            )
    if bytes(content[:8]) == b"\x89PNG\r\n\x1a\n" and luck.random() < 0.7:
        content[:] = with_png_sums(bytes(content))
    return bytes(content)


def with_png_sums(content: bytes) -> bytes:
    """A PNG file with the sums of its chunks computed anew, without which nothing behind them is read."""
    parts, place = [content[:8]], 8
    while place + 12 <= len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        body = content[place + 4 : place + 8 + length]
        if len(body) < 4 + length:
            break
        parts.append(content[place : place + 4] + body + struct.pack(">I", zlib.crc32(body)))
        place += 12 + length
    return b"".join(parts) + content[place:]


class Fault(Exception):
    """An input that breaks the rule."""


def checked(target: Target, content: bytes, folder: Path, memory: int) -> bool:
    """Reads an input; answers whether it was taken.

    Raises:
        Fault: If anything but a documented exception came of it, it took too long, or too much memory.
    """
    begun = time.process_time()
    taken = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            target.read(content, folder)
    except target.documented as error:
        taken = False
        if "\n" in str(error) and target.name != "table":
            raise Fault(f"several lines: {error}") from error
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        raise Fault(f"{type(error).__name__}: {error}") from error
    if time.process_time() - begun > MOST_SECONDS:
        raise Fault(f"it took {time.process_time() - begun:.1f} s")
    if peak() - memory > MOST_MEMORY:
        raise Fault(f"memory grew by {(peak() - memory) >> 20} MiB")
    return taken


def peak() -> int:
    """The most bytes of memory that the process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def fuzzed(
    target: Target, *, seconds: float, seed: int = 0, most: int | None = None
) -> tuple[int, int, list[tuple[bytes, str]]]:
    """Inputs tried, inputs taken, and those that break the rule with how."""
    luck, corpus, faults = random.Random(f"{target.name} {seed}"), target.corpus(), []
    tried = taken = 0
    with tempfile.TemporaryDirectory(prefix="striate-fuzz-") as scratch:
        for content in corpus:  # warms up what is imported when it is first used, too
            checked(target, content, Path(scratch), 1 << 60)
        memory, begun = peak(), time.monotonic()
        while time.monotonic() - begun < seconds and (most is None or tried < most):
            content = mutated(corpus, luck)
            tried += 1
            watch = threading.Timer(6 * MOST_SECONDS, hung, (target, content))
            watch.daemon = True
            watch.start()
            try:
                taken += checked(target, content, Path(scratch), memory)
            except Fault as fault:
                faults.append((content, str(fault)))
                memory = max(memory, peak())
            finally:
                watch.cancel()
    return tried, taken, faults


def hung(target: Target, content: bytes) -> None:
    """Keeps an input that nothing comes back of, and ends the process."""
    path = Path(tempfile.gettempdir()) / f"striate-hang-{target.name}-{zlib.crc32(content):08x}"
    path.write_bytes(content)
    print(f"{target.name}: nothing came of {path}", file=sys.stderr, flush=True)
    faulthandler.dump_traceback()
    os._exit(1)


def with_atheris(target: Target, seconds: float) -> None:
    """The same by coverage; never returns."""
    import atheris

    scratch = Path(tempfile.mkdtemp(prefix="striate-fuzz-"))
    corpus = scratch / "corpus"
    corpus.mkdir()
    for number, content in enumerate(target.corpus()):
        (corpus / str(number)).write_bytes(content)
    memory = peak()
    atheris.instrument_all()
    atheris.Setup(
        [sys.argv[0], f"-max_total_time={seconds:.0f}", str(corpus)],
        lambda content: checked(target, content, scratch, memory) and None,
    )
    atheris.Fuzz()


def main() -> None:
    """Fuzzes every target, or one; ends with 1 if an input breaks the rule."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="of all targets together")
    parser.add_argument("--target", choices=[target.name for target in TARGETS])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--own", action="store_true", help="our mutator, also where atheris is installed")
    parser.add_argument("--crashes", type=Path, default=Path(tempfile.gettempdir()) / "striate-crashes")
    asked = parser.parse_args()
    chosen = [target for target in TARGETS if asked.target in (None, target.name)]
    if importlib.util.find_spec("atheris") and not asked.own:
        if asked.target:
            with_atheris(chosen[0], asked.seconds)
        each = ["--seconds", str(asked.seconds / len(chosen))]
        ends = [subprocess.run([sys.executable, __file__, "--target", one.name, *each], check=False) for one in chosen]
        sys.exit(any(end.returncode for end in ends))
    broken = 0
    for target in chosen:
        tried, taken, faults = fuzzed(target, seconds=asked.seconds / len(chosen), seed=asked.seed)
        print(
            f"{target.name:10} {tried:8,} inputs, {taken:,} of them taken, {len(faults)} against the rule", flush=True
        )
        for content, said in faults:
            asked.crashes.mkdir(exist_ok=True, parents=True)
            path = asked.crashes / f"{target.name}-{zlib.crc32(content):08x}"
            path.write_bytes(content)
            print(f"  {path}: {said[:300]}")
        broken += len(faults)
    sys.exit(broken > 0)


if __name__ == "__main__":
    main()
