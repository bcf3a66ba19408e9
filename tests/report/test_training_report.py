"""The page as a browser and a person meet it: well formed, complete in itself, safe, and saying the numbers."""

import dataclasses
import os
import re
import stat
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest

import striate.report
from striate.decision import Decision
from striate.errors import StriateError, UsageError
from striate.evaluation import Finding
from striate.printable_text import printable
from striate.report import (
    DataSummary,
    Mistake,
    SeeingInside,
    Spoken,
    TrainingReport,
    Unfinished,
    render,
    says_ended,
    write,
    write_while_running,
)
from striate.report.contents import TrainingReport as Contents
from striate.wording import percent

CLASSES = ["circle", "square", "star"]
VOID = {"meta", "link", "img", "br", "wbr", "hr", "input"}
TAGS = set(
    re.findall(
        r"\w+",
        "html head meta title link style body div nav span svg defs clippath circle g path ul li a main header p h1 h2 h3 "
        "bdi section strong i b dl dt dd table thead tbody tfoot tr th td aside pre code figure figcaption line text "
        "polyline rect details summary img br wbr footer",
    )
)
WITHIN_WORDS = {"bdi", "b", "i", "code", "wbr"}
WORDS = ("alt", "title", "aria-label")  # attributes that are read out and nothing else
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}&amp;"


class Reader(HTMLParser):
    """Reads a page strictly: what opens must close, in order."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.texts, self.style = [], [], [], ""
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        assert len(names) == len(set(names)), f"an attribute twice in {self.get_starttag_text()}"
        self.elements.append((tag, dict(attributes)))
        self.separate(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        assert "svg" in self.open, f"<{tag}/> outside of SVG"
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"
        self.separate(tag)

    def separate(self, tag):
        if tag not in WITHIN_WORDS:
            self.texts.append(" ")

    def handle_data(self, data):
        if self.open and self.open[-1] == "style":
            self.style += data
        else:
            self.texts.append(data)

    @property
    def text(self):
        """What a person reads, every kind of space as one plain space."""
        return " ".join("".join(self.texts).split())

    def says(self, text):
        return " ".join(text.split()) in self.text

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def check_page(text):
    """What holds of every page, whatever is in it."""
    text.encode("utf-8")
    page = Reader(text)
    assert {tag for tag, _ in page.elements} <= TAGS
    assert text.startswith('<!doctype html>\n<html lang="en">')
    policy = [meta for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert [meta["content"] for meta in policy] == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]

    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")], "a script"
        for name in ("src", "href", "xlink:href", "srcset", "data", "poster", "action"):
            address = attributes.get(name)
            if address is not None:
                assert (name == "src" and address.startswith("data:image/")) or (
                    name == "href" and (address == "data:," or address[1:] in ids)
                ), f"{tag} loads {address[:80]}"
        for name, value in attributes.items():
            assert name in WORDS or "url(" not in (value or "") or re.fullmatch(r"url\(#[a-z-]+\)", value)
        if tag == "th" and attributes.get("aria-hidden") != "true":
            assert attributes["scope"] in ("row", "col")
        if tag == "img":
            assert attributes["alt"] and int(attributes["width"]) > 0 and int(attributes["height"]) > 0
        if attributes.get("role") == "img":
            assert attributes["aria-label"]
    assert '"Segoe UI"' in page.style  # as it is, not escaped
    assert "url(" not in page.style and "@import" not in page.style and "<" not in page.style
    return page


def test_a_whole_report_tells_its_story_in_order(report_on):
    report = report_on(CLASSES)
    page = check_page(render(report))
    titles = re.findall(r"<h2>(.*?)</h2>", render(report))
    assert titles == [
        "Result",
        "Predict",
        "Curves",
        "Class by class",
        "Confusion",
        "Most confident mistakes",
        "Data",
        "Decisions",
        "Recipe",
        "Time and versions",
    ]
    anchors = "result predict curves classes confusion mistakes data decisions recipe time"
    assert " ".join(link["href"][1:] for link in page.all("a")) == anchors
    assert page.says(
        "lenet5 with 61,706 parameters, trained on 243 pictures of 3 classes from pictures/shapes: 3 epochs in 4.5 s."
    )


def test_the_numbers_are_on_the_page(report_on):
    report = report_on(CLASSES)
    page = check_page(render(report))
    test, val = report.scores["test"], report.scores["val"]
    low, high = test["accuracy_interval"]
    for expected in (
        f"{percent(test['accuracy'])} right on the 200 pictures of the test split",
        f"95 % interval: {percent(low)} to {percent(high)}",
        f"Balanced accuracy {percent(test['balanced_accuracy'])}",
        f"Log loss {test['log_loss']:.4g}",
        f"F1, macro {percent(test['f1_macro'])}",
        f"val 200 {percent(val['accuracy'])}",
        "striate predict runs/shapes-lenet5 picture.png",
        "These are few pictures",
        "306 pictures of 3 classes: 243 train, 30 val, 33 test.",
        "1 picture could not be used and took no part in anything above.",
        "broken.jpg the file is empty",
        "Ignored: stray files: 3.",
        "epochs 3 measured with --time-limit",
        '[model] name = "lenet5"',
        "striate 0.1.0",
        "training 4.5\u202fs",
        "called square it is circle 90.0\u202f% sure test/0.png",
        "shapes-lenet5 22 November 2026, 14:07",
    ):
        assert page.says(expected), expected
    for row in test["per_class"]:
        figures = " ".join(percent(row[key]) for key in ("precision", "recall", "f1"))
        assert page.says(f"{row['name']} {row['support']} {figures}")
    cells = re.findall(r'<text class="count.*?>(\d+)</text>', render(report))
    assert sorted(map(int, cells)) == sorted(n for row in test["confusion_matrix"] for n in row if n)
    assert "Top-" not in page.text  # among three classes, the first three are all


def test_the_headline_is_of_the_test_split_else_of_val(report_on):
    report = report_on(CLASSES)
    assert report.headline_split == "test"
    val = report.scores["val"]
    assert dataclasses.replace(report, scores={"extra": val, "val": val}).headline_split == "val"
    assert dataclasses.replace(report, scores={"extra": val}).headline_split == "extra"
    assert dataclasses.replace(report, scores={}).headline_split is None
    assert "On each split" not in render(dataclasses.replace(report, scores={"val": val}))


def test_a_run_without_scores(report_on):
    report = dataclasses.replace(report_on(CLASSES, epochs=1), scores={}, mistakes=(), epochs_planned=10)
    page = check_page(render(report))
    assert page.says("No score yet 1 of 10 epochs done; 40.0 % right on the val split after the last.")
    assert " ".join(link["href"][1:] for link in page.all("a")) == "result predict curves data decisions recipe time"


def test_a_run_without_an_epoch():
    report = TrainingReport("t", "r", "now", "lenet5", DataSummary("d", {"a": {"train": 2}, "b": {}}))
    page = check_page(render(report))
    assert "No score yet No epoch has ended yet." in page.text
    assert "lenet5, to be trained on 2 pictures of 2 classes from d." in page.text
    assert "Every picture could be read." in page.text
    assert not page.all("polyline")
    check_page(render(dataclasses.replace(report, data=DataSummary("d", {}))))


def test_a_history_with_holes():
    nan, inf = float("nan"), float("inf")
    history = [
        {"epoch": 1, "train_loss": nan, "val_loss": 1.25, "val_accuracy": None},
        {"epoch": 2, "train_loss": 2.0, "val_loss": inf, "val_accuracy": 0.5},
        {"epoch": 3},
    ]
    data = DataSummary("d", {"a": {"train": 2}, "b": {"train": 2}})
    page = check_page(render(TrainingReport("t", "r", "now", "lenet5", data, history=history)))
    assert "nan" not in page.text.lower().split() and "inf" not in page.text.lower().split()
    assert "trained on 4 pictures of 2 classes from d for 3 epochs." in page.text
    assert "3 epochs done." in page.text


@pytest.mark.parametrize("classes", [1, 2, 20, 21, 31, 50, 51, 100, 101])
def test_any_number_of_classes(report_on, classes):
    names = [f"class {i:03}" for i in range(classes)]
    page = check_page(render(report_on(names, picture_side=8)))
    assert ("With this many classes a matrix could not be read" in page.text) == (classes > 100)
    assert ("Every tenth class is named." in page.text) == (50 < classes <= 100)
    assert ("classes between the 15 worst and the 5 best are not shown" in page.text) == (classes > 30)
    assert ("Top-5 accuracy" in page.text) == (classes > 5)


def test_a_thousand_classes_stay_small(report_on):
    names = [f"class {i:04}" for i in range(1000)]
    report = report_on(names, count=4000, picture_side=100, samples=3, mistakes=60, epochs=2000)
    report = dataclasses.replace(
        report,
        data=dataclasses.replace(report.data, quarantined=[(f"{i}.jpg", "the file is empty") for i in range(5000)]),
        findings=[Finding(f"finding {i}") for i in range(500)],
    )
    text = render(report)
    page = check_page(text)
    without_pictures = re.sub(r"data:image/[^\"]*", "", text)
    assert len(without_pictures) < 350_000
    assert len(text) < 2_000_000  # the pictures are noise, the worst there is for JPEG
    assert len(page.all("img")) == 96 + 20
    for expected in (
        "One picture a class, of 96 of the 1,000 classes, evenly spaced.",
        "The 10 commonest of",
        "980 classes between the 10 with the fewest pictures and the 10 with the most are not shown",
        "4,960 more are not shown.",
        "480 more are not shown",
        "60 of 2,000 epochs, evenly spaced.",
        "5,000 pictures could not be used",
    ):
        assert expected in page.text, expected


def test_digits_of_eight_pixels_are_drawn_as_squares(report_on):
    page = check_page(render(report_on(CLASSES, picture_side=8)))
    assert {(img.get("class"), img["width"]) for img in page.all("img")} == {("pixelated", "80"), ("pixelated", "144")}
    assert ".pixelated { image-rendering: pixelated;" in page.style


def seeing_of(report, *, filters=6, channels=3, said="s4"):
    """What a report may show of the inside of a network."""
    spoken = [
        Spoken(Mistake(picture, said or key, true, called, 0.5), picture, picture[::-1])
        for picture, key, true, called, _ in report.mistakes[:2]
    ]
    kernels = [np.full((5, 5, channels), 128, np.uint8)] * filters
    return SeeingInside(filters_of=said, filters=kernels, heat_of=said, spoken=spoken, notes=[f"left out: {said}"])


def test_the_inside_is_shown_after_the_mistakes(report_on):
    report = report_on(CLASSES)
    page = check_page(render(dataclasses.replace(report, seeing=seeing_of(report))))
    anchors = [link["href"][1:] for link in page.all("a")]
    assert anchors[anchors.index("mistakes") + 1] == "seeing"
    assert page.says("The 6 filters of s4, 5 x 5 weights each, in colour: mid-grey is a weight of 0.")
    assert page.says("Grad-CAM at s4: ")
    _, _, true, called, _ = report.mistakes[0]
    assert page.says(f"the picture for {called} for {true} called {called}")
    assert page.says(f"{percent(0.5)} sure; it is {true}")
    assert page.says("left out: s4")
    shown = [img["alt"] for img in page.all("img")]
    assert shown.count("Filter 6") == 1 and f"What spoke for {called}" in shown


@pytest.mark.parametrize(
    ("filters", "channels", "said"),
    [
        (1, 1, "The 1 filter of s4, 5 x 5 weights each, in grey"),
        (200, 3, "The first 96 of the 200 filters of s4, 5 x 5 weights each, in colour"),
    ],
)
def test_filters_are_counted(report_on, filters, channels, said):
    report = report_on(CLASSES)
    page = check_page(render(dataclasses.replace(report, seeing=seeing_of(report, filters=filters, channels=channels))))
    assert page.says(said)
    assert len([img for img in page.all("img") if img["alt"].startswith("Filter ")]) == min(filters, 96)


def test_what_cannot_be_seen_is_said(report_on):
    page = check_page(
        render(dataclasses.replace(report_on(CLASSES), seeing=SeeingInside(notes=["There are no maps."])))
    )
    assert page.says("Seeing inside There are no maps.")
    assert not page.says("What it looks for first") and not page.says("Grad-CAM")


def evil_report(report_on, evil):
    """A report in which every text is hostile."""
    report = report_on([f"{evil}{i}" for i in range(3)], mistakes=3)
    names = list(report.data.counts)
    return TrainingReport(
        title=evil,
        run=evil,
        created=evil,
        model=evil,
        data=DataSummary(
            location=evil,
            counts={name: {evil: 1, "train": 3} for name in names},
            ignored={evil: 1},
            quarantined=[(evil, evil)],
            samples=report.data.samples,
        ),
        history=report.history,
        scores={evil: report.scores["test"], "val": report.scores["val"]},
        mistakes=[(picture, evil, true, called, 0.5) for picture, _, true, called, _ in report.mistakes],
        seeing=seeing_of(report, said=evil),
        decisions=[Decision(evil, evil, evil)],
        recipe=evil,
        predict_commands=[evil],
        findings=[Finding(evil)],
        hardware={evil: evil},
        versions={evil: evil},
        timings={evil: 1.0},
    )


@pytest.mark.parametrize(
    "evil",
    [
        EVIL,
        "</title></style></pre></svg></table><script>",
        "'\"` onmouseover=alert(1) x=`",
        "{% raw %}{{ page }}{# ",
        "--><!--",
        "http://example.invalid/x.js",
        "url(http://example.invalid)",
    ],
)
def test_names_cannot_break_out(report_on, evil):
    text = render(evil_report(report_on, evil))
    page = check_page(text)
    assert "<script" not in text
    whole = "".join(page.texts)
    assert whole.count(evil.strip()) > 20
    assert "49" not in whole.replace(evil, "").split()


@pytest.mark.parametrize(
    "odd", ["nul\x00bell\x07", "undecodable \udcff\udc80", "\ufffe", "\x1b[31m", "\u202eeman desrever"]
)
def test_what_could_steer_or_cannot_be_shown_is_written_out(report_on, odd):
    text = render(evil_report(report_on, odd))
    check_page(text)
    assert odd not in text
    assert printable(odd, lines=True) in text


def test_names_of_other_scripts_stay(report_on):
    page = check_page(render(report_on(["猫", "كلب", "می\u200cخواهم", "naïve café"])))
    for name in ("猫", "كلب", "می\u200cخواهم", "naïve café"):
        assert name in "".join(page.texts)


def test_write_and_write_again(report_on, tmp_path):
    path = tmp_path / "report.html"
    report = report_on(CLASSES)
    write(report, path)
    assert path.read_text(encoding="utf-8") == render(report)
    write(dataclasses.replace(report, title="another"), str(path))
    assert "<title>another</title>" in path.read_text(encoding="utf-8")
    assert os.listdir(tmp_path) == ["report.html"]
    (tmp_path / "plain").touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


def test_what_was_there_stays_when_writing_fails(report_on, tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("before")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StriateError) as caught:
        write(report_on(CLASSES), path)
    assert str(caught.value) == f"cannot write the report {path}: No space left on device"
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["report.html"]


def test_a_folder_that_is_not_there(report_on, tmp_path):
    path = tmp_path / "missing" / "report.html"
    with pytest.raises(StriateError) as caught:
        write(report_on(CLASSES), path)
    assert str(caught.value) == f"cannot write the report {path}: No such file or directory"


def test_scores_that_are_none_are_refused(report_on):
    report = dataclasses.replace(report_on(CLASSES), scores={"test": {"accuracy": 0.5}})
    with pytest.raises(UsageError, match=r"^scores must have the keys count, accuracy, .*; missing: count, "):
        render(report)


def test_a_picture_that_is_none_is_refused(report_on):
    report = report_on(CLASSES)
    data = dataclasses.replace(report.data, samples={"circle": [np.zeros((2, 2), dtype=np.float32)]})
    with pytest.raises(UsageError, match=r"got float32 \(2, 2\)$"):
        render(dataclasses.replace(report, data=data))


def test_the_same_report_gives_the_same_page(report_on):
    assert render(report_on(CLASSES)) == render(report_on(CLASSES))


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_stands_out_in_light_and_dark(report_on):
    """WCAG 2 asks for a contrast of 4.5 to 1."""
    style = check_page(render(report_on(CLASSES))).style
    modes = re.findall(r":root \{(.*?)\}", style, flags=re.DOTALL)
    assert len(modes) == 2
    for mode in modes:
        colours = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6});", mode))
        for front in ("ink", "soft", "blue", "orange"):
            for back in ("paper", "panel"):
                lighter, darker = sorted((luminance(colours[front]), luminance(colours[back])), reverse=True)
                assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (front, back)


def test_public_names_are_sorted_and_there():
    assert striate.report.__all__ == sorted(striate.report.__all__)
    assert all(hasattr(striate.report, name) for name in striate.report.__all__)
    assert striate.report.TrainingReport is Contents


def test_loads_no_torch():
    code = "import sys, striate.report; print([n for n in ('torch', 'sklearn', 'matplotlib') if n in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_the_page_of_a_run_that_goes_on(report_on):
    unfinished = Unfinished(True, "Epoch 2 & more.", "striate train --resume 'a <b>'", "12:00:01")
    report = dataclasses.replace(
        report_on(CLASSES), scores={}, mistakes=(), predict_commands=(), epochs_planned=20, unfinished=unfinished
    )
    page = check_page(render(report))
    assert [meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "refresh"] == ["3"]
    assert page.says("In progress") and page.says("Epoch 2 & more.") and page.says("Written at 12:00:01")
    assert page.says("striate train --resume 'a <b>'")
    stopped = dataclasses.replace(report, unfinished=dataclasses.replace(unfinished, running=False))
    page = check_page(render(stopped))
    assert not [meta for meta in page.all("meta") if meta.get("http-equiv") == "refresh"]
    assert page.says("Stopped at 12:00:01. It goes on by:") and not page.says("In progress")


def test_only_the_last_page_says_that_the_run_has_ended(report_on, tmp_path):
    path = tmp_path / "report.html"
    assert not says_ended(path)
    report = report_on(CLASSES)
    for running in (True, False):
        write_while_running(dataclasses.replace(report, unfinished=Unfinished(running, "", "", "")), path)
        assert not says_ended(path)
    write(report, path)
    assert says_ended(path) and os.listdir(tmp_path) == ["report.html"]
