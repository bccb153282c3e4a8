"""Blocks are as large as allowed, and no larger than others can wait for."""

from cdpweb.engine.pace import BLOCK_SECONDS, Pace


def test_the_first_block_is_smaller_and_fast_ones_let_the_next_be_twice_as_large_until_that_is_all_that_is_allowed():
    pace = Pace(9_000)
    assert pace.block_bytes == 4_500
    pace.took(2_000, BLOCK_SECONDS / 4)
    assert pace.block_bytes == 4_000
    pace.took(4_000, BLOCK_SECONDS / 4)
    assert pace.block_bytes == 8_000
    pace.took(8_000, BLOCK_SECONDS / 4)
    assert pace.block_bytes == 9_000


def test_after_a_slow_block_the_next_one_is_made_to_fit():
    pace = Pace(8_000)
    pace.took(8_000, 4 * BLOCK_SECONDS)
    assert pace.block_bytes == 2_000


def test_a_fast_block_never_makes_them_larger_than_allowed():
    pace = Pace(8_000)
    pace.took(8_000, 0.0)
    assert pace.block_bytes == 8_000


def test_blocks_do_not_shrink_to_nothing():
    pace = Pace(8_000)
    pace.took(8_000, 3_600)
    assert pace.block_bytes == 1_000
    tiny = Pace(1)
    tiny.took(1, 3_600)
    assert tiny.block_bytes == 1
