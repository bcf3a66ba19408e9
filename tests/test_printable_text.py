import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from striate.printable_text import is_harmless, printable

# Names as the file system gives them: any text, and undecodable bytes as lone surrogates.
NAMES = st.text(st.characters() | st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Zs"]))


def test_plain_text_stays():
    for text in ("高 cat.jpg", "naïve 猫 😀", "a\u3000b\u00a0c\u202fd", "می\u200cخواهم", "👩\u200d🔬"):
        assert printable(text) == text


def test_what_could_steer_a_terminal_is_written_out():
    assert printable("a\x1b[31m\n\u202eb\udc80") == "a\\x1b[31m\\n\\u202eb\\udc80"
    assert printable("\x00\x7f\x85\x9b\u2028\u2029\u2066\ufeff\uffff\U000e0001") == (
        "\\x00\\x7f\\x85\\x9b\\u2028\\u2029\\u2066\\ufeff\\uffff\\U000e0001"
    )


def test_lines_stay_where_they_are_meant():
    assert printable("a\tb\nc\r\nd\re", lines=True) == "a\tb\nc\nd\\re"
    assert printable("a\tb\nc\r\nd") == "a\\tb\\nc\\r\\nd"


@given(NAMES)
def test_whatever_the_name_nothing_steers_and_utf8_holds_it(name):
    shown = printable(name)
    shown.encode()
    assert all(unicodedata.category(c) not in {"Cc", "Cs", "Zl", "Zp"} for c in shown)
    assert all(unicodedata.category(c) != "Cf" or c in "\u200c\u200d" for c in shown)
    assert len(shown.splitlines()) <= 1
    assert printable(shown) == shown


@given(st.characters())
def test_harmless_is_what_is_left(character):
    assert is_harmless(character) == (printable(character) == character)
