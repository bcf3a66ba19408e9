import ast
from pathlib import Path

import striate
from striate.cli.text import printable


def test_plain_text_stays():
    assert printable("高 cat.jpg") == "高 cat.jpg"


def test_control_characters_are_written_out():
    assert printable("a\x1b[31m\n\u202eb\udc80") == "a\\x1b[31m\\n\\u202eb\\udc80"


def test_json_keeps_the_letters_of_names():
    """Every command that prints JSON says so: what one does not say is seen only by people whose names have other letters."""
    source = Path(striate.__file__).parent
    wrong = [
        f"{path.relative_to(source)}:{call.lineno}"
        for path in sorted((source / "cli").glob("*.py"))
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and ast.unparse(call.func) in ("json.dumps", "json.dump")
        and not any(named.arg == "ensure_ascii" and ast.unparse(named.value) == "False" for named in call.keywords)
    ]
    assert wrong == []
