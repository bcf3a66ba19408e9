"""What a command's arguments mean where clips are taken."""

import numpy as np
import pytest
from PIL import Image

from striate.errors import UsageError
from striate.pixels.clip_arguments import as_clips, expand_clips


@pytest.fixture
def clips(tmp_path, monkeypatch):
    picture = Image.new("L", (4, 4))
    for name in ("up/2/0.png", "up/2/1.png", "up/10/0.png", "down/a.gif", "down/b.gif"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        picture.save(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["up/2"], ["up/2"]),
        (["up"], ["up/2", "up/10"]),
        (["."], ["down/a.gif", "down/b.gif", "up/2", "up/10"]),
        (["down/b.gif", "none.gif"], ["down/b.gif", "none.gif"]),
        (["up/*"], ["up/2", "up/10"]),
        (["down/*.gif"], ["down/a.gif", "down/b.gif"]),
    ],
)
def test_arguments(clips, arguments, expected):
    assert list(expand_clips(arguments)) == expected


def test_links_do_not_lead_round_in_a_ring(clips):
    (clips / "up" / "ring").symlink_to(clips)
    assert [clip for clip in expand_clips(["up"]) if "ring/up/ring" in clip] == []


def test_a_glob_that_matches_nothing_is_refused(clips):
    with pytest.raises(UsageError, match=r"nothing matches left/\*"):
        list(expand_clips(["left/*"]))


def test_one_and_many():
    frames = np.zeros((3, 4, 4), np.uint8)
    assert len(list(as_clips(frames))) == len(list(as_clips("a.gif"))) == len(list(as_clips(b"GIF89a"))) == 1
    assert len(list(as_clips(np.zeros((3, 4, 4, 3), np.uint8)))) == 1
    assert len(list(as_clips([frames, frames]))) == len(list(as_clips(np.zeros((2, 3, 4, 4), np.uint8)))) == 2
