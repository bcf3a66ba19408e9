"""The kinds of findings: a row each."""

from __future__ import annotations

from collections.abc import Sequence

from striate.data.exclusion import EXCLUDE
from striate.doctor import classes, exact_copies, files, label_errors, light, measuring, near_copies, sizes
from striate.doctor.audit import Audit
from striate.doctor.finding import Finding
from striate.doctor.kind import RENAME, Kind

NEAR = "one picture, laid on the other, has the same edges"
JUDGED = "heads on features of trained weights that were not fitted to the picture say another class"
SUSPECT = "labelled {label!r} ({figure:.1%}), it looks like {suggested!r} ({chance:.1%})"

KINDS: tuple[Kind, ...] = (
    Kind(
        "broken",
        "Broken",
        fault=True,
        measures="the file cannot be decoded to its last pixel",
        wording="{reason}",
        search=files.broken,
        action=EXCLUDE,
    ),
    Kind(
        "contradicting-copies",
        "Exact copies under two labels",
        fault=True,
        measures="the same bytes are in more than one class",
        wording="{figure:.0f} exact copies are labelled {labels}",
        search=exact_copies.contradicting,
        action=EXCLUDE,
    ),
    Kind(
        "leaked-copies",
        "Exact copies across splits",
        fault=True,
        measures="the same bytes are in more than one split",
        wording="{figure:.0f} exact copies are in {splits}",
        search=exact_copies.leaked,
        action=EXCLUDE,
        spares_first=True,
    ),
    Kind(
        "contradicting-near-copies",
        "Near copies under two labels",
        fault=True,
        measures=NEAR + ", in more than one class",
        wording="{figure:.0f} pictures that show the same{how} are labelled {labels}",
        search=near_copies.contradicting,
    ),
    Kind(
        "leaked-near-copies",
        "Near copies across splits",
        fault=True,
        measures=NEAR + ", in more than one split",
        wording="{figure:.0f} pictures that show the same{how} are in {splits}",
        search=near_copies.leaked,
        action=EXCLUDE,
        spares_first=True,
    ),
    Kind(
        "likely-label-error",
        "Likely label errors",
        fault=True,
        measures=f"{JUDGED}, and give its label less than {label_errors.CERTAIN:.0%}",
        wording=SUSPECT,
        search=label_errors.suspects(certain=True),
    ),
    Kind(
        "unusable-class",
        "Classes without a usable picture",
        fault=True,
        measures="no training picture of the class can be read, or all are contradicted",
        wording="no picture of {name!r} can be used for training",
        search=classes.unusable,
    ),
    Kind(
        "empty-folder",
        "Empty class folders",
        fault=True,
        measures="no picture lies in the folder, or below it, and training needs one",
        wording="no picture in it",
        search=classes.in_folders("empty"),
    ),
    Kind(
        "folder-twice",
        "One class name in two Unicode forms",
        fault=True,
        measures="two folders of one split have one name, written in two ways",
        wording="{count} in two folders whose names look the same",
        search=classes.in_folders("twice"),
    ),
    Kind(
        "possible-label-error",
        "Possible label errors",
        fault=False,
        measures=f"{JUDGED}, confidently, or give its label less than {label_errors.UNLIKELY:.0%}",
        wording=SUSPECT,
        search=label_errors.suspects(certain=False),
    ),
    Kind(
        "copies",
        "Exact copies",
        fault=False,
        measures="the same bytes are twice in one class and split",
        wording="{figure:.0f} exact copies",
        search=exact_copies.copies,
        action=EXCLUDE,
        spares_first=True,
    ),
    Kind(
        "near-copies",
        "Near copies",
        fault=False,
        measures=NEAR + ", in one class and split",
        wording="{figure:.0f} pictures show the same{how}",
        search=near_copies.copies,
    ),
    Kind(
        "blank",
        "Blank",
        fault=False,
        measures=(
            f"at most {light.BLANK} of 255 grey levels lie between the darkest and the lightest of "
            f"{measuring.POINTS} x {measuring.POINTS} averages"
        ),
        wording="{figure:.0f} grey levels between its darkest and its lightest part",
        search=light.blank,
    ),
    Kind(
        "dark",
        "Dark",
        fault=False,
        measures=f"99 of 100 pixels are darker than {light.QUARTER} of 255, and than half of what is usual in the data",
        wording="99 of 100 pixels are no lighter than {figure:.0f} of 255",
        search=light.dark,
    ),
    Kind(
        "bright",
        "Bright",
        fault=False,
        measures=f"99 of 100 pixels are lighter than {255 - light.QUARTER} of 255, and use less than half of the range that is usual",
        wording="99 of 100 pixels are no darker than {figure:.0f} of 255",
        search=light.bright,
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
    ),
    Kind(
        "tiny",
        "Tiny",
        fault=False,
        measures=f"the longer side has under {sizes.TINY} pixels, and under half of what is usual",
        wording="{width} x {height} pixels",
        search=sizes.tiny,
    ),
    Kind(
        "huge",
        "Huge",
        fault=False,
        measures=f"{sizes.HUGE // 1_000_000} megapixels or more, and {sizes.HUGE_TIMES} times as many as is usual",
        wording="{width} x {height} pixels",
        search=sizes.huge,
    ),
    Kind(
        "long",
        "Extreme aspect ratio",
        fault=False,
        measures=f"the longer side is {sizes.LONG:.0f} times the shorter one or more, and twice what is usual",
        wording="{width} x {height} pixels: {figure:.1f} to 1",
        search=sizes.long,
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
            "a picture has transparency, CMYK, 16 bits or the like and more than half of the data has not, "
            f"or it is one of the {files.RARE:.0%} or fewer without colour, or with it"
        ),
        wording="{way}",
        search=files.colour_surprises,
    ),
    Kind(
        "exif-turned",
        "Turned by EXIF",
        fault=False,
        measures="EXIF's orientation is not 1: Striate turns it upright, other programs may not",
        wording="stored {turn}",
        search=files.turned,
    ),
    Kind(
        "unmeasured-folder",
        "Empty class folders in val or test",
        fault=False,
        measures="no picture lies in the folder of a class in val or test, so that the class is not measured there",
        wording="no picture in it",
        search=classes.in_folders("unmeasured"),
    ),
    Kind(
        "hidden-folder",
        "Hidden folders with pictures",
        fault=False,
        measures="the name of a folder beside class folders begins with a dot; its pictures are passed over",
        wording="{count} in it",
        search=classes.in_folders("hidden"),
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
"""In the order in which they are shown: faults first."""


def diagnose(audit: Audit, kinds: Sequence[Kind] = KINDS) -> tuple[Finding, ...]:
    """All findings, in the order of the kinds.

    Example:
        >>> from striate.data import load_data
        >>> from striate.doctor import audit
        >>> diagnose(audit(load_data("digits")))
        ()
    """
    return tuple(finding for kind in kinds for finding in kind.findings(audit))
