"""Both languages say everything, with the same values, and nothing that no page says."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

from striate.studio.strings import EVERYWHERE, LANGUAGES, language_of, strings, table
from striate.studio.table import ROOMS

ROOM = Path(str(files("striate.studio")))
TABLES = sorted(path.stem for path in (ROOM / "strings").glob("*.toml"))
SOURCES = [path for path in ROOM.rglob("*") if path.suffix in {".j2", ".js", ".py"}]


def places(text):
    return sorted(re.findall(r"\{(\w+)\}", text))


@pytest.mark.parametrize("name", TABLES)
def test_every_string_is_in_every_language_with_the_same_values(name):
    for key, said in table(name).items():
        assert said.keys() == LANGUAGES.keys(), key
        assert all(text.strip() == text and text for text in said.values()), key
        assert len({tuple(places(text)) for text in said.values()}) == 1, key


@pytest.mark.parametrize("name", TABLES)
def test_what_korean_says_is_korean(name):
    hangul = re.compile("[\uac00-\ud7a3]")
    untranslated = [
        key for key, said in table(name).items() if said["en"] == said["ko"] and re.search(r"[a-z]{4}", said["ko"])
    ]
    assert [key for key in untranslated if not hangul.search(table(name)[key]["ko"])] == []


def test_there_is_a_table_for_every_room_and_no_other():
    assert sorted([EVERYWHERE, *(room.name for room in ROOMS)]) == TABLES


@pytest.mark.parametrize("name", TABLES)
def test_every_string_is_said_somewhere(name):
    """By its whole key, or by a beginning that something is put behind."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    beginnings = set(re.findall(rf"[\"'`]({name}\.\w*_)(?:[\"'] ~|\$\{{|\{{)", text))
    for key in table(name):
        assert re.search(rf"[\"'`]{re.escape(key)}[\"'`]", text) or any(map(key.startswith, beginnings)), key


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_page_has_its_own_strings_and_those_of_every_page(room):
    for language in LANGUAGES:
        known = strings(room.name, language)
        assert {key.partition(".")[0] for key in known} == {EVERYWHERE, room.name}


def test_every_room_of_the_bar_is_named_and_described():
    for room in ROOMS:
        if room.name != "home":
            assert f"studio.room_{room.name}" in table(EVERYWHERE)
            assert f"home.about_{room.name}" in table("home")


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        ("ko", "en", "ko"),
        ("xx", "ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        (None, "de,en;q=0.5,ko;q=0.7", "ko"),
        (None, "de", "en"),
        (None, "", "en"),
        (None, "ko;q=0,en;q=0.1", "en"),
        (None, "ko;q=nonsense", "ko"),
    ],
)
def test_the_language_is_the_one_that_is_wanted_most(asked, accepted, language):
    assert language_of(asked, accepted) == language
