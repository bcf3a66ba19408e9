"""What the parts of `serving.py` serve and send: bundles and requests, made when they are first asked for."""

from __future__ import annotations

import base64
import json
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path

import numpy as np
from environments import prepare_pinned
from performance import bundle_of, make_photographs
from PIL import Image

import striate
from serving.load import request_of, write_requests

PICTURES = 200
"""Different ones that are sent."""


@dataclass(frozen=True)
class Materials:
    """Bundles of lenet5_dense and mobilenet_v2, and requests with pictures of either kind."""

    asked: Namespace
    scratch: Path

    @cached_property
    def litserve(self) -> Path:
        """The interpreter of LitServe's own environment."""
        return prepare_pinned("litserve", self.asked.cache / "environments")

    @cached_property
    def digits(self) -> Path:
        """A run of lenet5_dense on the digits that come with Striate."""
        return self.trained(0)

    def trained(self, seed: int) -> Path:
        """The same, of a seed."""
        folder = self.scratch / f"digits-{seed}"
        striate.train("digits", model="lenet5_dense", epochs=2, seed=seed, output=folder)
        return folder

    @cached_property
    def mobilenet(self) -> Path:
        """A bundle of mobilenet_v2 for a thousand classes, with random weights."""
        self.photographs  # noqa: B018 - made first: the canaries are of them
        return bundle_of(self.scratch, "mobilenet_v2")

    @cached_property
    def photographs(self) -> Path:
        """A folder of JPEG files of 500 x 375 pixels."""
        folder = self.scratch / "pictures"
        make_photographs(folder, self.asked.photographs)
        return folder

    @cached_property
    def digit_files(self) -> list[bytes]:
        """PNG files of 8 x 8 pixels."""
        pictures = striate.load_data("digits").pictures
        return [_png(np.asarray(pictures.read(row)).reshape(8, 8)) for row in range(PICTURES)]

    @cached_property
    def photograph_files(self) -> list[bytes]:
        """The photographs."""
        return [path.read_bytes() for path in sorted(self.photographs.iterdir())]

    def requests(self, name: str, files: Sequence[bytes], make: Callable[[bytes], bytes]) -> Path:
        """A file of requests, one for each file."""
        return write_requests(self.scratch / f"{name}.requests", [make(data) for data in files])

    @cached_property
    def digit_requests(self) -> dict[str, Path]:
        """By what is asked."""
        ways = {"striate": as_file, "striate, /v2": as_tensor("digits"), "litserve": as_base64}
        return {name: self.requests(name.replace("/", ""), self.digit_files, make) for name, make in ways.items()}

    @cached_property
    def photograph_requests(self) -> Path:
        """A photograph each, as a file."""
        return self.requests("photographs", self.photograph_files, as_file)


def _png(pixels: np.ndarray) -> bytes:
    buffer = BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def as_file(data: bytes) -> bytes:
    """To `/predict`, the file as the body."""
    return request_of("/predict", data, "application/octet-stream")


def as_base64(data: bytes) -> bytes:
    """To LitServe's `/predict`, as its examples send pictures."""
    return request_of("/predict", json.dumps({"picture": base64.b64encode(data).decode()}).encode(), "application/json")


def as_tensor(model: str) -> Callable[[bytes], bytes]:
    """To the Open Inference Protocol, as bytes behind the JSON, asking for what LitServe answers."""

    def made(data: bytes) -> bytes:
        blob = len(data).to_bytes(4, "little") + data
        given = {"name": "picture", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": len(blob)}}
        outputs = [{"name": name} for name in ("label", "probability", "probabilities")]
        table = json.dumps({"inputs": [given], "outputs": outputs}).encode()
        more = f"Inference-Header-Content-Length: {len(table)}\r\n"
        return request_of(f"/v2/models/{model}/infer", table + blob, "application/octet-stream", more)

    return made


def litserve_command(materials: Materials, bundle: Path, settings: Sequence[str]) -> list[str | Path]:
    """LitServe with a bundle."""
    peer = Path(__file__).parents[1] / "peers" / "litserve_peer.py"
    return [materials.litserve, peer, bundle, "--port", "PORT", *settings]


def bare_command(bundle: Path, requests: Path, seconds: float, *, alone: bool = False) -> list[str]:
    """The engine without a server, on the files of a folder."""
    command = [sys.executable, str(Path(__file__).parent / "bare.py"), str(bundle), str(requests)]
    return [*command, "--seconds", str(seconds), *(["--alone"] if alone else [])]
