"""`striate.create_model`: a network of the catalogue, new, or filled with trained weights."""

from __future__ import annotations

import sys
from pathlib import Path

from striate.errors import UsageError
from striate.initialization import PAPER, Scheme, drafting, named_scheme
from striate.models import Network
from striate.models import create_model as create_new_model
from striate.watching import Watcher
from striate.weights import Which
from striate.weights.filled_network import fill_network
from striate.weights.starting_weights import find_weights


def create_model(
    name: str,
    *,
    num_classes: int | None = None,
    in_channels: int | None = None,
    auxiliary: bool = True,
    init: str | Scheme = PAPER,
    seed: int | None = None,
    weights: str | Path | None = None,
    which: Which | None = None,
    watcher: Watcher | None = None,
) -> Network:
    """A network of the catalogue in training mode on the processor: newly initialised, or with trained weights.

    Args:
        name: One of `striate.list_models()`.
        num_classes: How many logits; `None`: as many as the weights have, or the row's own. Trained weights keep all
            but the last layer where they have another number.
        in_channels: How many channels a picture has; `None`: the row's own. For another number the first convolution's
            trained weights are summed (to one channel) or repeated in turn.
        auxiliary: Whether the network has the row's auxiliary heads, if there are any: only training needs them.
        init: How new weights are drawn: `"paper"`, as the row's paper has it, or a scheme: `"lecun_normal"`,
            `"xavier_uniform"`, `"he_normal"`, ..., also with another fan or gain, such as `"he_normal:fan=out"` and
            `"lecun_uniform:gain=0.5"`, or a `striate.initialization.Scheme`.
        seed: Draws new weights reproducibly and leaves the global generator alone; `None` draws from the global
            generator.
        weights: `"imagenet"`: the row's published weights, downloaded once and checked; or the path of a
            `.safetensors` or `.pth` file. `striate.weights.published_weights(name).preprocessing` says what inputs
            published weights expect.
        which: Of a file that holds both: `"plain"` weights, or `"ema"`, their average over training; see
            `striate.weights.read_weights`.
        watcher: Hears how a download goes, and which weights of such a file are taken; by default that is shown on
            stderr, where that is a terminal.

    Raises:
        UnknownNameError: There is no such network or scheme; the message offers the closest names.
        UsageError: A number makes no sense; `init` is given together with weights, which leave nothing to draw; or the
            row has no published weights: the message names one that has.
        WeightsError: The weights cannot be read or downloaded, or do not fill all of the network but its last layer.

    Example:
        >>> create_model("resnet20", num_classes=2, seed=0).head
        Linear(in_features=64, out_features=2, bias=True)
    """
    if weights is None:
        if which is not None:
            raise UsageError(f"which={which!r} goes with weights: it says which of a file's weights are meant")
        return create_new_model(
            name, num_classes=num_classes, in_channels=in_channels, auxiliary=auxiliary, init=init, seed=seed
        )
    if named_scheme(init) is not None:
        raise UsageError(
            f"init={str(init)!r} says how new weights are drawn, and weights={str(weights)!r} puts trained ones in their "
            "place; give one of the two"
        )
    with drafting():  # what makes no sense is said before anything is downloaded
        create_new_model(name, num_classes=num_classes, in_channels=in_channels, auxiliary=auxiliary, seed=seed)
    found = find_weights(weights, name, which=which, watcher=watcher or TerminalLine())
    return fill_network(name, found, num_classes=num_classes, in_channels=in_channels, auxiliary=auxiliary, seed=seed)


def _on_a_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


class TerminalLine(Watcher):
    """Shows how far a download is on one line of stderr, and notes below it, if that is a terminal."""

    def note(self, text: str) -> None:
        """Writes a line."""
        if _on_a_terminal():
            sys.stderr.write(f"{text}\n")

    def task(self, name: str, done: int, total: int) -> None:
        """Writes the line anew."""
        if not _on_a_terminal():
            return
        share = f"{done / total:4.0%} of {total / 1e6:,.1f} MB" if total else f"{done / 1e6:,.1f} MB"
        sys.stderr.write(f"\r{name}  {share}" + ("\n" if total and done >= total else ""))
        sys.stderr.flush()
