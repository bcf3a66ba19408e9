"""The page of what is seen: whole in itself, escaped, and readable without eyes."""

from html.parser import HTMLParser

import numpy as np

from striate.report.seeing_contents import LARGE, Panel, SeeingReport, Shown, StagePanels
from striate.report.seeing_page import render

NASTY = '<img src=x onerror="alert(1)">\x1b[2J'


def make_report(name="photo.jpg"):
    picture = np.full((90, 100, 3), 120, np.uint8)
    small = np.full((8, 8, 1), 3, np.uint8)
    where = Panel(
        "grad-cam", "Grad-CAM", f"Where {name}.", [[Shown(picture, (name,), LARGE), Shown(small, ("alone",))]]
    )
    units = Panel(
        "deconvnet",
        "DeconvNet",
        "Units.",
        [[Shown(small, ("map 1",)), Shown(small, ("±1",)), Shown(small, ("map 2",)), Shown(small, ("±2",))]],
        columns=["in the picture", "DeconvNet"] * 2,
        layer="features.0",
        warnings=["no switches here"],
        checks=[("after redrawing", "0.12")],
    )
    return SeeingReport(
        network="net",
        picture_name=name,
        picture=picture,
        predictions=[("cat", 0.75), (name, 0.2)],
        target="cat",
        where=[where],
        stages=[StagePanels("features.0", "8 maps", [units, units])],
        units=[],
        notes=["the weights are random"],
        facts={"network": name},
        seconds=1.5,
    )


class Elements(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def of(self, tag):
        return [attributes for name, attributes in self.found if name == tag]


def test_it_needs_nothing_and_runs_nothing():
    page = Elements(render(make_report()))
    assert not page.of("script") and not page.of("link")[1:]
    assert all(image["src"].startswith("data:image/") for image in page.of("img"))
    policy = next(meta["content"] for meta in page.of("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    assert not [name for _, attributes in page.found for name in attributes if name.startswith("on")]


def test_names_are_escaped():
    text = render(make_report(NASTY))
    assert "onerror=" not in text.replace("onerror=&#34;", "") and "\x1b" not in text
    assert len(Elements(text).of("img")) == len(Elements(render(make_report())).of("img"))


def test_every_picture_has_words_and_every_link_a_place():
    page = Elements(render(make_report()))
    assert all(image["alt"] for image in page.of("img"))
    ids = {attributes["id"] for _, attributes in page.found if "id" in attributes}
    assert {link["href"][1:] for link in page.of("a")} <= ids


def test_units_stay_together_and_warnings_of_stages_are_said_once():
    text = render(make_report())
    assert text.count('<div class="unit">') == 1 + 2 * 2  # the map alone; two units in each of two panels
    assert text.count("no switches here") == 1 and text.count("after redrawing") == 2
    assert "75.0" in text and "the weights are random" in text
