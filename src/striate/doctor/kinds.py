"""The kinds of findings: a row each."""

from __future__ import annotations

from collections.abc import Sequence

from striate.doctor import classes, exact_copies, files, light, sizes
from striate.doctor.audit import Audit
from striate.doctor.finding import Finding
from striate.doctor.kind import LEAVE_OUT, LOOK, RENAME, Kind

KINDS: tuple[Kind, ...] = (
    Kind(
        "broken",
        "Broken",
        fault=True,
        measures="the file is decoded to its last pixel",
        wording="{reason}",
        search=files.broken,
        action=LEAVE_OUT,
    ),
    Kind(
        "contradicting-copies",
        "Exact copies under two labels",
        fault=True,
        measures="the same bytes in more than one class",
        wording="{figure:.0f} exact copies are labelled {labels}",
        search=exact_copies.contradicting,
        action=LEAVE_OUT,
    ),
    Kind(
        "leaked-copies",
        "Exact copies across splits",
        fault=True,
        measures="the same bytes in more than one split",
        wording="{figure:.0f} exact copies are in {splits}",
        search=exact_copies.leaked,
        action=LEAVE_OUT,
        spares_first=True,
    ),
    Kind(
        "copies",
        "Exact copies",
        fault=False,
        measures="the same bytes twice in one class and split",
        wording="{figure:.0f} exact copies",
        search=exact_copies.copies,
        action=LEAVE_OUT,
        spares_first=True,
    ),
    Kind(
        "blank",
        "Blank",
        fault=False,
        measures=f"averaged to 32 x 32 points, at most {light.BLANK} of 255 grey levels lie between the darkest and the lightest",
        wording="{figure:.0f} grey levels between its darkest and its lightest part",
        search=light.blank,
        action=LOOK,
    ),
    Kind(
        "dark",
        "Dark",
        fault=False,
        measures=f"99 of 100 pixels are darker than {light.QUARTER} of 255, and than half of what is usual in the data",
        wording="99 of 100 pixels are no lighter than {figure:.0f} of 255",
        search=light.dark,
        action=LOOK,
    ),
    Kind(
        "bright",
        "Bright",
        fault=False,
        measures=f"99 of 100 pixels are lighter than {255 - light.QUARTER} of 255, and use less than half of the range that is usual",
        wording="99 of 100 pixels are no darker than {figure:.0f} of 255",
        search=light.bright,
        action=LOOK,
    ),
    Kind(
        "blurry",
        "Blurry",
        fault=False,
        measures=(
            f"the sharpest edges are spread by a Gaussian of {light.BLURRED:.1%} of the shorter side or more (2 pixels of 224), and "
            f"{light.BLURRED_TIMES} times as wide as is usual"
        ),
        wording="its sharpest edges are spread over {figure:.1f} % of the shorter side",
        search=light.blurry,
        action=LOOK,
    ),
    Kind(
        "tiny",
        "Tiny",
        fault=False,
        measures=f"the shorter side has under {sizes.TINY} pixels, and under half of what is usual",
        wording="{width} x {height} pixels",
        search=sizes.tiny,
        action=LOOK,
    ),
    Kind(
        "huge",
        "Huge",
        fault=False,
        measures=f"{sizes.HUGE // 1_000_000} megapixels or more, and {sizes.HUGE_TIMES} times as many as is usual",
        wording="{width} x {height} pixels",
        search=sizes.huge,
        action=LOOK,
    ),
    Kind(
        "long",
        "Extreme aspect ratio",
        fault=False,
        measures=f"the longer side is {sizes.LONG:.0f} times the shorter one or more, and twice what is usual",
        wording="{width} x {height} pixels: {figure:.1f} to 1",
        search=sizes.long,
        action=LOOK,
    ),
    Kind(
        "wrong-extension",
        "Wrong extension",
        fault=False,
        measures="the file's ending is not one of its format",
        wording="a {format} file with the ending {ending!r}",
        search=files.wrong_extensions,
        action=RENAME,
    ),
    Kind(
        "colour-mode",
        "Unusual colour mode",
        fault=False,
        measures=(
            "transparency, CMYK, 16 bits and the like in less than half of the data; "
            f"no colour, or colour, in {files.RARE:.0%} of it or less"
        ),
        wording="{way}",
        search=files.colour_surprises,
        action=LOOK,
    ),
    Kind(
        "exif-turned",
        "Turned by EXIF",
        fault=False,
        measures="EXIF's orientation is not 1: Striate turns it upright, other programs may not",
        wording="stored {turn}",
        search=files.turned,
        action=LOOK,
    ),
    Kind(
        "unusable-class",
        "Classes without a usable picture",
        fault=True,
        measures="every picture of the class is broken or contradicted",
        wording="no picture of {name!r} can be used",
        search=classes.unusable,
    ),
    Kind(
        "names-alike",
        "Class names that are nearly the same",
        fault=False,
        measures="they differ only by case, spaces, hyphens or Unicode form",
        wording="{names} may be one class",
        search=classes.alike,
    ),
    Kind(
        "uneven-classes",
        "Uneven classes",
        fault=False,
        measures=f"the largest class has more than {classes.UNEVEN} times the training pictures",
        wording="{name!r} has {count:,} training pictures, {largest!r} {most:,}",
        search=classes.uneven,
    ),
)
"""In the order in which they are shown: what puts a result in doubt first."""


def diagnose(audit: Audit, kinds: Sequence[Kind] = KINDS) -> tuple[Finding, ...]:
    """All findings, in the order of the kinds.

    Example:
        >>> from striate.data import load_data
        >>> from striate.doctor import audit
        >>> diagnose(audit(load_data("digits")))
        ()
    """
    return tuple(finding for kind in kinds for finding in kind.findings(audit))
