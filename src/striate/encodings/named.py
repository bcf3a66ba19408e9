"""The kinds of what is given, by name, as contracts have them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from striate.encodings.encoding import Encoding
from striate.errors import UnknownNameError
from striate.pixels import Preprocessing
from striate.pixels.clip_arguments import as_clips, expand_clips
from striate.pixels.clip_encoding import ClipEncoding
from striate.pixels.clips import clip_name
from striate.pixels.decoding import picture_name
from striate.pixels.picture_arguments import as_pictures, check_globs, expand
from striate.text import SentenceEncoding
from striate.text.arguments import as_sentences, check_arguments, expand_sentences, name_of
from striate.text.sentences import Tally


@dataclass(frozen=True)
class EncodingKind:
    """All that is known of a kind before there is an encoding of it."""

    name: str
    """In the contract; where that has none, pictures are given."""
    one: str
    """What an item is called in messages, and several of them."""
    plural: str
    example: str
    """How one stands in a command."""
    parts: str
    """What its arrays are measured in, for messages."""
    read: Callable[[Mapping[str, Any]], Encoding]
    """The encoding that `to_dict` wrote; raises `UsageError` if it makes no sense."""
    items: Callable[[Any], Iterable[Any]]
    """What a classifier is given, one item or many, as many."""
    expand: Callable[[Iterable[Any]], Iterable[Any]]
    """The items that arguments of the command mean; `-` is for what stands on stdin."""
    check: Callable[[Iterable[Any]], None]
    """Raises `UsageError` where an argument means nothing, before any item is read."""
    name_of: Callable[[Any], str]
    """What a row of predictions calls an item."""
    is_text: bool = False
    """Whether an item is a text; or else it is what a file holds."""
    tally: Callable[[Any], Tally] | None = None
    """Of an encoding: counts what it does not know of items, to be said at the end; None where there is nothing to count."""


ENCODINGS: Mapping[str, EncodingKind] = {
    row.name: row
    for row in (
        EncodingKind(
            name=Preprocessing.kind,
            one="picture",
            plural="pictures",
            example="PICTURE.jpg",
            parts="pixels",
            read=Preprocessing.from_dict,
            items=as_pictures,
            expand=expand,
            check=check_globs,
            name_of=lambda picture: picture_name(picture, None),
        ),
        EncodingKind(
            name=SentenceEncoding.kind,
            one="sentence",
            plural="sentences",
            example='"A SENTENCE"',
            parts="words",
            read=SentenceEncoding.from_dict,
            items=as_sentences,
            expand=expand_sentences,
            check=check_arguments,
            name_of=name_of,
            is_text=True,
            tally=Tally,
        ),
        EncodingKind(
            name=ClipEncoding.kind,
            one="clip",
            plural="clips",
            example="CLIP.gif",
            parts="pixels",
            read=ClipEncoding.from_dict,
            items=as_clips,
            expand=expand_clips,
            check=check_globs,
            name_of=clip_name,
        ),
    )
}
"""All there are; a further one is its room beside `pixels`, and a row here."""

DEFAULT_KIND = Preprocessing.kind
"""What is given where nothing says otherwise."""


def named_encoding(kind: str) -> EncodingKind:
    """The row of a kind.

    Raises:
        UnknownNameError: There is none; with the name most like it.

    Example:
        >>> named_encoding("picture").plural
        'pictures'
    """
    if kind not in ENCODINGS:
        raise UnknownNameError("kind of input", kind, ENCODINGS)
    return ENCODINGS[kind]
