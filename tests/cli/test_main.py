import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import striate

COMMAND = Path(sys.executable).with_name("striate")


def test_version(striate_command):
    assert striate_command("--version") == (0, f"striate {striate.__version__}\n", "")


def test_no_arguments_show_the_help(striate_command):
    code, out, err = striate_command()
    assert code == 2 and "Usage: striate" in out + err


@pytest.mark.parametrize("verb", ["models", "check", "train", "evaluate", "predict"])
def test_every_verb_has_complete_help(striate_command, verb):
    code, out, _ = striate_command(verb, "--help")
    assert code == 0 and "Usage: striate " + verb in out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["train"], 2, "give either DATA, or --resume RUN"),
        (["train", "digits", "--resume", "x"], 2, "give either DATA, or --resume RUN"),
        (["train", "digits", "--nonsense"], 2, "--nonsense"),
        (["train", "digits", "--mean", "half", "--std", "1"], 2, "--mean needs numbers such as 0.5"),
        (["train", "digits", "--model", "lenet6"], 2, "striate: unknown model 'lenet6'; did you mean 'lenet5'"),
        (["train", "no/such/folder"], 2, "striate: "),
        (["train", "--resume", "no/such/run"], 2, "striate: there is no run no/such/run; `striate runs` lists"),
        (["evaluate", "no/such/run", "digits"], 2, "striate: there is no run or bundle at no/such/run"),
        (["predict", "no/such/run", "x.jpg"], 2, "striate: there is no run or bundle at no/such/run"),
        (["check", "no/such/folder"], 2, "striate: "),
    ],
)
def test_a_users_mistake_is_one_sentence_without_a_traceback(striate_command, arguments, code, message):
    result = striate_command(*arguments)
    assert result.code == code
    assert message in result.err
    assert "Traceback" not in result.err and result.out == ""


def test_the_process_ends_in_good_order_but_is_not_taken_apart():
    code = (
        "import atexit, sys\n"
        "class Kept:\n    def __del__(self):\n        print('taken apart')\n"
        "kept = Kept()\n"
        "atexit.register(print, 'in good order')\n"
        "sys.argv = ['striate', '--version']\n"
        "from striate.cli.main import main\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"striate {striate.__version__}\nin good order\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device here that is always full")
def test_what_cannot_be_written_at_the_end_is_told():
    code = "from striate.cli.ending import end_at_once\nprint('lost')\nend_at_once(0)"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, env=environment, text=True, check=False
        )
    assert done.returncode == 120 and "No space left on device" in done.stderr


@pytest.mark.parametrize(("verb", "threads"), [("predict", "1"), ("train", None)])
def test_numpy_starts_no_threads_where_it_multiplies_no_matrices(verb, threads):
    code = (
        "import os, sys\nfrom striate.cli.main import run\n"
        f"sys.argv = ['striate', '{verb}', '--help']\n"
        "try:\n    run()\nexcept SystemExit:\n    pass\n"
        "print(os.environ.get('OPENBLAS_NUM_THREADS'))"
    )
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.splitlines()[-1] == str(threads)


def test_names_cannot_steer_the_terminal(striate_command):
    result = striate_command("check", "evil\x1b[2J\nname")
    assert "\x1b" not in result.err and "\\x1b[2J" in result.err
    assert len(result.err.splitlines()) == 1


def test_a_reader_that_leaves_is_no_error(finished_run, striped):
    done = subprocess.run(
        ["bash", "-c", f"'{COMMAND}' predict '{finished_run.folder}' '{striped}' | head -n 1; exit ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1 and done.stderr == ""


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow)]
)
def test_a_signal_saves_and_says_how_to_go_on(striped, tmp_path, number, code):
    folder = tmp_path / "run"
    arguments = ["train", striped, "--model", "lenet5_dense", "--epochs", "100000", "--output", folder]
    environment = os.environ | {"COLUMNS": "200"}
    process = subprocess.Popen(
        [COMMAND, *arguments], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    while not (folder / "metrics.jsonl").exists() and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(number)
    out, err = process.communicate(timeout=300)
    assert process.returncode == code
    assert out == ""
    last = err.splitlines()[-1]
    assert last.startswith("striate: interrupted in epoch ")
    assert last.endswith(f"all is saved: go on by: striate train --resume {folder}")
    assert "Traceback" not in err


def test_a_missing_font_is_a_note_and_other_warnings_are_pythons(capsys):
    from striate.cli.app import show_warning
    from striate.fonts import MissingFontWarning

    show_warning(MissingFontWarning("no font\x1b[2J"), MissingFontWarning, "fonts.py", 1)
    show_warning(UserWarning("else"), UserWarning, "there.py", 7)
    assert capsys.readouterr().err == "note: no font\\x1b[2J\nthere.py:7: UserWarning: else\n"
