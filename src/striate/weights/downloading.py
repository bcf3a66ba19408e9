"""Published weights files: found in a cache folder, or downloaded into it and checked."""

from __future__ import annotations

import contextlib
import hashlib
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any

import torch

from striate.durable_writing import whole_file
from striate.errors import WeightsError
from striate.user_cache import kind_folder
from striate.weights.published import PublishedWeights
from striate.weights.reading import WeightsFile, read_weights

Progress = Callable[[str, int, int], None]
"""What it is told: the task, bytes so far, bytes in all."""

PATIENCE = 2.0  # seconds until the server must have begun to answer: offline, waiting longer helps nobody
READ_PATIENCE = 30.0  # seconds without a byte until a download that had begun is given up
BLOCK = 1 << 20  # bytes


def fetch_weights(
    published: PublishedWeights, *, cache_folder: Path | None = None, progress: Progress | None = None
) -> WeightsFile:
    """A row's published weights: from the cache folder or torch.hub's, or downloaded into the cache folder.

    Either way the file's SHA-256 is checked. A download that is broken off leaves nothing behind.

    Args:
        published: From `published_weights`.
        cache_folder: Where downloads are kept; by default `weights` in the user's cache folder for Striate.
        progress: Hears how many bytes are there.

    Raises:
        WeightsError: The file cannot be downloaded (offline after 2 seconds; the message says what to put where), or is
            not the one that was published.
    """
    folder = weights_folder() if cache_folder is None else cache_folder
    path, elsewhere = folder / published.file_name, _hub_folder() / published.file_name
    if not path.is_file():
        if elsewhere.is_file() and (file := read_weights(elsewhere)).sha256.startswith(published.sha256_prefix):
            return file
        _download(published, path, progress or _silent)
    file = read_weights(path)
    if not file.sha256.startswith(published.sha256_prefix):
        raise WeightsError(
            f"{path} is not the file that was published as {published.url}: its SHA-256 begins with "
            f"{file.sha256[: len(published.sha256_prefix)]}, expected {published.sha256_prefix}; delete it to download it anew"
        )
    return file


def is_at_hand(published: PublishedWeights) -> bool:
    """Whether `fetch_weights` finds the file, and it is the one that was published; nothing is downloaded."""
    for folder in (weights_folder(), _hub_folder()):
        with contextlib.suppress(OSError), (folder / published.file_name).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest().startswith(published.sha256_prefix)
    return False


def weights_folder() -> Path:
    """Where downloaded weights are kept."""
    return kind_folder("weights")


def _hub_folder() -> Path:
    """Where torch.hub and torchvision keep what they download."""
    return Path(torch.hub.get_dir()) / "checkpoints"


def _download(published: PublishedWeights, path: Path, progress: Progress) -> None:
    with _opened(published, path) as response:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(path) as file:
                _receive(response, file, published, path, progress)
        except OSError as error:
            raise WeightsError(
                f"{path} cannot be written: {error.strerror or error}; make room for it there"
            ) from error


def _receive(response: Any, file: IO[bytes], published: PublishedWeights, path: Path, progress: Progress) -> None:
    """Writes what comes into the file; an error if that is not what was published."""
    digest = hashlib.sha256()
    task, done, total = f"downloading {path.name}", 0, int(response.headers.get("Content-Length") or 0)
    progress(task, 0, total)
    while block := _next_block(response, published, path, done):
        file.write(block)
        digest.update(block)
        done += len(block)
        progress(task, done, max(done, total))
    sha256 = digest.hexdigest()
    if not sha256.startswith(published.sha256_prefix):
        whole = f" ({done:,} of {total:,} bytes came)" if done < total else ""
        raise WeightsError(
            f"what came from {published.url} is not what was published{whole}: its SHA-256 begins with "
            f"{sha256[: len(published.sha256_prefix)]}, expected {published.sha256_prefix}; try again later"
        )


def _next_block(response: Any, published: PublishedWeights, path: Path, done: int) -> bytes:
    try:
        block: bytes = response.read(BLOCK)
    except (OSError, HTTPException) as error:
        raise _unreachable(published, path, f"the connection broke off after {done:,} bytes ({error})") from error
    return block


def _opened(published: PublishedWeights, path: Path) -> Any:
    """The server's answer, or an error soon: a thread asks, since looking up a name has no time limit of its own."""
    answers: list[Any] = []
    over = threading.Lock()
    given_up = False

    def ask() -> None:
        try:
            # The address is torchvision's own.
            answer = urllib.request.urlopen(published.url, timeout=READ_PATIENCE)  # noqa: S310
        except Exception as error:
            answer = error
        with over:
            if not given_up:
                answers.append(answer)
            elif not isinstance(answer, Exception):
                answer.close()

    asking = threading.Thread(target=ask, name="striate-download", daemon=True)
    asking.start()
    asking.join(PATIENCE)
    with over:
        given_up = True
    if not answers:
        raise _unreachable(published, path, f"the server did not answer within {PATIENCE:g} s")
    answer = answers[0]
    if isinstance(answer, urllib.error.HTTPError):
        with answer:
            raise _unreachable(published, path, f"the server answered {answer.code} {answer.reason}")
    if isinstance(answer, urllib.error.URLError):
        raise _unreachable(published, path, str(answer.reason)) from answer
    if isinstance(answer, Exception):
        raise _unreachable(published, path, str(answer)) from answer
    return answer


def _unreachable(published: PublishedWeights, path: Path, reason: str) -> WeightsError:
    return WeightsError(
        f"the weights of {published.row} cannot be downloaded: {reason}; where there is a network, download "
        f"{published.url} and put {path.name} into {path.parent}"
    )


def _silent(task: str, done: int, total: int) -> None:
    """Tells nobody."""
