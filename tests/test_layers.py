"""The house stands: imports go strictly down, rooms on one floor are strangers, and no room has a nameless name."""

from __future__ import annotations

import ast
import graphlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "striate"

GROUND = {
    "choosing",
    "decision",
    "durable_writing",
    "errors",
    "folder_exchange",
    "fonts",
    "forking",
    "hardware",
    "hooks",
    "interruption",
    "name_comparison",
    "notebook",
    "openvino_loading",
    "ordered_threads",
    "printable_text",
    "results",
    "row_writing",
    "table_reading",
    "text_layout",
    "timing",
    "user_cache",
    "utf8_paths",
    "version",
    "watching",
    "wording",
}
"""These serve every floor, their own too, and import no room."""
FLOORS = [
    {"nn", "pixels", "text", "composing", "initialization", "evaluation"} | GROUND,
    {"tasks", "encodings"},
    {"models", "data", "augmentation"},
    {"bundle", "weights", "inspection", "conversion"},
    {"training", "runtime", "catalogue"},
    {"robustness", "visualization", "transfer", "sealing", "retrieval"},
    {"deciding", "report", "doctor"},
    {"runs", "seeing", "depth", "reproductions", "serving"},
    {"studio"},
    {"api"},
    {"cli"},
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
TORCH_FREE = [
    "pixels",
    "text",
    "composing",
    "runtime",
    "bundle",
    "evaluation",
    "tasks",
    "encodings",
    "data",
    "report",
    "doctor",
    "retrieval",
    "catalogue",
    *(f"{name}.py" for name in sorted(GROUND - {"hooks"})),
]
TORCH_ALLOWED = {"runtime/torch_engine.py"}

SHORT_FUNCTIONS = {"api", "deciding", "runs", "seeing", "sealing", "depth", "reproductions"}
"""Rooms that tell what is done in which order, which long functions hide."""
MOST_LINES = 60


def room_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imports_of(path: Path, *, with_type_checking: bool = True):
    """(line, dotted name) of everything a file imports, inside functions too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = set()
    if not with_type_checking:
        for node in ast.walk(tree):
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                skipped.update(id(inner) for part in node.body for inner in ast.walk(part))
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield node.lineno, str(node.module)
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"


FILES = sorted(path for path in PACKAGE.rglob("*.py") if path not in (PACKAGE / "__init__.py", PACKAGE / "__main__.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_strictly_down(path):
    room = room_of(path)
    assert room in FLOOR, f"the room {room} has no floor: add it to the table and to docs/design.md"
    for line, name in imports_of(path, with_type_checking=room not in GROUND):
        parts = name.split(".")
        if parts[0] != "striate" or len(parts) < 2 or parts[1] not in FLOOR:
            continue
        other = parts[1]
        allowed = other == room or other in GROUND or FLOOR[other] < FLOOR[room]
        assert allowed, f"{path}:{line}: {room} (floor {FLOOR[room]}) imports {other} (floor {FLOOR[other]})"


@pytest.mark.parametrize("path", sorted((PACKAGE / "api").glob("*.py")), ids=lambda path: path.name)
def test_verbs_are_strangers(path):
    for line, name in imports_of(path):
        assert not name.startswith("striate.api"), f"{path}:{line}: a verb imports {name}; what two share is a room"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_beneath_the_command_uses_the_facade(path):
    """`import striate` and `from striate import train` look up what may import the asker; a room or a file there is fine."""
    if room_of(path) == "cli":
        return
    for line, name in imports_of(path):
        top, _, rest = name.partition(".")
        first = rest.partition(".")[0]
        is_module = (PACKAGE / first).is_dir() or (PACKAGE / f"{first}.py").is_file()
        imported_whole = name == "striate" and not any(
            other.startswith("striate.") for row, other in imports_of(path) if row == line
        )
        assert top != "striate" or (is_module and not imported_whole), f"{path}:{line} imports {name}"


@pytest.mark.parametrize("room", sorted({room_of(path) for path in FILES} - GROUND))
def test_no_circle_of_files_in_a_room(room):
    """Also none that only type checking or a function closes: each file is understood after those that it imports."""
    assert circle_in([path for path in FILES if room_of(path) == room]) == []


def test_no_circle_of_files_beneath_the_rooms():
    assert circle_in([path for path in FILES if room_of(path) in GROUND]) == []


def circle_in(files: list[Path]) -> list[str]:
    """The names of files that import one another in a circle, the first one again at the end; none if there is no circle."""
    modules = {module_name(path): path for path in files}
    imported: dict[str, set[str]] = {module: set() for module in modules}
    for module, path in modules.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported[module] |= {alias.name for alias in node.names} & modules.keys()
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:  # a file, or what a file or the room's own has of that name
                    file = f"{node.module}.{alias.name}"
                    imported[module] |= {file if file in modules else str(node.module)} & modules.keys()
    try:
        graphlib.TopologicalSorter(imported).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def module_name(path: Path) -> str:
    """`striate.room.file`; of an `__init__.py` the room's."""
    return ".".join(("striate", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")


def test_a_circle_is_found_however_it_is_closed(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path)
    room = tmp_path / "room"
    room.mkdir()
    texts = {
        "__init__": "from striate.room.one import first",
        "one": "from striate.room import two",
        "two": "def late():\n    import striate.room.three",
        "three": "x = 1",
    }
    closing = {
        "a function": "def late():\n    from striate.room.one import first",
        "type checking": "if TYPE_CHECKING:\n    from striate.room import one",
        "the room": "from striate.room import first",
    }
    files = [room / f"{name}.py" for name in texts]
    for path, text in zip(files, texts.values(), strict=True):
        path.write_text(text)
    assert circle_in(files) == []
    for text in closing.values():
        files[-1].write_text(text)
        assert {"striate.room.one", "striate.room.two", "striate.room.three"} <= set(circle_in(files))


@pytest.mark.parametrize("room", sorted(SHORT_FUNCTIONS))
def test_functions_are_short(room):
    paths = [path for path in FILES if room_of(path) == room]
    assert paths
    assert [long for path in paths for long in long_functions(path)] == []


def long_functions(path: Path) -> list[str]:
    """The functions and methods of a file that have more lines than may be, their docstrings not counted."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        said = node.body[0] if ast.get_docstring(node) is not None else None
        docstring = 0 if said is None else (said.end_lineno or said.lineno) - said.lineno + 1
        if (lines := (node.end_lineno or node.lineno) - node.lineno + 1 - docstring) > MOST_LINES:
            found.append(f"{path.relative_to(PACKAGE)}:{node.lineno}: {node.name} has {lines} lines")
    return found


def test_a_long_function_is_found_and_its_docstring_is_not_counted(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path)
    said = '    """Says.\n\n' + "    more\n" * 100 + '    """\n'
    path = tmp_path / "file.py"
    path.write_text(f"def short():\n{said}" + "    x = 1\n" * 59)
    assert long_functions(path) == []
    path.write_text(f"def short():\n{said}" + "    x = 1\n" * 60)
    assert long_functions(path) == ["file.py:1: short has 61 lines"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_names_say_what_is_inside(path):
    for part in path.relative_to(PACKAGE).parts:
        assert part.removesuffix(".py") not in {"utils", "util", "common", "helpers", "misc"}


def test_rooms_for_prediction_do_not_import_torch():
    for path in FILES:
        relative = path.relative_to(PACKAGE)
        if relative.parts[0] not in TORCH_FREE or str(relative) in TORCH_ALLOWED:
            continue
        for line, name in imports_of(path, with_type_checking=False):
            assert name.split(".")[0] != "torch", f"{relative}:{line} imports torch"


def test_the_design_page_has_the_same_floors():
    page = (PACKAGE.parents[1] / "docs" / "design.md").read_text(encoding="utf-8")
    for number, rooms in enumerate(FLOORS):
        line = next(line for line in page.splitlines() if line.startswith(f"{number}  "))
        assert {word for word in line.split("(")[0].split()[1:] if word != "|"} == rooms - GROUND
    assert [name for name in sorted(GROUND) if f"{name}.py " not in page] == []


def test_where_to_put_what_names_files_and_tables_that_are_there():
    page = (PACKAGE.parents[1] / "docs" / "design.md").read_text(encoding="utf-8")
    rows = [row for row in page.partition("## 7. Where to put what")[2].splitlines() if "planned" not in row]
    named = {path for row in rows for path in re.findall(r"`([a-z_/]+(?:\.py|/))`", row)}
    assert len(named) > 20
    assert [path for path in sorted(named) if not any((root / path).exists() for root in (PACKAGE, ROOT))] == []
    tables = {match for row in rows for match in re.findall(r"`([A-Za-z_]+)` (?:of|in) `([a-z_/]+\.py)`", row)}
    assert len(tables) > 8
    for table, path in tables:
        file = next(root / path for root in (PACKAGE, ROOT) if (root / path).exists())
        assert re.search(rf"^(?:class )?{table}\b", file.read_text(encoding="utf-8"), re.MULTILINE), (
            f"{table} of {path}"
        )
