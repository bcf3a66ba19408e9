"""The façade: lazy, complete, and light."""

import ast
import json
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import striate
from striate.cli.app import VERBS

ROOT = Path(__file__).parents[1]
HEAVY = ["torch", "torchvision", "matplotlib", "sklearn", "openvino", "numpy", "PIL", "captum"]


def loaded_after(code: str) -> set[str]:
    program = f"import sys\n{code}\nprint('LOADED', *sorted(m for m in sys.modules if '.' not in m))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("LOADED")[2].split())


def test_all_is_sorted_and_complete():
    assert striate.__all__ == sorted(striate.__all__)
    assert set(striate.__all__) == set(striate._HOMES) | {"__version__"}
    for name in striate.__all__:
        assert getattr(striate, name) is not None
    assert dir(striate) == sorted([*striate.__all__, *striate._ROOMS])


def test_importing_a_room_hides_no_verb():
    import striate.api.evaluate
    import striate.api.inspect
    import striate.api.load
    import striate.api.train

    rooms = {module.name for module in pkgutil.iter_modules(striate.__path__)}
    assert {"api", "cli"} | striate._ROOMS < rooms
    assert not rooms & set(striate.__all__)
    assert callable(striate.train) and callable(striate.evaluate) and callable(striate.load)
    assert callable(striate.inspect) and callable(striate.compare)


def names_in_the_docs():
    """Every dotted name below `striate` that a page writes; `striate.json` is a file."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    named = {name for page in pages for name in re.findall(r"\bstriate(?:\.[A-Za-z_]\w*)+", page.read_text("utf-8"))}
    return sorted(named - {"striate.json"})


def resolved_in_fresh_interpreters(names):
    """Of each name what `import striate` and attributes alone make of it; a room's names share an interpreter."""
    program = (
        "import json, os, sys, numpy, torch, PIL.Image\n"  # what takes long is shared by the forks
        "for group in json.loads(sys.argv[1]):\n"
        "    if child := os.fork():\n"
        "        os.waitpid(child, 0)\n"
        "        continue\n"
        "    import striate\n"
        "    for name in group:\n"
        "        value = striate\n"
        "        try:\n"
        "            for part in name.split('.')[1:]:\n"
        "                value = getattr(value, part)\n"
        "            print(name, 'ok', flush=True)\n"
        "        except AttributeError as error:\n"
        "            print(name, error, flush=True)\n"
        "    os._exit(0)\n"
    )
    groups = {}
    for name in names:
        room = name.split(".")[1]
        groups.setdefault(room if room in striate._ROOMS else "", []).append(name)
    order = json.dumps([sorted(group, key=len, reverse=True) for group in groups.values()])  # the deepest name is first
    done = subprocess.run([sys.executable, "-c", program, order], capture_output=True, text=True, check=True)
    return dict(line.split(" ", 1) for line in done.stdout.splitlines())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="interpreters are forked, so that torch is loaded once")
def test_every_name_of_the_docs_and_every_room_answers_after_a_plain_import():
    names = names_in_the_docs()
    assert {"striate.visualization.deconvnet", "striate.nn", "striate.pixels.decode"} <= set(names)
    wanted = sorted({*names, *(f"striate.{room}" for room in striate._ROOMS)})
    assert resolved_in_fresh_interpreters(wanted) == dict.fromkeys(wanted, "ok")


def test_rooms_are_typed():
    hints = ast.parse((ROOT / "src" / "striate" / "__init__.py").read_text("utf-8"))
    imported = {
        alias.asname
        for node in ast.walk(hints)
        if isinstance(node, ast.ImportFrom) and node.module == "striate"
        for alias in node.names
    }
    assert imported == striate._ROOMS


def test_a_star_brings_no_rooms():
    names = {}
    exec("from striate import *", names)
    assert not striate._ROOMS & set(names)


def test_unknown_attribute():
    with pytest.raises(AttributeError, match="module 'striate' has no attribute 'trian'"):
        striate.trian  # noqa: B018


def test_import_is_light():
    assert not loaded_after("import striate").intersection(HEAVY)


def test_help_is_light():
    code = "from striate.cli.app import build_app\ntry:\n    build_app()(['--help'])\nexcept SystemExit:\n    pass"
    assert not loaded_after(code).intersection(HEAVY)


def test_help_of_each_verb_is_light():
    code = (
        "from striate.cli.app import VERBS, build_app\n"
        "for verb in VERBS:\n"
        "    try:\n        build_app()([verb, '--help'])\n    except SystemExit:\n        pass"
    )
    assert not loaded_after(code).intersection({"torch", "matplotlib", "openvino"})


def test_a_named_verb_waits_for_no_other():
    code = (
        "import sys\nfrom striate.cli.main import run\nsys.argv = ['striate', 'predict', '--help']\n"
        "try:\n    run()\nexcept SystemExit:\n    pass\n"
        "print('VERBS', *sorted(name for name in sys.modules if name.startswith('striate.cli.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage: striate predict" in done.stdout
    loaded = {name.removeprefix("striate.cli.") for name in done.stdout.rpartition("VERBS")[2].split()}
    assert loaded & set(VERBS.values()) == {"predict"}


def test_prediction_needs_no_torch():
    code = "import striate.runtime, striate.bundle, striate.pixels, striate.evaluation, striate.api.load"
    assert not loaded_after(code).intersection({"torch", "torchvision", "matplotlib", "sklearn"})
