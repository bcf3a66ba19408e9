"""On a screen of any width no word of any command is cut, and none is lost."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from striate.cli.console import ConsoleWatcher
from striate.cli.text import screen_width
from striate.decision import Decision
from striate.text_layout import cell_width

NAMES = ("아주 긴 고양이 분류 이름", "여덟_(팔)_pneumonia")


@pytest.fixture(scope="module")
def korean(drawn, tmp_path_factory):
    """A folder with 10 pictures of each of two classes with Korean names, which take two columns a sign."""
    return drawn(tmp_path_factory.mktemp("korean") / "사진 모음", NAMES, 10)


@pytest.fixture
def at(striate_command, monkeypatch):
    """A function that runs a command on a screen of so many columns; None: into a file."""

    def run(columns, *arguments):
        if columns is None:
            monkeypatch.delenv("COLUMNS", raising=False)
        else:
            monkeypatch.setenv("COLUMNS", str(columns))
        return striate_command(*arguments)

    return run


def check_screens(at, *arguments, same=lambda text: text):
    whole = same(at(None, *arguments).out)
    for columns in (200, 60, 40):
        narrow = same(at(columns, *arguments).out)
        for line in narrow.splitlines():
            assert cell_width(line) <= columns or len(line.split()) == 1, (columns, line)
        # A row that becomes a block begins with its name, without the head of the names.
        assert set(narrow.split()) | {"name", "layer", "class", "stage"} >= set(whole.split()), columns
        assert set(narrow.split()) <= set(whole.split()), columns
    return whole


@pytest.mark.parametrize(
    "arguments",
    [
        ("inspect", "lenet5"),
        ("compare", "lenet5", "lenet5_relu"),
        ("filter", "--list"),
        ("augment", "--list"),
        ("visualize", "lenet5", "--layer", "list"),
        ("inspect", "lenet5", "--signal", "--scheme", "paper", "--pictures", "2"),
    ],
    ids=" ".join,
)
def test_no_word_is_cut_and_none_lost(at, arguments):
    check_screens(at, *arguments)


def test_nor_are_names_of_classes_files_and_folders(at, korean, finished_run, tmp_path):
    assert "아주 긴 고양이 분류 이름      8    1     1" in check_screens(at, "check", korean)
    folder = shutil.copytree(korean / NAMES[0], tmp_path / "사진들 가운데 몇 장")
    (folder / "000.png").write_bytes(b"broken")
    assert "사진들 가운데 몇 장/000.png  error: " in check_screens(at, "predict", finished_run.folder, folder)


def test_nor_is_any_of_an_evaluation(at, finished_run, striped):
    whole = check_screens(
        at, "evaluate", finished_run.folder, striped, "--include-seen", same=lambda text: text.partition("confusion")[0]
    )
    assert "class   precision  recall" in whole


def test_a_confusion_matrix_that_does_not_fit_is_told_in_words():
    import numpy as np

    from striate.evaluation import score
    from striate.evaluation.confusion_text import confusion_lines

    probabilities = np.array([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0], [0.7, 0.2, 0.1]])
    names = ["고양이", "a dog", "owl"]
    scores = score(probabilities, np.array([0, 0, 1]), names)
    assert confusion_lines(scores.confusion_matrix, names, None)[1:] == [
        "고양이     1   1   0",
        "a dog      1   0   0",
        "owl        0   0   0",
    ]
    assert confusion_lines(scores.confusion_matrix, names, 16) == [
        "confusion (what",
        "  each class was",
        "  called)",
        "고양이: 고양이",
        "  1, a dog 1",
        "a dog: 고양이 1",
        "owl: no picture",
    ]


@pytest.mark.parametrize("columns", [60, 40])
@pytest.mark.parametrize("verb", ["", "train", "visualize", "predict", "bench train", "cache"])
def test_help_names_every_option_whole(at, columns, verb):
    shown = at(columns, *verb.split(), "--help").out
    assert "…" not in shown and all(
        cell_width(line) <= columns or len(line.split()) == 1 for line in shown.splitlines()
    )
    if verb == "train":
        assert "--learning-rate" not in shown and "--batch-size" in shown and "--time-limit" in shown


def test_nor_is_any_of_the_catalogue(at, monkeypatch):
    from striate.api.models import Catalogue

    row = {"parameters": 60_000, "macs": 326_520, "in_channels": 1, "input_size": [32, 32], "year": 1998}
    papers = ["LeCun, Bottou, Bengio, Haffner 1998, Gradient-Based Learning", "another"]
    rows = [row | {"name": f"lenet{place}", "paper": paper} for place, paper in enumerate(papers)]
    monkeypatch.setattr("striate.api.models.catalogue", lambda: Catalogue(tuple(rows)))
    assert "lenet0      60,000  326,520  1x32x32  1998  LeCun, Bottou" in check_screens(at, "models")


def test_an_error_is_broken_between_words(at):
    refused = at(40, "visualize", "lenet5", "cat.jpg", "--method", "gradcam", "--json")
    assert refused.err == "striate: unknown method 'gradcam'; did\n  you mean 'grad-cam'?\n"


def test_what_is_said_meanwhile_is_broken_between_words(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "40")
    with ConsoleWatcher() as watcher:
        watcher.decision(Decision("augmentation", "standard", "pictures are many, [and] 고양이 사진은 두 칸"))
        watcher.note("a word that-is-longer-than-the-whole-screen-and-stays-as-it-is")
    assert capsys.readouterr().err == (
        "augmentation standard (pictures are\n  many, [and] 고양이 사진은 두 칸)\n"
        "note: a word\n  that-is-longer-than-the-whole-screen-and-stays-as-it-is\n"
    )


def test_a_tournament_is_told_on_a_screen_of_60_columns(tournament_story, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "60")
    with ConsoleWatcher() as watcher:
        for record in tournament_story:
            watcher.tournament(record, Path("runs/사진 모음"))
    lines = capsys.readouterr().err.replace("\u202f", " ").splitlines()
    assert max(map(cell_width, lines)) <= 60
    assert lines[:3] == [
        "tournament  4 candidates in about 7 min; the first, head on",
        "            mobilenet_v2, is ready after about 21 s; Ctrl-C",
        "            from then on keeps the best so far",
    ]
    assert "       striate predict 'runs/사진 모음' PICTURE.jpg" in lines
    table = next(place for place, line in enumerate(lines) if line.startswith("candidate   "))
    assert lines[table:] == [
        "candidate           accuracy  95 % interval   time  state",
        "head on                91.3%  86.6 to 94.2%   19 s  replaced",
        "mobilenet_v2",
        "head on                95.6%  91.9 to 97.7%   28 s  best",
        "features.13 of",
        "mobilenet_v2",
        "resnet20 from                                       skipped",
        "scratch at 64 px",
        "mobilenet_v2, all      92.7%  88.4 to 95.5%  3 min  lost",
        "of it",
        "ended: nothing promises more",
    ]


def test_who_wants_quiet_hears_of_no_tournament(tournament_story, capsys):
    with ConsoleWatcher(quiet=True) as watcher:
        for record in tournament_story:
            watcher.tournament(record, Path("runs/a"))
    assert capsys.readouterr().err == ""


def test_into_a_file_lines_are_as_long_as_they_are(monkeypatch, capsys):
    monkeypatch.delenv("COLUMNS", raising=False)
    with ConsoleWatcher() as watcher:
        watcher.note("word " * 60)
    assert capsys.readouterr().err.count("\n") == 1
    assert screen_width() is None


def test_a_terminal_says_how_wide_it_is(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    leader, follower = os.openpty()
    try:
        import fcntl
        import struct
        import termios

        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 57, 0, 0))
        with os.fdopen(os.dup(follower), "w") as screen:
            assert screen_width(screen) == 57
            monkeypatch.setenv("COLUMNS", "33")
            assert screen_width(screen) == 33
        assert screen_width(sys.__stdout__) == 33
    finally:
        os.close(leader)
        os.close(follower)
