from __future__ import annotations

import signal
import sys
from typing import NamedTuple

import pytest

from striate.cli.main import main


class Result(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def striate_command(monkeypatch, capsys):
    """A function that runs `striate` with arguments in this process and answers exit code, stdout and stderr."""

    def run(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["striate", *map(str, arguments)])
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            with pytest.raises(SystemExit) as ended:
                main()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        code = ended.value.code
        return Result(code if isinstance(code, int) else 0 if code is None else 1, *capsys.readouterr())

    return run
