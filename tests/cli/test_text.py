from striate.cli.text import printable


def test_plain_text_stays():
    assert printable("高 cat.jpg") == "高 cat.jpg"


def test_control_characters_are_written_out():
    assert printable("a\x1b[31m\n\u202eb\udc80") == "a\\x1b[31m\\n\\u202eb\\udc80"
