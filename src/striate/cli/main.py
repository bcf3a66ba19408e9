"""The `striate` command's first instructions: from here on a signal ends it with one sentence, and never with a traceback.

What takes time to import comes after them, in `striate.cli.app`.
"""

from __future__ import annotations

import os
import sys

from striate.cli.collecting import collect_little
from striate.cli.ending import SIGNALS, end_at_once

WITHOUT_LINEAR_ALGEBRA = ("check", "evaluate", "predict", "runs")
"""Verbs in which numpy multiplies no matrices: the threads that it would start for that only spin, for longer than numpy's import takes."""


def main() -> None:
    """Runs the command and ends the process: 0 done, 1 failed, 2 wrong usage, 3 some of the data has problems, 130 or 143 interrupted."""
    try:
        run()
    except SystemExit as ended:
        if isinstance(ended.code, int | None):
            end_at_once(ended.code or 0)
        raise


def run() -> None:
    """Runs the command.

    Raises:
        SystemExit: Always, with the exit code.
    """
    SIGNALS.listen()
    collect_little()
    # By default torch's threads spin while they wait for one another. That gains nothing measurable on an idle machine, and costs a
    # factor of five as soon as another program wants one of its processors. It must be said before torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    from io import TextIOWrapper

    from striate.cli.app import VERBS, build_app

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a file name that is not text must not end the command
            stream.reconfigure(errors="backslashreplace")
    # Who names a verb does not wait for the others. (No option that comes before it takes a value.)
    verb = next((argument for argument in sys.argv[1:] if not argument.startswith("-")), "")
    if verb in WITHOUT_LINEAR_ALGEBRA:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    build_app([verb] if verb in VERBS else VERBS)(prog_name="striate")
