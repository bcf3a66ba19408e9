"""Each sign is drawn in a font that has it, and where none has, it is said what to install."""

import shutil
from pathlib import Path

import matplotlib
import pytest

from striate import fonts
from striate.fonts import MissingFontWarning, as_plain_text, families, plotted, runs

KOREAN = "고양이 cat"


@pytest.fixture
def only(monkeypatch, tmp_path):
    """A function after which the system has these fonts and no others."""

    def forget():
        fonts._files.cache_clear()
        fonts._file_for.cache_clear()
        fonts._warned.clear()

    def install(*files):
        for file in files:
            shutil.copy(file, tmp_path)
        found = [str(path) for path in sorted(tmp_path.iterdir())]
        monkeypatch.setattr("matplotlib.font_manager.findSystemFonts", lambda: found)
        forget()
        return tmp_path

    forget()
    yield install
    forget()


@pytest.fixture
def korean_font():
    """A font of the system with Korean signs."""
    found = next((file for file in fonts.installed_fonts() if fonts._has(file, "고")), None)
    if found is None:
        pytest.skip("no font with Korean signs is installed")
    return found


def own(name="DejaVuSans.ttf"):
    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name


def test_plain_text_is_in_the_font_that_comes_with_matplotlib():
    assert runs("cat, ±0.1 → é λ ж") == [fonts.Run("cat, ±0.1 → é λ ж", str(own()))]
    assert runs("cat", bold=True) == [fonts.Run("cat", str(own("DejaVuSans-Bold.ttf")))]
    assert runs("") == [fonts.Run("", str(own()))]


def test_other_signs_are_in_a_font_that_has_them(only, korean_font):
    folder = only(korean_font)
    file = str(folder / Path(korean_font).name)
    assert runs(f"a {KOREAN}") == [
        fonts.Run("a ", str(own())),
        fonts.Run("고양이", file),
        fonts.Run(" cat", str(own())),
    ]
    assert len(families([KOREAN])) == 2 and families([KOREAN])[0] == "DejaVu Sans"


def test_letters_in_pieces_are_put_together(only, korean_font):
    only(korean_font)
    assert [run.text for run in runs("\u1100\u1169")] == ["고"]
    assert [run.text for run in runs("e\u0301")] == ["é"]


def test_where_no_font_has_the_signs_one_warning_says_what_to_install(only):
    only(own())  # one that lacks them
    expected = (
        "no font here has the signs of Hangul, such as '고'; .* empty boxes; .* such as the package fonts-noto-cjk$"
    )
    with pytest.warns(MissingFontWarning, match=expected) as said:
        parts = runs(KOREAN)
        runs("강아지", bold=True)
        families([KOREAN])
    assert len(said) == 1 and parts == [fonts.Run(KOREAN, str(own()))]
    with pytest.warns(
        MissingFontWarning, match="signs of Devanagari, such as 'क'; .* such as the package fonts-noto-core$"
    ):
        runs("क")


def test_a_file_that_is_no_font_is_passed_by(only, korean_font, tmp_path):
    (tmp_path / "NotoSansCJK-Regular-0.ttc").write_bytes(b"not a font")  # the first to be tried
    good = shutil.copy(korean_font, tmp_path / "other.ttc")
    only()
    assert fonts.installed_fonts()[0].endswith("Regular-0.ttc") and runs("고") == [fonts.Run("고", str(good))]


@pytest.mark.parametrize("bold", [False, True])
def test_matplotlib_draws_the_signs_themselves(only, korean_font, bold):
    """Two Korean words look different, which empty boxes of the same number would not."""
    only(korean_font)
    assert not (drawn("고양이", bold) == drawn("강아지", bold)).all()


def test_matplotlib_draws_boxes_after_one_warning_of_ours_alone(only):
    only()
    with pytest.warns(MissingFontWarning) as said:
        boxes = drawn("고양이"), drawn("강아지")
    assert len(said) == 1 and (boxes[0] == boxes[1]).all()


def test_dollars_are_no_mathematics():
    assert as_plain_text("$x$") == r"\$x\$"
    drawn(as_plain_text(r"$\frac{1}{$ for $5"))


def drawn(text, bold=False):
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with plotted([text]):
        figure = Figure(figsize=(2, 1))
        canvas = FigureCanvasAgg(figure)
        figure.text(0.1, 0.4, text, weight="bold" if bold else "normal")
        canvas.draw()
    return np.asarray(canvas.buffer_rgba()).copy()
