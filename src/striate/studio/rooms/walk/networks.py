"""The networks that are walked through: served bundles, rows of the catalogue with newly drawn weights, and the one that learns here."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from striate.errors import StriateError
from striate.serving.problems import ProblemError
from striate.studio.studio import Studio

if TYPE_CHECKING:
    from striate.seeing.seen_network import SeenNetwork

MOST_OPEN = 3
"""Networks that are kept open."""
TAUGHT = "lenet5 (digits)"
"""What the one is called that learns here."""
OFFERED = ("lenet5", "lenet5_relu", "alexnet", "vgg11", "googlenet", "resnet18", "mobilenet_v2", "efficientnet_b0")
"""Of the catalogue, with newly drawn weights, whatever else is there."""


@dataclass(eq=False)
class Lesson:
    """LeNet-5 at school: how far it is, and what came of it."""

    share: float = 0.0
    network: SeenNetwork | None = None
    accuracy: float = 0.0
    problem: str = ""
    ended: threading.Event = field(default_factory=threading.Event)

    def to_dict(self) -> dict[str, Any]:
        """How it goes, as JSON types."""
        return {
            "share": self.share,
            "ready": self.network is not None,
            "accuracy": self.accuracy,
            "problem": self.problem,
        }


@dataclass(eq=False)
class Networks:
    """Those that were opened last, by name and version."""

    opened: OrderedDict[str, SeenNetwork] = field(default_factory=OrderedDict)
    lesson: Lesson | None = None

    def teach(self) -> Lesson:
        """Begins to teach LeNet-5 its digits in a thread, unless that was begun before; a lesson that failed begins anew."""
        if self.lesson is None or self.lesson.problem:
            self.lesson = Lesson()
            threading.Thread(target=_teach, args=(self.lesson,), name="striate-lesson", daemon=True).start()
        return self.lesson


def _teach(lesson: Lesson) -> None:
    from striate.studio.rooms.walk.digits import learnt_digits

    def progress(share: float) -> None:
        lesson.share = share

    try:
        lesson.network, lesson.accuracy = learnt_digits(progress, lambda: False)
    except (StriateError, OSError, ImportError) as error:
        lesson.problem = str(error)
    finally:
        lesson.ended.set()


def networks_of(studio: Studio) -> Networks:
    """The room's own."""
    found: Networks = studio.kept.setdefault("walk.networks", Networks())
    return found


def offered(studio: Studio) -> list[dict[str, Any]]:
    """What can be chosen: a name, of what kind it is, and whether a drawn digit is what it is shown first."""
    bundles = {bundle.name: bundle.classifier.contract for bundle in studio.models.all() if _of_pictures(bundle)}
    names = dict.fromkeys([*studio.settings.opened.networks, *OFFERED])
    return [
        *({"name": name, "kind": "bundle", "grey": _is_small(told)} for name, told in bundles.items()),
        {"name": TAUGHT, "kind": "taught", "grey": True},
        *({"name": name, "kind": "untrained", "grey": name.startswith("lenet")} for name in names),
    ]


def _is_small(contract: Any) -> bool:
    """Whether a digit drawn by hand is a picture for it: it takes small grey ones."""
    rule = contract.picture_preprocessing
    return bool(rule.channels == 1 and max(rule.size) <= 64)


def _of_pictures(bundle: Any) -> bool:
    contract = bundle.classifier.contract
    return contract.preprocessing.kind == "picture" and not contract.asked.sequential


async def network_named(studio: Studio, name: str) -> SeenNetwork:
    """The network of that name, opened once.

    Raises:
        ProblemError: It is not offered, it is not ready yet, or its bundle cannot be looked into.
    """
    kept = networks_of(studio)
    found = next((one for one in offered(studio) if one["name"] == name), None)
    if found is None:
        raise ProblemError(
            404,
            f"there is no network {name[:100]!r} here; there is {', '.join(one['name'] for one in offered(studio))}",
        )
    if found["kind"] == "taught":
        if kept.lesson is None or kept.lesson.network is None:
            raise ProblemError(409, f"{TAUGHT} has not learnt its digits yet; let it learn first")
        return kept.lesson.network
    bundle = studio.models.find(name) if found["kind"] == "bundle" else None
    key, place = (name, name) if bundle is None else (f"{name}@{bundle.version}", bundle.place)
    if key not in kept.opened:
        from striate.seeing.seen_network import seen_network

        try:
            kept.opened[key] = await studio.in_turn(seen_network, place)
        except StriateError as error:
            raise ProblemError(409, f"{name} cannot be walked through: {error}") from None
        while len(kept.opened) > MOST_OPEN:
            kept.opened.popitem(last=False)
    kept.opened.move_to_end(key)
    return kept.opened[key]


async def lesson_of(studio: Studio) -> Lesson:
    """The lesson, begun if it was not."""
    return await asyncio.to_thread(networks_of(studio).teach)
