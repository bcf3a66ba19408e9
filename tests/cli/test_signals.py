"""A signal ends the command with one sentence, from its first instruction to its last."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from striate.cli.ending import Signals
from striate.errors import Interrupted

ENDS = [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]

SWALLOWS = """
import signal
try:
    signal.raise_signal(signal.{name})
except BaseException:
    pass
print("went on")
"""


@pytest.fixture
def signals():
    """A `Signals` that listens; afterwards all is as before."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where the tests were started in the background
    listening = Signals()
    listening.listen()
    yield listening
    for number, handler in before.items():
        signal.signal(number, handler)


def run_beside(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """`striate` in a process of its own, which finds the modules of a folder before any other."""
    code = (
        f"import signal, sys\nsignal.signal(signal.SIGINT, signal.default_int_handler)\nsys.path.insert(0, {str(folder)!r})\n"
        "from striate.cli.main import main\nmain()"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(("number", "code", "said"), ENDS)
@pytest.mark.parametrize("module", ["typer", "numpy"])
def test_a_module_that_swallows_the_signal_while_it_is_imported_ends_there(tmp_path, number, code, said, module):
    (tmp_path / f"{module}.py").write_text(SWALLOWS.format(name=number.name))
    arguments = ["predict", "nowhere", "x.png"] if module == "numpy" else ["--help"]
    done = run_beside(tmp_path, *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", f"striate: {said}\n")


@pytest.mark.parametrize(("number", "code", "said"), ENDS)
def test_while_a_verb_works_the_signal_is_raised_and_things_are_put_in_order(signals, number, code, said):
    order = []

    def verb():
        try:
            signal.raise_signal(number)
        finally:
            order.append("put in order")

    with pytest.raises(Interrupted) as ended:
        signals.work(verb)
    assert (str(ended.value), ended.value.exit_code, order) == (said, code, ["put in order"])


@pytest.mark.parametrize("then", ["return", "fail"])
def test_a_signal_that_was_swallowed_is_told_all_the_same(signals, then):
    def verb():
        with contextlib.suppress(BaseException):
            signal.raise_signal(signal.SIGINT)
        if then == "fail":
            raise AttributeError("partially initialized module")

    with pytest.raises(Interrupted, match="interrupted") as ended:
        signals.work(verb)
    assert ended.value.__suppress_context__


def test_errors_without_a_signal_stay_what_they_are(signals):
    with pytest.raises(ZeroDivisionError):
        signals.work(lambda: 1 / 0)


@pytest.mark.parametrize(
    "verb",
    [
        "raise_signal(SIGINT)\n    finally:\n        raise_signal(SIGINT); print('went on')",  # a second one
        "pass\n    finally:\n        pass",  # and one after the work
    ],
)
def test_outside_the_work_and_the_second_time_it_ends_at_once(verb):
    code = (
        "from signal import SIGINT, default_int_handler, raise_signal, signal\nfrom striate.cli.ending import SIGNALS\n"
        "signal(SIGINT, default_int_handler)\nSIGNALS.listen()\n"
        f"def verb():\n    print('a row')\n    try:\n        {verb}\n"
        "SIGNALS.work(verb)\nraise_signal(SIGINT)\nprint('went on')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "a row\n", "striate: interrupted\n")


def test_an_ignored_interrupt_stays_ignored(signals):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signals.listen()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_the_first_instructions_import_next_to_nothing():
    code = "import sys\nbefore = set(sys.modules)\nimport striate.cli.main\nprint(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    own = {"striate", "striate.version", "striate.cli", "striate.cli.ending", "striate.cli.main", "striate.cli.text"}
    own |= {"striate.printable_text", "striate.cli.collecting"}
    # What `signal` and `importlib` of the standard library are made of.
    standard = {
        "__future__",
        "_collections",
        "_functools",
        "collections",
        "enum",
        "functools",
        "importlib",
        "itertools",
    }
    standard |= {"importlib._bootstrap", "importlib._bootstrap_external", "keyword", "operator", "_operator", "reprlib"}
    standard |= {"gc", "signal", "types", "warnings", "_weakrefset"}
    assert set(done.stdout.split()) - own <= standard


def catches(process: subprocess.Popen[str], number: int) -> bool:
    """Whether a process has a handler for a signal."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught.split()[1], 16) >> (number - 1) & 1)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not say which signals are caught")
@pytest.mark.parametrize("milliseconds", [0, 5, 10, 20, 50, 100, 200, 400, 800, 1600])
@pytest.mark.parametrize("verb", ["predict", "train", "--help"])
@pytest.mark.parametrize(("number", "code", "said"), ENDS)
def test_a_signal_at_any_time_is_one_sentence(finished_run, striped, tmp_path, verb, milliseconds, number, code, said):
    arguments = {
        "predict": ["predict", finished_run.folder, *[striped] * 200],
        "train": ["train", striped, "--model", "resnet20", "--epochs", 1000, "--output", tmp_path / "run"],
        "--help": ["--help"],
    }[verb]
    process = subprocess.Popen(
        [sys.executable, "-m", "striate", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"COLUMNS": "1000"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # not as a shell's background job
    )
    while process.poll() is None and not catches(process, signal.SIGTERM):
        time.sleep(0.0005)
    time.sleep(milliseconds / 1000)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    if process.returncode in (0, -number):  # the help may have been written by then, and Python be on its way out
        assert verb == "--help" and "Usage: striate" in out and err == ""
        return
    assert process.returncode == code
    said = "interrupted" if "interrupted " in err else said  # in training SIGTERM interrupts too, and all is saved
    assert err.splitlines()[-1].startswith(f"striate: {said}")
    assert "Traceback" not in err and "Exception ignored" not in err
    assert sum(line.startswith("striate: ") for line in err.splitlines()) == 1
    assert out == "" or verb in ("predict", "--help")  # rows, or the help, that were written before the signal came
