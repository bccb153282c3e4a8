"""How large blocks are: as large as allowed, and so small that nobody has to wait long for the end of one."""

BLOCK_SECONDS = 2.0
"""How long a block may keep others from writing."""

SMALLEST_SHARE = 1 / 8
"""Of the largest block: below that, what is done once for every block would take most of the time."""

FIRST_SHARE = 1 / 2
"""Of the largest block, as long as nobody knows how fast this machine is."""

MOST_GROWTH = 2
"""Times the block before: the next one is made ready while that one is written, and should not be waited for."""


class Pace:
    """Follows how long blocks take. `block_bytes`: how large the next one may be, at most `most_bytes`."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self.block_bytes = max(1, int(most_bytes * FIRST_SHARE))

    def took(self, size_bytes: int, seconds: float) -> None:
        """A block of `size_bytes` has been written in `seconds`."""
        fitting = int(size_bytes * min(MOST_GROWTH, BLOCK_SECONDS / max(seconds, 0.001)))
        self.block_bytes = max(1, int(self._most_bytes * SMALLEST_SHARE), min(self._most_bytes, fitting))
