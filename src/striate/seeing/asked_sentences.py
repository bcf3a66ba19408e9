"""What was asked of a network for something else than pictures: refused where it makes no sense, and made a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from striate.bundle import Bundle
from striate.data import BUILT_IN_NAMES, Dataset, load_data
from striate.encodings import DEFAULT_KIND, named_encoding
from striate.errors import DataError, UsageError
from striate.models import Row
from striate.sealing.opening import ModelName
from striate.seeing.methods import check_kind, needs
from striate.seeing.reading_network import ReadingNetwork, reading_network
from striate.seeing.sentences import SentenceQuestion
from striate.text import SentenceEncoding
from striate.text.arguments import FILES, check_arguments, expand_sentences
from striate.text.sentences import sentence_of
from striate.visualization import Unit
from striate.watching import Watcher


def kind_of(found: Row | Bundle) -> str:
    """What a network is given, a name of `striate.encodings`."""
    return found.kind if isinstance(found, Row) else found.contract.kind


def opened_reader(
    model: ModelName, found: Row | Bundle, method: str, of_pictures: Mapping[str, Any]
) -> ReadingNetwork | None:
    """The network for sentences that was found, if it can be asked; None where it is for pictures.

    Args:
        model: As it was named.
        found: What is there.
        method: That is asked by.
        of_pictures: Options that are for pictures alone, with what was given.

    Raises:
        UsageError: The method or an option is not for this kind, or a name of the catalogue has no vocabulary.
        BundleError: The bundle is damaged.
    """
    kind = kind_of(found)
    if kind == DEFAULT_KIND:
        return None
    plural = named_encoding(kind).plural
    check_kind(method, kind, plural)
    given = [f"--{name}" for name, value in of_pictures.items() if value is not None]
    if given:
        raise UsageError(
            f"{' and '.join(given)} {'are' if len(given) > 1 else 'is'} for pictures; the network is for {plural}"
        )
    if isinstance(found, Row):
        raise UsageError(
            f"{found.name} of the catalogue knows no words: its vocabulary comes with training; give a run or a bundle"
        )
    return reading_network(model, found)


def sentence_question(
    reader: ReadingNetwork,
    method: str,
    given: object,
    data: str | Path | Dataset | None,
    *,
    target: int | str | None,
    unit: Unit | None,
    watcher: Watcher,
) -> SentenceQuestion:
    """What is asked, with its sentences.

    Raises:
        UsageError: The method's sentences are missing, or are none; or a unit is not the number of a filter.
        DataError: The data holds something else.
    """
    if isinstance(unit, tuple):
        raise UsageError("--unit of a network for sentences is a filter's number, such as 7")
    if needs(method) == "data":
        if data is None:
            raise UsageError(f"{method} needs data: many sentences to find the phrases that a filter answers to most")
        name, many = _many(data)
        return SentenceQuestion(reader, method, many, name, target, unit, watcher)
    if given is None:
        raise UsageError(f"{method} needs a sentence")
    sentences: object = [given] if isinstance(given, str | bytes) else given
    if not isinstance(sentences, Sequence) or not all(isinstance(one, str | bytes) for one in sentences):
        raise UsageError(f"a network for sentences is shown a text or a list of texts, got {type(given).__name__}")
    return SentenceQuestion(reader, method, list(sentences), "", target, unit, watcher)


def _many(data: str | Path | Dataset) -> tuple[str, list[str | bytes]]:
    """What to call many sentences, and they."""
    if isinstance(data, str | Path) and str(data) not in BUILT_IN_NAMES and (str(data) == "-" or _is_file(str(data))):
        check_arguments([data])
        return ("stdin" if str(data) == "-" else Path(data).name), list(expand_sentences([str(data)]))
    dataset = data if isinstance(data, Dataset) else load_data(data)
    if dataset.kind != SentenceEncoding.kind:
        raise DataError(f"{dataset.name} holds {dataset.plural}, and the network is for sentences")
    return dataset.name, [sentence_of(dataset.pictures.read(row)) for row in range(len(dataset))]


def _is_file(name: str) -> bool:
    return name.lower().endswith(FILES)
