"""What torchvision says of its weights, without importing it: that takes longer than a network takes to be filled.

The metadata are literals in torchvision's source, and are read from there. Where the source is not as expected, in
another version, torchvision is imported and asked.
"""

from __future__ import annotations

import ast
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from striate.errors import WeightsError


@dataclass(frozen=True)
class Metadata:
    """One entry of torchvision's catalogue of weights."""

    url: str
    resize: int  # what the shorter side becomes, in pixels
    crop: int  # side of the centre that is kept, in pixels
    interpolation: str  # "bilinear" or "bicubic"
    mean: tuple[float, ...]
    std: tuple[float, ...]
    accuracy: float | None  # top-1 on ImageNet's validation pictures, in percent
    classes: tuple[str, ...]


def read_metadata(model: str, weights: str) -> Metadata:
    """The entry of a network's weights, by torchvision's names for both.

    Raises:
        WeightsError: The installed torchvision has no such entry.

    Example:
        >>> read_metadata("resnet18", "IMAGENET1K_V1").url
        'https://download.pytorch.org/models/resnet18-f37072fd.pth'
    """
    try:
        return from_source(model, weights)
    except (OSError, SyntaxError, LookupError, TypeError, ValueError, AttributeError, StopIteration):
        return from_import(model, weights)


def from_import(model: str, weights: str) -> Metadata:
    """The entry as torchvision itself answers it; takes seconds.

    Raises:
        WeightsError: There is no such entry.
    """
    from torchvision.models import get_model_weights

    try:
        entry = get_model_weights(model)[weights]
    except (KeyError, ValueError) as error:
        raise WeightsError(
            f"torchvision does not know the weights {weights} of {model}; upgrade it: pip install --upgrade torchvision"
        ) from error
    rule = entry.transforms()
    return Metadata(
        url=entry.url,
        resize=rule.resize_size[0],
        crop=rule.crop_size[0],
        interpolation=rule.interpolation.value,
        mean=tuple(rule.mean),
        std=tuple(rule.std),
        accuracy=entry.meta.get("_metrics", {}).get("ImageNet-1K", {}).get("acc@1"),
        classes=tuple(entry.meta["categories"]),
    )


def from_source(model: str, weights: str) -> Metadata:
    """The entry as torchvision's source has it; any other error than of this room means that it is not as expected."""
    spec = importlib.util.find_spec("torchvision")
    folder = Path(spec.submodule_search_locations[0])  # type: ignore[union-attr,index]
    entry = _keywords(_entry(folder / "models", model, weights))
    rule = _image_classification_defaults(folder) | _keywords(entry["transforms"])
    meta = {key.value: value for key, value in _items(entry["meta"]) if isinstance(key, ast.Constant)}
    return Metadata(
        url=str(ast.literal_eval(entry["url"])),
        resize=int(ast.literal_eval(rule["resize_size"])),
        crop=int(ast.literal_eval(rule["crop_size"])),
        interpolation=rule["interpolation"].attr.lower(),
        mean=tuple(ast.literal_eval(rule["mean"])),
        std=tuple(ast.literal_eval(rule["std"])),
        accuracy=ast.literal_eval(meta["_metrics"])["ImageNet-1K"]["acc@1"],
        classes=tuple(_assigned(folder / "models" / "_meta.py", "_IMAGENET_CATEGORIES")),
    )


def _entry(folder: Path, model: str, weights: str) -> Any:
    """The call that makes the entry: `weights = Weights(...)` in the class of the network's weights."""
    wanted = model.replace("_", "") + "weights"
    for path in sorted(folder.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        if wanted not in text.replace("_", "").lower():
            continue
        for node in ast.parse(text).body:
            if isinstance(node, ast.ClassDef) and node.name.replace("_", "").lower() == wanted:
                return next(line.value for line in node.body if _assigns(line, weights))
    raise LookupError(wanted)


def _image_classification_defaults(folder: Path) -> dict[str, Any]:
    """What a rule that does not say otherwise has: the defaults of ImageClassification's keyword arguments."""
    tree = ast.parse((folder / "transforms" / "_presets.py").read_text(encoding="utf-8"))
    kind = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "ImageClassification")
    make = next(node for node in kind.body if isinstance(node, ast.FunctionDef) and node.name == "__init__")
    return {argument.arg: value for argument, value in zip(make.args.kwonlyargs, make.args.kw_defaults, strict=True)}


def _assigned(path: Path, name: str) -> Any:
    """The literal that a file assigns to a name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return ast.literal_eval(next(line.value for line in tree.body if _assigns(line, name)))


def _assigns(line: ast.stmt, name: str) -> TypeGuard[ast.Assign]:
    return isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name) and line.targets[0].id == name


def _keywords(call: Any) -> dict[str, Any]:
    return {keyword.arg: keyword.value for keyword in call.keywords}


def _items(table: Any) -> list[tuple[Any, Any]]:
    return list(zip(table.keys, table.values, strict=True))
