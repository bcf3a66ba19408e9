"""The classifier: a bundle and an engine that was shown to do what the bundle's contract says.

It says "pictures" of what it is given, and asks the contract's encoding for all that is done with them: in a bundle of another kind
they are what that reads.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from striate.bundle import Bundle, Contract, SeenPictures, open_bundle, read_bundle
from striate.encodings import EncodingKind, named_encoding
from striate.errors import BundleError, ItemError, UnknownNameError, UsageError
from striate.hardware import available_processors
from striate.name_comparison import NamePlaces
from striate.ordered_threads import answers_in_order, in_chunks
from striate.pixels.picture_arguments import Pictures
from striate.runtime.canary_check import check_canaries
from striate.runtime.engines import Engine, engine_row, start_engine
from striate.tasks import Prediction, Task
from striate.tasks.doubting import Decided, Doubting
from striate.tasks.task import Targets

if TYPE_CHECKING:
    from striate.models import Network

Source = TypeVar("Source")
Answer = TypeVar("Answer")

BATCH_SIZE = 32


class Classifier:
    """Says what is on pictures, in scikit-learn's language.

    A picture is a path, an encoded file (its bytes, or the file opened with mode "rb"), a PIL picture, or a uint8 array of shape
    (H, W), (H, W, 1), (H, W, 2), (H, W, 3) or (H, W, 4), as `striate.pixels.decode` takes it. Every method takes one picture or
    many (in a list, tuple, generator or array, see `as_pictures`) and answers a row a picture. It may be called from several
    threads, and after a fork also in the child. One that `striate.load` opened can be sent to another process: what goes there is
    where it was opened from, and it is opened and checked there when it is first used.

    Args:
        bundle: The sealed model.
        engine: What runs it.
        decoding: Of strings, how they are read: `"greedy"` or `"beam"`; None: as is usual.

    Raises:
        BundleError: If the engine does not give the canaries' sealed logits.
        UsageError: If a decoding is asked for and the classifier reads no strings.
    """

    bundle: Bundle
    engine: Engine
    task: Task
    """What it was asked to say of each picture."""
    canary_difference: float
    """The largest difference of a canary's logit from the sealed one, as a share of the logits' range."""
    doubting: Doubting | None
    """The sealed decision rule, ready; None where nothing is sealed."""

    def __init__(self, bundle: Bundle, engine: Engine, *, decoding: str | None = None) -> None:
        self.bundle = bundle
        self.engine = engine
        asked = bundle.contract.asked
        self.task = asked if decoding is None else asked.with_decoding(decoding)
        self.canary_difference = check_canaries(bundle, engine.precision, self.logits_of_pixels)
        self.doubting = bundle.doubting()
        self._origin: Origin | None = None

    def __reduce__(self) -> tuple[Callable[[Origin], Classifier], tuple[Origin]]:
        if self._origin is None:
            raise UsageError(
                "this classifier was made of a bundle and an engine, which cannot be sent to another process; "
                "open it there with striate.load"
            )
        return _unopened, (self._origin,)

    if not TYPE_CHECKING:  # it would make every name one that might be there

        def __getattr__(self, name: str) -> Any:
            # Asked for what __init__ sets: this one came from another process, and was not used in this one yet.
            if (
                name not in ("bundle", "engine", "task", "canary_difference", "doubting")
                or "_origin" not in self.__dict__
            ):
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            self.__dict__.update(vars(_opened(self._origin)))
            return self.__dict__[name]

    @property
    def contract(self) -> Contract:
        """What the bundle says about itself."""
        return self.bundle.contract

    @property
    def kind(self) -> EncodingKind:
        """What it is given: pictures, unless the contract says otherwise."""
        return named_encoding(self.contract.kind)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the columns of `predict_proba`."""
        return self.contract.classes

    def predict(self, pictures: Pictures, *, abstaining: str | None = None) -> npt.NDArray[np.str_]:
        """The most probable class of each picture: (n,) names; where mistakes have costs, the class of least expected cost.

        Where a picture may have several, all of them: `cat|dog`, or empty. Where strings are read, the string.

        Args:
            pictures: One picture or many.
            abstaining: What stands in place of a name where the bundle's decision rule abstains; None: the name all the same.

        Raises:
            UsageError: If `abstaining` is given and the bundle has no rule that abstains.
            PictureError: If a picture cannot be read.
        """
        if self.doubting is None or not (self.doubting.rule.abstains or self.doubting.rule.costs):
            if abstaining is not None:
                raise UsageError(
                    "this classifier has no rule by which it abstains; make one by: striate calibrate RUN DATA --abstain error=0.01"
                )
            return self._told(self.task.decide(self.predict_proba(pictures)))
        decided = self.decide(pictures)
        found = self._told(decided.answers)
        if abstaining is None:
            return np.asarray(found)
        if not self.doubting.rule.abstains:
            raise UsageError("this classifier's decision rule always answers")
        return np.where(decided.abstains, np.array(abstaining), found)

    def _told(self, answers: Targets) -> npt.NDArray[np.str_]:
        """(n,) the names that answers stand for."""
        return np.array([self.task.tell(answer, self.classes) for answer in answers], dtype=np.str_)

    def decide(self, pictures: Pictures) -> Decided:
        """What the bundle's decision rule comes to: the answers, and on which pictures it abstains, and why.

        Raises:
            UsageError: If the bundle has no rule.
            PictureError: If a picture cannot be read.
        """
        if self.doubting is None:
            raise UsageError(
                "this classifier has no decision rule; make one by: striate calibrate RUN DATA --abstain error=0.01"
            )
        logits, features = self._infer(pictures)
        return self.doubting.decide(self.probabilities(logits), logits, features)

    def predict_proba(self, pictures: Pictures) -> npt.NDArray[np.float64]:
        """The probability of each class for each picture: (n, classes) float64 in 0..1; rows sum to 1 where a picture has one class.

        Raises:
            PictureError: If a picture cannot be read.
        """
        return self.probabilities(self.decision_function(pictures))

    def score(self, pictures: Pictures, labels: str | Iterable[str]) -> float:
        """The share of the pictures whose answer is right, in 0..1: the accuracy, as scikit-learn's `score`.

        Args:
            pictures: One picture or many.
            labels: The name of the true class of each; where a picture may have several, all of them: `"cat|dog"`.

        Raises:
            UnknownNameError: If a label is no class of the classifier's; the message offers the closest.
            UsageError: If there is no picture, or not one label for each.
            PictureError: If a picture cannot be read.
        """
        places = NamePlaces(self.classes)
        told = [labels] if isinstance(labels, str) else [str(label) for label in labels]
        names = sorted({name for label in told for name in self.task.names(label)})
        found = [places.find(name) for name in names]
        if None in found and not self.task.sequential:
            raise UnknownNameError("class", names[found.index(None)], self.classes)
        probabilities = self.predict_proba(pictures)
        if len(probabilities) != len(told):
            raise UsageError(
                f"expected a label for each picture, got {len(told):,} labels for {len(probabilities):,} pictures"
            )
        targets = self.task.encode(told, names)
        known = np.array([-1 if place is None else place for place in found], np.int64)
        true = self.task.replaced(targets, known, len(self.classes))
        return self.task.score(probabilities, true, self.classes).accuracy

    def decision_function(self, pictures: Pictures) -> npt.NDArray[np.float32]:
        """The logits: (n, classes) float32; where strings are read (n, places, signs and the blank, which comes first).

        Raises:
            PictureError: If a picture cannot be read.
        """
        return self._infer(pictures)[0]

    def features(self, pictures: Pictures) -> npt.NDArray[np.float32]:
        """The vector before the network's head, which tells how alike pictures are: (n, d) float32.

        Raises:
            PictureError: If a picture cannot be read.
        """
        return self._infer(pictures)[1]

    def probabilities(self, logits: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
        """What (n, width) logits come to, calibrated: (n, classes)."""
        return self.task.probabilities(logits, self.contract.calibration)

    def describe(self, path: str, logits: npt.NDArray[np.floating[Any]], *, top: int = 5) -> Prediction:
        """The row of a picture's (classes,) logits, as `stream` yields it."""
        return self.task.describe(path, self.probabilities(logits[np.newaxis])[0], self.classes, top=top)

    def logits_of_pixels(self, pixels: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """The logits (n, classes) of pictures that the contract's preprocessing already resized: (n, H, W, C) uint8; or else encoded."""
        return (
            self.answers_to_pixels(pixels)[0] if len(pixels) else np.empty((0, len(self.contract.outputs)), np.float32)
        )

    def answers_to_pixels(self, pixels: npt.NDArray[Any]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Logits (n, classes) and features (n, d) of the same, of one picture at least."""
        parts = [self.engine.infer(pixels[start : start + BATCH_SIZE]) for start in range(0, len(pixels), BATCH_SIZE)]
        logits, features = zip(*parts, strict=True)
        return np.concatenate(logits), np.concatenate(features)

    def stream(self, paths: Pictures, *, top: int = 5, batch_size: int | None = None) -> Iterator[Prediction]:
        """Predictions in the order of the paths, as they come; a picture that cannot be read is a row with its error.

        Threads read ahead, decode, and run the network, each on pictures of its own; memory does not grow with the number of pictures.

        Args:
            paths: Files; may be endless. Other pictures are taken too; their rows say in place of the path what they are.
            top: How many classes a row names at most.
            batch_size: Pictures that the engine gets at once; by default what suits it.
        """

        def rows(chunk: Sequence[Any]) -> list[Prediction]:
            return self._predict_chunk(chunk, top)

        for predictions in self._in_order(self.kind.items(paths), rows, batch_size):
            yield from predictions

    def seen_pictures(self) -> SeenPictures:
        """The pictures that the classifier was trained on."""
        return self.bundle.seen_pictures()

    def rule_pictures(self) -> SeenPictures:
        """The pictures that its decision rule was chosen on."""
        return self.bundle.rule_pictures()

    def network(self) -> Network:
        """The network in torch, with its weights, on the processor, in evaluation mode."""
        from striate.runtime.torch_engine import build_network

        return build_network(self.bundle)

    def __repr__(self) -> str:
        model = self.contract.architecture.title
        return f"<Classifier {model} of {len(self.classes)} classes, {self.engine.name} {self.engine.precision}>"

    def _in_order(
        self, pictures: Iterable[Source], work: Callable[[Sequence[Source]], Answer], batch_size: int | None = None
    ) -> Iterator[Answer]:
        """What `work` answers to every few pictures, in their order; threads are a little ahead of who takes the answers."""
        # One more than the engine takes, so that there is one to read files while the others wait for their answers.
        threads = max(self.engine.requests, available_processors()) + 1
        chunks = in_chunks(pictures, batch_size or self.engine.batch)
        return answers_in_order(work, chunks, threads=threads, name="striate-pictures")

    def _infer(self, pictures: Pictures) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        encoding = self.contract.preprocessing

        def answer(chunk: Sequence[Any]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
            return self.engine.infer(np.stack([encoding.encode(item) for item in chunk]))

        answers = list(self._in_order(self.kind.items(pictures), answer))
        if not answers:
            # No picture: one blank one tells how wide the rows are.
            empty = self.engine.infer(np.zeros((1, *encoding.shape), encoding.dtype))
            return empty[0][:0], empty[1][:0]
        logits, features = zip(*answers, strict=True)
        return np.concatenate(logits), np.concatenate(features)

    def _predict_chunk(self, items: Sequence[Any], top: int) -> list[Prediction]:
        paths = [self.kind.name_of(item) for item in items]
        errors: dict[int, str] = {}
        encoded = []
        for index, item in enumerate(items):
            try:
                encoded.append(self.contract.preprocessing.encode(item))
            except ItemError as error:
                errors[index] = error.reason
        readable = [path for index, path in enumerate(paths) if index not in errors]
        rows = iter(self.rows(readable, *self.answers_to_pixels(np.stack(encoded)), top=top) if encoded else ())
        return [
            Prediction(path, None, None, (), errors[index]) if index in errors else next(rows)
            for index, path in enumerate(paths)
        ]

    def rows(
        self,
        names: Sequence[str],
        logits: npt.NDArray[np.floating[Any]],
        features: npt.NDArray[np.floating[Any]],
        *,
        top: int = 5,
        probabilities: npt.NDArray[np.float64] | None = None,
    ) -> list[Prediction]:
        """What is said of n pictures whose logits and features are there, as `stream` yields it.

        Args:
            names: n of them: what the rows call the pictures.
            logits: (n, classes).
            features: (n, d), which a decision rule may ask for.
            top: How many classes a row names at most.
            probabilities: What the logits come to, where that is known already.
        """
        if probabilities is None:
            probabilities = self.probabilities(logits)
        rows = [
            self.task.describe(name, row, self.classes, top=top) for name, row in zip(names, probabilities, strict=True)
        ]
        if self.doubting is None:
            return rows
        doubts = self.doubting.doubts(probabilities, self.doubting.decide(probabilities, logits, features))
        return [
            dataclasses.replace(row, label=doubt.label, probability=doubt.probability, doubt=doubt)
            for row, doubt in zip(rows, doubts, strict=True)
        ]


@dataclass(frozen=True)
class Origin:
    """Where a classifier was opened from and how: all that another process needs."""

    folder: Path
    """An absolute path."""
    digest: str
    """Of the contract."""
    engine: str
    precision: str
    device: str
    decoding: str | None = None


def _unopened(origin: Origin) -> Classifier:
    """A classifier that is opened when it is used: an error while it is sent would leave a pool of processes waiting for ever."""
    classifier = Classifier.__new__(Classifier)
    classifier._origin = origin
    return classifier


@lru_cache(maxsize=4)
def _opened(origin: Origin) -> Classifier:
    """Opened once in a process, however often it is sent there.

    Raises:
        StriateError: As `load_classifier`; or if there is another bundle at the place now.
    """
    if not origin.folder.is_dir():
        raise UsageError(
            f"the classifier was sent to a process that does not find its bundle at {origin.folder}; copy the bundle there, "
            "or open it with striate.load"
        )
    classifier = load_classifier(
        origin.folder,
        engine=origin.engine,
        precision=origin.precision,
        device=origin.device,
        decoding=origin.decoding,
    )
    if classifier._origin != origin:
        raise BundleError(f"{origin.folder} holds another bundle than when the classifier was opened; load it anew")
    return classifier


def as_classifier(classifier: Classifier | str | os.PathLike[str], *, decoding: str | None = None) -> Classifier:
    """A classifier as it is; a run or a bundle, or the folder of one, opened in fp32, which reads strings as `decoding` says.

    Raises:
        UsageError: If there is no bundle at the path.
        BundleError: If the bundle was changed, or does not do what its contract says.
    """
    return classifier if isinstance(classifier, Classifier) else load_classifier(classifier, decoding=decoding)


def bundle_of(classifier: Classifier | str | os.PathLike[str]) -> Bundle:
    """The bundle that a classifier was opened with; that of a run or a bundle, or the folder of one, opened.

    Raises:
        UsageError: If there is no bundle at the path.
        BundleError: If the bundle was changed.
    """
    return classifier.bundle if isinstance(classifier, Classifier) else open_bundle(classifier)


def load_classifier(
    path: str | os.PathLike[str] | Bundle,
    *,
    engine: str | Path = "openvino",
    precision: str = "fp32",
    device: str = "cpu",
    decoding: str | None = None,
) -> Classifier:
    """Opens a run or a bundle, starts an engine, and checks that it gives the sealed logits.

    Args:
        path: A run, a run folder, a bundle folder, or a bundle that was opened already, whose files are not read through again.
        engine: `"openvino"` or `"torch"`, of which only the second needs torch; or a `.onnx` file that `striate.export` made of the
            bundle, for ONNX Runtime.
        precision: `"fp32"`, `"bf16"`, `"fp16"`, `"int8"` (of a bundle that `striate.quantize` made), or `"auto"`: the fastest that gave at
            least 99.5 % of the validation pictures the label of fp32 when the bundle was made.
        device: For torch: such as `"cpu"` or `"cuda"`.
        decoding: Of strings: `"greedy"`, or `"beam"` for the most probable string of each line, which takes longer; None: greedy.

    Raises:
        UsageError: If there is no bundle at the path, or the engine, precision or decoding does not exist.
        BundleError: If the bundle was changed, or does not do what its contract says.
    """
    row = engine_row(engine)
    row.check(engine, precision, device)
    named = path.folder if isinstance(path, Bundle) else Path(path)

    def start(bundle: Bundle) -> Classifier:
        return Classifier(bundle, start_engine(bundle, named, engine, precision, device), decoding=decoding)

    classifier = start(path) if isinstance(path, Bundle) else read_bundle(path, start)
    bundle = classifier.bundle
    place = str(Path(engine).absolute()) if row.ending else row.name
    digest = bundle.contract.to_dict()["digest"]
    classifier._origin = Origin(bundle.folder.absolute(), digest, place, precision, device, decoding)
    return classifier
