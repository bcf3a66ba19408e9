"""LitServe with a sealed bundle of Striate's: the same decoder, preprocessing and graph, and its own HTTP, queues and batches.

    python benchmarks/peers/litserve_peer.py BUNDLE --port 8000 [--batch 64] [--workers 1] [--api-servers 1] [--fast-queue]

`decode_request`, `batch` (numpy's, by LitServe itself), `predict` and `encode_response` are where its documentation has them; a picture
comes as base64 in JSON, as in its examples. Each worker has an engine of its own, with its share of the processors.

Source: https://lightning.ai/docs/litserve/features/batching, .../full-control, and the docstring of `LitServer`, version 0.2.19.
"""

from __future__ import annotations

import argparse
import base64
from pathlib import Path
from typing import Any

import litserve
import numpy as np

from striate.hardware import available_processors, use_at_most
from striate.runtime import load_classifier


class PictureAPI(litserve.LitAPI):
    """Answers a picture by the five most probable classes, as Striate does."""

    def __init__(self, bundle: Path, share: int, **options: Any) -> None:
        super().__init__(**options)
        self.bundle, self.share = bundle, share

    def setup(self, device):
        """Opens the bundle in a worker."""
        use_at_most(self.share)
        self.classifier = load_classifier(self.bundle, precision="auto")

    def decode_request(self, request):  # without annotation: the whole JSON, not a model of pydantic
        """The prepared pixels of a picture."""
        data = base64.b64decode(request["picture"])
        return self.classifier.contract.preprocessing.encode(data)

    def predict(self, pixels):
        """A row a picture; of one picture alone, where there are no batches, its row."""
        single = pixels.ndim == 3
        logits, features = self.classifier.answers_to_pixels(pixels[np.newaxis] if single else np.asarray(pixels))
        rows = self.classifier.rows(["picture"] * len(logits), logits, features, top=5)
        return rows[0] if single else rows

    def encode_response(self, output):
        """The row as JSON types."""
        return output.to_dict()


def main() -> None:
    """Serves until it is ended."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--wait", type=float, default=0.0, help="seconds to wait for a batch to fill")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--api-servers", type=int, default=1)
    parser.add_argument("--fast-queue", action="store_true")
    asked = parser.parse_args()
    share = max(1, available_processors() // asked.workers)
    api = PictureAPI(asked.bundle, share, max_batch_size=asked.batch, batch_timeout=asked.wait)
    server = litserve.LitServer(
        api, accelerator="cpu", workers_per_device=asked.workers, fast_queue=asked.fast_queue, timeout=30
    )
    server.run(
        host="127.0.0.1",
        port=asked.port,
        num_api_servers=asked.api_servers,
        log_level="warning",
        generate_client_file=False,
        access_log=False,
    )


if __name__ == "__main__":
    main()
