"""The façade: lazy, complete, and light."""

import subprocess
import sys

import pytest

import striate

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
    assert dir(striate) == sorted(striate.__all__)


def test_importing_a_room_hides_no_verb():
    import striate.api.evaluate
    import striate.api.inspect
    import striate.api.load
    import striate.api.train

    rooms = {
        "api",
        "augmentation",
        "bundle",
        "cli",
        "conversion",
        "data",
        "evaluation",
        "initialization",
        "inspection",
        "models",
        "nn",
        "pixels",
        "report",
        "runtime",
        "training",
        "transfer",
        "weights",
    }
    assert not rooms & set(striate.__all__)
    assert callable(striate.train) and callable(striate.evaluate) and callable(striate.load)
    assert callable(striate.inspect) and callable(striate.compare)


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
        "import sys\nfrom striate.cli.main import main\nsys.argv = ['striate', 'predict', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('VERBS', *sorted(name for name in sys.modules if name.startswith('striate.cli.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage: striate predict" in done.stdout
    assert done.stdout.rpartition("VERBS")[2].split() == [
        "striate.cli.app",
        "striate.cli.main",
        "striate.cli.predict",
        "striate.cli.text",
    ]


def test_prediction_needs_no_torch():
    code = "import striate.runtime, striate.bundle, striate.pixels, striate.evaluation, striate.api.load"
    assert not loaded_after(code).intersection({"torch", "torchvision", "matplotlib", "sklearn"})
