"""Working ahead changes when things are made, never what comes out."""

import itertools
import threading
from contextlib import closing

import pytest

from cdpweb.engine.ahead import Ahead


def test_all_items_come_in_order():
    with closing(Ahead(range(100))) as items:
        assert list(items) == list(range(100))


def test_the_next_item_is_made_while_the_current_one_is_used_and_no_more():
    made = []
    second = threading.Event()

    def items():
        for number in range(10):
            made.append(number)
            if number == 1:
                second.set()
            yield number

    with closing(Ahead(items())) as ahead:
        assert next(ahead) == 0
        assert second.wait(5)
        assert len(made) <= 3


def test_what_breaks_is_raised_after_what_came_before():
    def items():
        yield 1
        raise ValueError("line 7")

    with closing(Ahead(items())) as broken:
        assert next(broken) == 1
        with pytest.raises(ValueError, match="line 7"):
            next(broken)


def test_leaving_early_ends_the_thread():
    before = threading.active_count()
    endless = Ahead(itertools.count())
    assert next(endless) == 0
    endless.close()
    assert threading.active_count() == before
