"""The verbs of the `striate` command, put together with typer, and how each of them ends."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import warnings
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, ParamSpec, TextIO

import typer
from typer.core import MarkupMode

from striate.cli.ending import SIGNALS, leave
from striate.cli.text import screen_width
from striate.errors import Interrupted, StriateError, StriateWarning
from striate.printable_text import printable
from striate.text_layout import wrapped
from striate.version import __version__

Parameters = ParamSpec("Parameters")


def orderly(command: Callable[Parameters, None]) -> Callable[Parameters, None]:
    """The command, ending with one clear sentence and the right exit code where it would end with a traceback."""

    @functools.wraps(command)
    def wrapped(*arguments: Parameters.args, **options: Parameters.kwargs) -> None:
        def work() -> None:
            command(*arguments, **options)
            sys.stdout.flush()

        warnings.showwarning = show_warning
        try:
            SIGNALS.work(work)
        except Interrupted as interrupted:
            leave(str(interrupted), interrupted.exit_code)
        except KeyboardInterrupt:
            leave("interrupted", 130)
        except StriateError as error:
            leave(str(error), error.exit_code)
        except BrokenPipeError:
            # Who read the output has gone, as `| head` does; there is nobody to tell.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
        except ModuleNotFoundError as error:
            # Prediction does without most of what is installed with Striate; where that is missing, other commands end here.
            if error.name is None or error.name.partition(".")[0] == "striate":
                raise
            package = error.name.partition(".")[0]
            leave(
                f"this needs the package {package}, which is not installed here; install all that Striate uses: pip install striate",
                1,
            )
        except (OSError, MemoryError) as error:
            leave(describe_system_error(error), 1)

    return wrapped


def show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """A warning of ours as a note for people, any other as Python shows it."""
    if issubclass(category, StriateWarning):
        text = "\n".join(wrapped(f"note: {printable(str(message))}", screen_width(sys.stderr))) + "\n"
    else:
        text = warnings.formatwarning(message, category, filename, lineno, line)
    with contextlib.suppress(OSError):
        (file or sys.stderr).write(text)


def describe_system_error(error: OSError | MemoryError) -> str:
    """What the system says, with the file if there is one."""
    if isinstance(error, MemoryError):
        return "there is not enough memory"
    text = error.strerror or str(error)
    return f"{text}: {error.filename}" if error.filename else text


VERBS = {
    "models": "models",
    "inspect": "inspect",
    "compare": "compare",
    "compare-runs": "compare_runs",
    "filter": "filter",
    "check": "check",
    "runs": "runs",
    "augment": "augment",
    "compose": "compose",
    "pack": "pack",
    "advise": "advise",
    "train": "train",
    "learning-rate": "learning_rate",
    "learning-curve": "learning_curve",
    "deepen": "deepen",
    "reproduce": "reproduce",
    "evaluate": "evaluate",
    "predict": "predict",
    "search": "search",
    "serve": "serve",
    "studio": "studio",
    "visualize": "visualize",
    "export": "export",
    "import": "import_weights",
    "stress": "stress",
    "calibrate": "calibrate",
    "quantize": "quantize",
    "bench": "bench",
    "cache": "cache",
}
"""Each verb and its module."""

SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"]}

ROOM_FOR_PANELS = 80
"""Columns that help takes with its options in panels."""


def build_app(verbs: Iterable[str] = tuple(VERBS)) -> typer.Typer:
    """The command with some of its verbs; their modules are imported."""
    # On a narrow screen the columns of rich's help cut the names of options; plain help breaks lines between words.
    columns = screen_width()
    narrow = columns is not None and columns < ROOM_FOR_PANELS
    markup: MarkupMode = None if narrow else "rich"
    settings = SETTINGS | ({"terminal_width": columns} if narrow else {})
    app = typer.Typer(
        name="striate",
        rich_markup_mode=markup,
        help="Convolutional networks you can see through: from a folder of labelled pictures to a classifier.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings=settings,
    )
    app.callback(invoke_without_command=True)(options)
    for verb in verbs:
        module = import_module(f"striate.cli.{VERBS[verb]}")
        if verb == "bench":
            benchmarks = typer.Typer(no_args_is_help=True, context_settings=settings, rich_markup_mode=markup)
            for name, measure in module.COMMANDS.items():
                benchmarks.command(name, help=measure.__doc__, context_settings=settings)(orderly(measure))
            app.add_typer(benchmarks, name=verb, help=module.__doc__)
        else:
            app.command(verb, help=module.__doc__, context_settings=settings)(orderly(module.command))
    return app


def options(version: bool = typer.Option(False, "--version", help="Print the version and end.")) -> None:
    """Options of the command as a whole."""
    if version:
        typer.echo(f"striate {__version__}")
        raise typer.Exit
