"""What a served bundle takes and answers, as tensors: of it the metadata are made, and requests are held to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from striate.encodings import DEFAULT_KIND
from striate.row_writing import json_text
from striate.runtime import Classifier

PLATFORM = "striate_openvino"
"""As the protocol names platforms: a project and a format."""


@dataclass(frozen=True)
class TensorSignature:
    """An input or output."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    """-1: any number."""
    files: bool = False
    """Of BYTES: whether they are files, which JSON holds in base64, and not texts."""
    ready: bool = False
    """Whether the network takes it as it is."""

    def to_dict(self) -> dict[str, Any]:
        """As the protocol's metadata have it."""
        return {"name": self.name, "datatype": self.datatype, "shape": list(self.shape)}


@dataclass(frozen=True)
class ModelSignature:
    """All that a bundle takes and answers."""

    inputs: tuple[TensorSignature, ...]
    """Of which a request gives one."""
    outputs: tuple[TensorSignature, ...]


def signature_of(classifier: Classifier) -> ModelSignature:
    """What a bundle takes and answers; pictures as files, as pixels, or prepared, anything else as files or texts."""
    encoding, kind = classifier.contract.preprocessing, classifier.kind
    blank = np.zeros((1, *encoding.shape), encoding.dtype)
    logits, features = classifier.answers_to_pixels(blank)
    inputs = [TensorSignature(kind.name, "BYTES", (-1,), files=not kind.is_text)]
    if kind.name == DEFAULT_KIND:
        inputs += [
            TensorSignature("pixels", "UINT8", (-1, -1, -1, -1)),
            TensorSignature("prepared", "FP32", (-1, *encoding.ready(blank).shape[1:]), ready=True),
        ]
    outputs = (
        TensorSignature("label", "BYTES", (-1,)),
        TensorSignature("probability", "FP64", (-1,)),
        TensorSignature("probabilities", "FP64", (-1, *classifier.probabilities(logits).shape[1:])),
        TensorSignature("logits", "FP32", (-1, *logits.shape[1:])),
        TensorSignature("features", "FP32", (-1, *features.shape[1:])),
        TensorSignature("abstained", "BOOL", (-1,)),
    )
    return ModelSignature(tuple(inputs), outputs)


def metadata_of(
    name: str, classifier: Classifier, signature: ModelSignature, versions: Sequence[str]
) -> dict[str, Any]:
    """A model's metadata, as the protocol has them; what they have no place for is in `properties`, as texts."""
    contract = classifier.contract
    properties = {
        "contract_digest": classifier.bundle.digest,
        "network": contract.architecture.title,
        "task": contract.task,
        "kind": contract.kind,
        "precision": classifier.engine.precision,
        "classes": json_text(list(contract.classes)),
        "preprocessing": json_text(contract.preprocessing.to_dict()),
    }
    return {
        "name": name,
        "versions": list(versions),
        "platform": PLATFORM,
        "inputs": [one.to_dict() for one in signature.inputs],
        "outputs": [one.to_dict() for one in signature.outputs],
        "properties": properties,
    }
