import ast
import io
import sys
from pathlib import Path

import striate
from striate.cli.output import print_json, write_row


def test_json_is_utf8_whatever_the_terminal_is(monkeypatch):
    for encoding in ("ascii", "latin-1", "utf-8"):
        out = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="backslashreplace")
        monkeypatch.setattr(sys, "stdout", out)
        out.write("before\n")
        print_json({"é": "猫\x85"})
        print_json('{"text": "é"}')
        assert out.buffer.getvalue().decode() == 'before\n{"é": "猫\\u0085"}\n{"text": "é"}\n'


def test_a_stdout_of_text_alone(monkeypatch):
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    write_row("é\udcff\n".encode("utf-8", "surrogateescape"))
    assert out.getvalue() == "é\\xff\n"


def test_every_command_prints_json_by_this_door():
    """It keeps the letters of names, and writes out what could steer a terminal."""
    source = Path(striate.__file__).parent
    wrong = [
        f"{path.relative_to(source)}:{call.lineno}"
        for path in sorted((source / "cli").glob("*.py"))
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("json.dumps", "json.dump")
    ]
    assert wrong == []
