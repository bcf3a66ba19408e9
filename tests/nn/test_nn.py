import striate.nn


def test_public_names_are_sorted_and_there():
    assert striate.nn.__all__ == sorted(striate.nn.__all__)
    assert all(hasattr(striate.nn, name) for name in striate.nn.__all__)
