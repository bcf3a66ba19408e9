"""On a phone no page runs off the edge: what is wide scrolls within its own box."""

import dataclasses
import importlib.util
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import striate
from striate.decision import Decision
from striate.report import Mistake, SeeingInside, Spoken, render
from striate.report.contents import SpokenWords
from striate.report.seeing_contents import Panel, SeeingReport, SentenceSeen
from striate.report.seeing_page import render as render_seeing
from striate.report.word_contents import FilterPhrases, ScoredWord, SeenPhrase

LONG = "an_extremely_long_class_name_without_any_space_in_it_at_all_really"
NAMES = ["동그라미_영_아주_긴_분류_이름_pneumonia", "pneumonia", "여덟 (팔)", LONG]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SCROLLS = {"scroll", "drawing"}
"""The classes of boxes that scroll: the style sheets are held to it below."""


def neighbour(name):
    """A file beside this one, as a module."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / "report" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def training_page():
    picture = np.zeros((96, 96, 3), np.uint8)
    mistakes = [Mistake(picture, f"test/{LONG}/{LONG}.png", NAMES[0], LONG, 0.9)] * 3
    return render(
        dataclasses.replace(
            neighbour("conftest").make_report(NAMES, epochs=12),
            mistakes=mistakes,
            seeing=SeeingInside(
                LONG,
                [picture[:7, :7]] * 40,
                "layer4",
                [Spoken(one, picture, picture) for one in mistakes],
                words=[SpokenWords(one, [ScoredWord(name, 0.5) for name in NAMES]) for one in mistakes],
            ),
            decisions=[Decision("number format", LONG, f"because /{LONG}/{LONG} was `measured`")] * 2,
            recipe=f'long = "{LONG * 4}"\n',
        )
    )


def words_page():
    words = [ScoredWord(text, score) for text in (*NAMES, "a") for score in (0.5, -0.2, None)]
    panel = Panel("occlusion", "Occlusion", LONG, [], words=words, checks=[("Test", LONG)], warnings=[LONG])
    phrases = [SeenPhrase((LONG, "", NAMES[0]), 1.0, f"{LONG} {LONG}", 2)] * 3
    filters = Panel("top", "Phrases", LONG, [], phrases=[FilterPhrases(7, 3, LONG, 0.3, phrases)] * 2)
    seen = SentenceSeen(f"{LONG} {NAMES[0]}", [(LONG, 0.9), (NAMES[0], 0.1)], LONG, [panel], notes=[LONG])
    facts = {"network": LONG, "weights": LONG}
    return render_seeing(
        SeeingReport(LONG, "", None, (), "", (), (), [filters], sentences=[seen] * 2, kind="text", facts=facts)
    )


@pytest.fixture(scope="module")
def pages():
    """Every kind of page, with names that are hard to place."""
    return {
        "training": training_page(),
        "words": words_page(),
        "seeing": render_seeing(neighbour("test_seeing_page").make_report(LONG)),
        "inspection": striate.inspect("lenet5").to_html(),
        "wide inspection": striate.inspect("googlenet").to_html(),
        "signal": striate.measure_signal("lenet5", ["paper"], pictures=2).to_html(),
    }


class Boxes(HTMLParser):
    """Which tables and drawings stand in no box that scrolls."""

    def __init__(self, text):
        super().__init__()
        self.open, self.loose, self.viewport, self.style = [], [], "", ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "meta" and attributes.get("name") == "viewport":
            self.viewport = attributes["content"]
        own = set((attributes.get("class") or "").split())
        around = set().union(*(classes for _, classes in self.open))
        fixed = tag == "table" or (tag == "svg" and "width" in attributes)
        if fixed and not around & SCROLLS:
            self.loose.append((tag, own))
        if tag not in ("meta", "link", "img", "br", "wbr", "hr"):
            self.open.append((tag, own))

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if self.open and self.open[-1][0] == "style":
            self.style += data


def test_every_table_and_drawing_is_in_a_box_that_scrolls(pages):
    for name, text in pages.items():
        page = Boxes(text)
        assert page.viewport == "width=device-width, initial-scale=1", name
        assert page.loose == [], name
        scrolling = set(re.findall(r"\.([a-z-]+)\s*\{[^}]*overflow-x: auto", page.style))
        for box in SCROLLS & {kind for kind in SCROLLS if f'class="{kind}' in text}:
            assert box in scrolling, (name, box)


def test_pictures_are_never_wider_than_their_place(pages):
    for name in ("training", "seeing", "words"):
        style = Boxes(pages[name]).style
        for rule in re.findall(r"grid-template-columns: repeat\(auto-f[^;]*", style):
            smallest = [int(size) for size in re.findall(r"(\d+)px", rule)]
            assert "min(100%" in rule or max(smallest) <= 250, (name, rule)


def test_a_browser_finds_nothing_beyond_the_edge(pages, tmp_path):
    browser = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if browser is None:
        pytest.skip("no chromium is installed, so no page is laid out")
    frames = []
    for number, text in enumerate(pages.values()):
        (tmp_path / f"{number}.html").write_text(text, encoding="utf-8")
        frames += [
            f'<iframe src="{number}.html" style="width:{width}px;height:700px"></iframe>' for width in (320, 390)
        ]
    script = """
    onload = () => {
      const found = [...document.querySelectorAll("iframe")].map(frame => {
        const page = frame.contentDocument.documentElement;
        return page.clientWidth > 0 && page.scrollHeight > 700 ? page.scrollWidth - page.clientWidth : "empty";
      });
      document.body.insertAdjacentHTML("beforeend", "<pre>beyond: " + found.join(" ") + "</pre>");
    }"""
    (tmp_path / "all.html").write_text(f"{''.join(frames)}<script>{script}</script>", encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files", "--dump-dom"]
    shown = subprocess.run(
        [browser, *options, f"--user-data-dir={tmp_path / 'profile'}", (tmp_path / "all.html").as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"HOME": str(tmp_path)},
    )
    beyond = re.findall(r"<pre>beyond: ([^<+]*)</pre>", shown.stdout)
    assert beyond, shown.stderr[-2000:]
    found = beyond[0].split()
    assert found == ["0"] * 2 * len(pages), dict(zip(pages, zip(found[::2], found[1::2], strict=True), strict=True))
