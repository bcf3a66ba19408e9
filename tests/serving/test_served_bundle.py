"""A bundle at work: what stays of an item that cannot be read."""

import gc
import weakref

from striate.errors import ItemError
from striate.serving.served_bundle import Item


def test_an_item_that_cannot_be_read_leaves_nothing_behind(server, picture_files):
    bundle = server.models.find("striped")
    damaged = picture_files[0][1][:200] + b"x" + picture_files[0][1][201:]
    gc.disable()
    try:
        (answer,) = bundle._work([Item("a.png", damaged)])
        assert isinstance(answer, ItemError) and answer.__traceback__ is None
        left = weakref.ref(answer)
        del answer
        assert left() is None
    finally:
        gc.enable()
