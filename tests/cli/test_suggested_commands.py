"""A command that a message suggests can be pasted: whatever is put into it is quoted as a shell wants it."""

import ast
import re
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "src" / "striate"
BEGUN = re.compile(r"striate (?:train|predict|evaluate|quantize|export|check|advise|visualize|inspect)\b[^;`\n]*$")
"""The text before a value in which a command has begun and not ended."""


def is_quoted(value, function):
    """Whether a value of an f-string is quoted, there or where its name gets it."""
    quoted = [
        node.targets[0].id
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and "shlex." in ast.unparse(node.value)
    ]
    return "shlex." in ast.unparse(value) or ast.unparse(value) in quoted


def unquoted(tree):
    """The values that stand unquoted in a suggested command."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for text in ast.walk(function):
            if not isinstance(text, ast.JoinedStr):
                continue
            before = ""
            for part in text.values:
                if isinstance(part, ast.Constant):
                    before += str(part.value)
                    continue
                if BEGUN.search(before) and not is_quoted(part.value, function):
                    yield ast.unparse(text)
                before += "VALUE"


def test_what_is_put_into_a_suggested_command_is_quoted():
    files = sorted(PACKAGE.rglob("*.py"))
    found = {str(path): list(unquoted(ast.parse(path.read_text(encoding="utf-8")))) for path in files}
    assert {path: texts for path, texts in found.items() if texts} == {}


def test_an_unquoted_value_is_found():
    def code(value):
        return f"def f(path):\n    return f'go on by: striate train --resume {{{value}}}'\n"

    assert len(list(unquoted(ast.parse(code("path"))))) == 1
    assert list(unquoted(ast.parse(code("shlex.quote(path)")))) == []


def test_a_command_in_an_error_keeps_its_spaces(striate_command, tmp_path):
    run = tmp_path / "two  spaces"
    run.mkdir()
    (run / "recipe.toml").touch()
    (run / "split.csv").touch()
    _, _, err = striate_command("train", "digits", "--output", run)
    assert err.endswith(f"go on with it by: striate train --resume '{run}'\n")
