"""What the pages say is so: their Python runs and prints what they print, their commands and links exist.

A block that cannot run here says why in a comment above it: `<!-- not run: it trains on the reader's photos -->`. The others
of a page run in order, in one namespace: sessions (`>>>`) must print what is printed, programs must end.
"""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^(?:<!-- not run: (?P<reason>.+?) -->\n)?```python\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]]+\]\((?P<target>[^)\s]+)\)")


class Block(NamedTuple):
    page: Path
    line: int
    code: str
    reason: str | None

    @property
    def name(self):
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks_of(page):
    text = page.read_text(encoding="utf-8")
    for match in BLOCK.finditer(text):
        yield Block(page, text[: match.start("code")].count("\n") + 1, match["code"], match["reason"])


BLOCKS = [block for page in PAGES for block in blocks_of(page)]
WITH_PYTHON = sorted({block.page for block in BLOCKS if block.reason is None})


def run_session(block, names):
    test = doctest.DocTestParser().get_doctest(block.code, names, block.name, str(block.page), block.line - 1)
    test.globs = names  # get_doctest copies them, and what one block defines the next may use
    report = []
    doctest.DocTestRunner(verbose=False).run(test, out=report.append, clear_globs=False)
    assert not report, "".join(report)


@pytest.mark.parametrize("page", WITH_PYTHON, ids=lambda page: str(page.relative_to(ROOT)))
def test_python_does_what_the_page_says(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}
    for block in blocks_of(page):
        if block.reason is not None:
            continue
        if ">>>" in block.code:
            run_session(block, names)
        else:
            exec(compile("\n" * (block.line - 1) + block.code, str(page), "exec"), names)


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.reason], ids=lambda block: block.name)
def test_python_that_cannot_run_here(block):
    pytest.skip(f"{block.page.name}: {block.reason}")


def test_a_wrong_number_would_be_found():
    with pytest.raises(AssertionError, match=r"Expected:\s+3\s+Got:\s+2\s"):
        run_session(Block(ROOT / "README.md", 1, ">>> 1 + 1\n3\n", None), {})


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in (match["target"] for match in LINK.finditer(text)):
        if ":" in target:
            continue
        file, _, anchor = target.partition("#")
        other = (page.parent / file) if file else page
        assert other.exists(), f"{page.name} links to {target}"
        if anchor:
            assert anchor in anchors_of(other), f"{page.name} links to {target}"


def anchors_of(page):
    """What GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_exist(page):
    from striate.cli.app import VERBS

    verbs = set(VERBS)
    for session in re.findall(r"^```console\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        for verb in re.findall(r"^\$ (?:\S+/)?striate ([a-z]\S*)", session, re.MULTILINE):
            assert verb in verbs, f"{page.name} shows `striate {verb}`"


def test_the_index_names_every_page():
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "README.md" or f"]({page.name})" in index, f"docs/README.md does not name {page.name}"


def test_the_twelve_operations_are_there_each_with_an_example():
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    sections = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    assert [section.partition(".")[0] for section in sections] == [str(number) for number in range(1, 13)]
    assert all("```python\n>>> " in section for section in sections)
