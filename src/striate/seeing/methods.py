"""The ways of seeing inside a network, a row each: what they need, what they take, and which function makes their panels.

Nothing of torch is loaded here, so that the command's help and its refusals come at once. A new way is a row and that function.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from striate.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    from striate.visualization import Unit

ALL = "all"
"""Every method of a page, of every stage."""

Needs = Literal["picture", "data", "nothing"]
Part = Literal["where", "stages", "units"]


@dataclass(frozen=True)
class Method:
    """A way of seeing."""

    name: str
    """As it is asked for."""
    title: str
    """What stands above its panel."""
    needs: Needs
    """What it looks at beside the network: one picture or sentence, many, or none."""
    part: Part
    """Where on the page it stands: with what the answer rests on, with its stage, or with what is of the network alone."""
    panels: str
    """The function that makes its panels, `striate.seeing.FILE.NAME`: from the method and a `Question`, in order."""
    of_sentences: str = ""
    """The function that makes them for a network for sentences: from the method and a `SentenceQuestion`; "": it is not for these."""
    not_for: Mapping[str, str] = field(default_factory=dict, hash=False)
    """By the kind of what a network is given: why it is not for that, a clause."""
    takes_layer: bool = False
    takes_unit: bool = False
    needs_unit: bool = False
    """Whether a unit or a class must be named, since there is no strongest one to take."""
    checked_as: str = ""
    """Its name in `striate.visualization.METHODS`, under which its map is tested before it is shown; "": it makes no such map."""
    on_page: bool = True
    """Whether `"all"` has it, where there is what it needs."""
    rule: str = ""
    """Of those that send a signal back to the pixels: what that does on its way, a clause."""
    caption: str = ""
    """Of those: the title under a small picture."""


NO_PIXELS = "words are looked up in a table, through which no signal comes back to anything that one could look at"
OVER_A_PICTURE = (
    "the cells of a network for clips answer to one frame after another, and this is drawn over one picture"
)
OF_PICTURES = (
    "the cells of a network for clips answer to frames and to what they remember, and no picture alone shows that"
)
"""Why a method is not for a kind: what several have in common."""

ROWS = (
    Method(
        "deconvnet",
        "DeconvNet",
        needs="picture",
        part="stages",
        panels="striate.seeing.projections.projection_panels",
        not_for={"text": NO_PIXELS, "frames": OVER_A_PICTURE},
        takes_layer=True,
        takes_unit=True,
        checked_as="deconvnet",
        rule="the signal goes down through transposed filters and the switches of the pooling, rectified on its way",
        caption="DeconvNet",
    ),
    Method(
        "guided",
        "Guided backpropagation",
        needs="picture",
        part="stages",
        panels="striate.seeing.projections.projection_panels",
        not_for={"text": NO_PIXELS, "frames": OVER_A_PICTURE},
        takes_layer=True,
        takes_unit=True,
        checked_as="guided_backpropagation",
        rule="the gradient, of which each rectifier lets pass only what is positive and what it let pass going up",
        caption="guided",
    ),
    Method(
        "gradient",
        "Gradient",
        needs="picture",
        part="stages",
        panels="striate.seeing.projections.projection_panels",
        not_for={"text": NO_PIXELS, "frames": OVER_A_PICTURE},
        takes_layer=True,
        takes_unit=True,
        checked_as="gradient",
        rule="how much the unit's answer grows with each pixel, to first order",
        caption="gradient",
    ),
    Method(
        "feature-maps",
        "Feature maps",
        needs="picture",
        part="stages",
        panels="striate.seeing.feature_maps.feature_map_panels",
        not_for={
            "text": "a filter's answers along a sentence are no picture; top shows the phrases that it answers to most",
            "frames": OVER_A_PICTURE,
        },
        takes_layer=True,
        takes_unit=True,
    ),
    Method(
        "through-training",
        "Maps through training",
        needs="picture",
        part="stages",
        panels="striate.seeing.feature_maps.through_training_panels",
        not_for={
            "text": "a filter's answers along a sentence are no picture, whatever the epoch",
            "frames": OVER_A_PICTURE,
        },
        takes_layer=True,
        takes_unit=True,
        on_page=False,  # only a run that was told to keeps epochs
    ),
    Method(
        "grad-cam",
        "Grad-CAM",
        needs="picture",
        part="where",
        panels="striate.seeing.class_maps.grad_cam_panels",
        not_for={
            "text": "before the head only each filter's largest answer is left, and no map; integrated-gradients tells of each word",
            "frames": OVER_A_PICTURE,
        },
        takes_layer=True,
        checked_as="grad_cam",
    ),
    Method(
        "occlusion",
        "Occlusion",
        needs="picture",
        part="where",
        panels="striate.seeing.class_maps.occlusion_panels",
        of_sentences="striate.seeing.word_panels.occlusion_panel",
        not_for={"frames": OVER_A_PICTURE},
        takes_layer=True,
        checked_as="occlusion",
    ),
    Method(
        "integrated-gradients",
        "Integrated gradients",
        needs="picture",
        part="where",
        panels="striate.seeing.class_maps.integrated_gradients_panels",
        of_sentences="striate.seeing.word_panels.integrated_gradients_panel",
        not_for={"frames": OVER_A_PICTURE},
        checked_as="integrated_gradients",
    ),
    Method(
        "saliency",
        "Saliency",
        needs="picture",
        part="where",
        panels="striate.seeing.class_maps.saliency_panels",
        not_for={
            "text": "a word cannot change a little; integrated-gradients adds up the gradient on the way to it",
            "frames": OVER_A_PICTURE,
        },
        checked_as="saliency",
    ),
    Method(
        "top",
        "Strongest pictures of each map",
        needs="data",
        part="units",
        panels="striate.seeing.top_pictures.top_panels",
        of_sentences="striate.seeing.phrases.phrase_panel",
        not_for={"frames": OF_PICTURES},
        takes_layer=True,
        takes_unit=True,
    ),
    Method(
        "hierarchy",
        "Low, middle and high stages",
        needs="data",
        part="units",
        panels="striate.seeing.top_pictures.hierarchy_panels",
        not_for={
            "text": "the filters lie in one layer, so that none is low or high; top shows their phrases",
            "frames": OF_PICTURES,
        },
    ),
    Method(
        "filters",
        "Filters",
        needs="nothing",
        part="units",
        panels="striate.seeing.kernels.filter_panels",
        not_for={
            "text": "the kernels weigh the numbers of words' vectors, which are no picture; top shows what they answer to",
            "frames": OF_PICTURES,
        },
        takes_layer=True,
    ),
    Method(
        "maximize",
        "What units would most like to see",
        needs="nothing",
        part="units",
        panels="striate.seeing.maximization.maximize_panels",
        not_for={
            "text": "the vectors that a filter would most like to see are no words; top finds the phrases that it answers to most",
            "frames": OF_PICTURES,
        },
        takes_layer=True,
        takes_unit=True,
        needs_unit=True,
    ),
)
METHODS = MappingProxyType({method.name: method for method in ROWS})
"""By name, in the order of the command's help, the documentation and the page."""

PROJECTIONS = tuple(method for method in ROWS if method.rule)
"""Those that send a unit's signal back to the pixels."""


def names(methods: Iterable[Method] = ROWS, *, last: str = "and") -> str:
    """The methods as a sentence lists them.

    Example:
        >>> names(PROJECTIONS)
        'deconvnet, guided and gradient'
    """
    *first, end = [method.name for method in methods]
    return f"{', '.join(first)} {last} {end}" if first else end


def needing(what: Needs) -> tuple[Method, ...]:
    """The methods that look at one picture, at many (`"data"`), or at nothing but the network."""
    return tuple(method for method in ROWS if method.needs == what)


def needs(name: str) -> Needs:
    """What a method, or `"all"`, looks at beside the network."""
    return "picture" if name == ALL else METHODS[name].needs


def of_sentences() -> tuple[Method, ...]:
    """The methods that a network for sentences has."""
    return tuple(method for method in ROWS if method.of_sentences)


def check_kind(method: str, kind: str, plural: str) -> None:
    """Refuses a method for a kind of network that it is not for, with the reason.

    Args:
        method: A name, or `"all"`.
        kind: What the network is given, a name of `striate.encodings`.
        plural: What several of these are called.

    Raises:
        UsageError: It is not for that.

    Example:
        >>> check_kind("top", "text", "sentences")
    """
    reasons = [METHODS[method]] if method != ALL else ROWS
    if all(kind in row.not_for for row in reasons):
        what = "no way to see inside is" if method == ALL else f"{method} is not"
        raise UsageError(f"the network is for {plural}, and {what}: {reasons[0].not_for[kind]}")


def check_method(
    method: str, *, layer: str | None = None, unit: Unit | None = None, target: int | str | None = None
) -> None:
    """Refuses what no method takes, before anything is read.

    Raises:
        UnknownNameError: There is no such method; the message offers the closest.
        UsageError: The method has no use for the layer or the unit, or needs one that is not named.
    """
    if method not in (*METHODS, ALL):
        raise UnknownNameError("method", method, (*METHODS, ALL))
    takes_unit = [row.name for row in ROWS if row.takes_unit]
    if layer is not None and method != ALL and not METHODS[method].takes_layer:
        raise UsageError(f"{method} is of the network as a whole and takes no --layer")
    if unit is not None and method not in takes_unit:
        raise UsageError(f"--unit goes with {', '.join(takes_unit)}, not with {method}; a class is a --target")
    of_class = target is not None and layer in (None, "head")
    if method != ALL and METHODS[method].needs_unit and unit is None and not of_class:
        raise UsageError(f"{method} needs a unit: give --unit N with --layer, or --target CLASS")
