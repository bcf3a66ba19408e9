"""The rows of the ways of seeing: each whole, told alike wherever methods are told, and read without torch."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from striate import visualization
from striate.errors import UnknownNameError, UsageError
from striate.seeing.methods import METHODS, PROJECTIONS, ROWS, check_method, names, needing, needs

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("method", ROWS, ids=lambda method: method.name)
def test_each_row_is_whole(method):
    file, _, name = method.panels.rpartition(".")
    assert file.startswith("striate.seeing.") and callable(getattr(import_module(file), name))
    if method.of_sentences:
        file, _, name = method.of_sentences.rpartition(".")
        assert callable(getattr(import_module(file), name)) and "text" not in method.not_for
    assert method.title and bool(method.rule) == bool(method.caption)
    assert not method.checked_as or method.checked_as in visualization.METHODS
    assert method.takes_layer or not method.takes_unit
    assert (method.part == "units") == (method.needs != "picture")


def test_no_name_stands_twice():
    assert len(METHODS) == len(ROWS)


def test_every_explanation_of_the_library_is_a_way_of_seeing():
    assert {method.checked_as for method in ROWS if method.checked_as} == set(visualization.METHODS)
    assert [method.checked_as for method in PROJECTIONS] == list(visualization.UNIT_METHODS)


def test_the_documentation_has_the_same_rows_in_the_same_order():
    text = (DOCS / "seeing-inside.md").read_text(encoding="utf-8")
    table = text.partition("| `--method` |")[2].partition("\n\n")[0].splitlines()[2:]
    assert [row.split("`")[1] for row in table] == list(METHODS)


def test_the_documentation_says_for_each_kind_what_the_rows_say():
    text = (DOCS / "seeing-inside.md").read_text(encoding="utf-8")
    for method in ROWS:
        sentences = "yes" if method.of_sentences else f"no: {method.not_for['text']}"
        assert f"| `{method.name}` | {sentences} | no: {method.not_for['frames']} |" in text


def test_names_are_listed_as_a_sentence_does():
    assert names(needing("data")) == "top and hierarchy"
    assert names(needing("data")[:1]) == "top"
    assert names(last="or").endswith("hierarchy, filters or maximize")
    assert needs("all") == "picture" and needs("filters") == "nothing"


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"method": "grad_cam"}, UnknownNameError, "unknown method 'grad_cam'; did you mean 'grad-cam'"),
        (
            {"method": "saliency", "layer": "c1"},
            UsageError,
            "saliency is of the network as a whole and takes no --layer",
        ),
        (
            {"method": "occlusion", "unit": 1},
            UsageError,
            "--unit goes with deconvnet, guided, gradient, feature-maps, through-training, top, maximize, not with occlusion",
        ),
        ({"method": "maximize"}, UsageError, "maximize needs a unit: give --unit N with --layer, or --target CLASS"),
        ({"method": "maximize", "layer": "c3", "target": "cat"}, UsageError, "maximize needs a unit: give --unit N"),
    ],
)
def test_what_a_method_does_not_take(options, kind, message):
    with pytest.raises(kind, match=message):
        check_method(**options)


def test_help_and_refusals_load_no_torch():
    """The command's own module, its help and what it refuses of a method."""
    program = (
        "import sys\n"
        "import striate.cli.visualize\n"
        "from striate.cli.app import build_app\n"
        "from typer.testing import CliRunner\n"
        "app = build_app(['visualize', 'models'])\n"
        "print(CliRunner().invoke(app, ['visualize', '--help']).output)\n"
        "wrong = ['visualize', 'lenet5', 'no.png', '--json', '--method', 'gradcam']\n"
        "print(CliRunner().invoke(app, wrong).exit_code, 'torch' in sys.modules)\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    *help_text, last = result.stdout.strip().splitlines()
    assert last.split()[1] == "False" and last.split()[0] == "2"
    said = " ".join(" ".join(help_text).replace("│", " ").split())
    assert f"all, {names(last='or')}" in said
