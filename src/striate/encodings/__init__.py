"""What is given to a network, without torch: how things of one kind become its input; one protocol, and a row a kind."""

from __future__ import annotations

from striate.encodings.encoding import Encoding
from striate.encodings.named import DEFAULT_KIND, ENCODINGS, EncodingKind, named_encoding

__all__ = ["DEFAULT_KIND", "ENCODINGS", "Encoding", "EncodingKind", "named_encoding"]
