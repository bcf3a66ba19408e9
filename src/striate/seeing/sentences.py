"""What is asked of a network for sentences, and its answer: what each word did, and which phrases filters answer to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module

from striate.errors import ItemError, UsageError
from striate.report.seeing_contents import Panel, SeeingReport, SentenceSeen
from striate.seeing.methods import ALL, METHODS, Method, needs
from striate.seeing.reading_network import Reading, ReadingNetwork, read_sentence
from striate.seeing.word_checks import checked_words
from striate.text import SentenceEncoding
from striate.watching import Watcher

TOP_CLASSES = 5
MOST_SENTENCES = 100
"""On one page."""

WordPanelFunction = Callable[[Method, Reading], Panel]
PhrasePanelFunction = Callable[[Method, "SentenceQuestion"], Panel]


@dataclass(frozen=True)
class SentenceQuestion:
    """What is asked: of which network, by which method, of which sentence or sentences."""

    reader: ReadingNetwork
    method: str
    """A name of `striate.seeing.methods.METHODS` that is for sentences, or `"all"`."""
    sentences: Sequence[str | bytes]
    name: str = ""
    """Of many: what to call them."""
    target: int | str | None = None
    unit: int | None = None
    """Of `"top"`: a filter; None: those that speak most for each class."""
    watcher: Watcher = field(default_factory=Watcher)


def sentence_report(question: SentenceQuestion) -> SeeingReport:
    """What was seen, and of what.

    Raises:
        UsageError: There are no sentences, or too many for a page.
        ItemError: The only sentence cannot be read.
        DataError: There is none to find phrases in.
    """
    sentences: tuple[SentenceSeen, ...] = ()
    units: tuple[Panel, ...] = ()
    notes = list(question.reader.notes)
    if needs(question.method) == "data":
        method = METHODS[question.method]
        make: PhrasePanelFunction = _function(method)
        units = (make(method, question),)
    else:
        sentences, problems = _read_all(question)
        notes += problems
    return SeeingReport(
        network=question.reader.name,
        picture_name="",
        picture=None,
        predictions=(),
        target="",
        where=(),
        stages=(),
        units=units,
        sentences=sentences,
        kind=SentenceEncoding.kind,
        notes=notes,
        facts=question.reader.facts,
    )


def _read_all(question: SentenceQuestion) -> tuple[tuple[SentenceSeen, ...], list[str]]:
    """Each sentence with its panels, and what is to be said of those that cannot be read."""
    given = question.sentences
    if not 1 <= len(given) <= MOST_SENTENCES:
        raise UsageError(f"a page shows 1 to {MOST_SENTENCES} sentences, got {len(given):,}")
    methods = [METHODS[question.method]] if question.method != ALL else _of_a_sentence()
    seen: list[SentenceSeen] = []
    problems: list[ItemError] = []
    for done, text in enumerate(given):
        question.watcher.task("looking", done, len(given))
        try:
            reading = read_sentence(question.reader, text, target=question.target)
        except ItemError as error:
            problems.append(error)
            continue
        seen.append(_seen(reading, methods))
    question.watcher.task("looking", len(given), len(given))
    if not seen:
        raise problems[0]
    said = f"{len(problems)} of {len(given)} sentences could not be read, such as {problems[0]}" if problems else ""
    return tuple(seen), [said] if said else []


def _seen(reading: Reading, methods: Sequence[Method]) -> SentenceSeen:
    panels = []
    for method in methods:
        make: WordPanelFunction = _function(method)
        panels.append(checked_words(method, reading, make(method, reading)))
    answers = reading.top(max(TOP_CLASSES, len(reading.named or ())))
    return SentenceSeen(reading.text, answers, reading.target_name, panels, reading.notes, reading.named)


def _of_a_sentence() -> list[Method]:
    return [method for method in METHODS.values() if method.of_sentences and method.needs == "picture"]


def _function(method: Method) -> Callable[..., Panel]:
    file, _, name = method.of_sentences.rpartition(".")
    function: Callable[..., Panel] = getattr(import_module(file), name)
    return function
