"""A window on the work file: the bytes at hand, growing at the end, let go at the start."""

import re
from typing import BinaryIO

LINE_END = re.compile(rb"\r\n|\r|\n")


class Window:
    """`text[at:]` are the bytes not yet read; `at_end` says that they reach the end of the file."""

    def __init__(self, file: BinaryIO, offset: int) -> None:
        file.seek(offset)
        self.text = b""
        self.at = 0
        self.at_end = False
        self._file = file
        self._offset = offset

    @property
    def offset(self) -> int:
        """The place in the file, in bytes, of the first byte not yet read."""
        return self._offset + self.at

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to read."""
        return not self.reach(1)

    def reach(self, size: int) -> int:
        """Have at least `size` bytes at hand, or all there are; how many there are."""
        missing = size - (len(self.text) - self.at)
        if missing > 0 and not self.at_end:
            self._grow(missing)
        return len(self.text) - self.at

    def grow(self) -> None:
        """Have twice as much at hand, so that looking again and again costs no more than looking twice."""
        self._grow(max(1 << 10, len(self.text) - self.at))

    def _grow(self, size: int) -> None:
        more = self._file.read(size)
        self.at_end = len(more) < size
        self._offset += self.at
        self.text = self.text[self.at :] + more
        self.at = 0

    def skip_line(self) -> None:
        """Go to the start of the next physical line, however long this one is."""
        while True:
            end = LINE_END.search(self.text, self.at)
            # A CR at the very end may be the first half of CR LF.
            if self.at_end or (end and end.end() < len(self.text)):
                self.at = end.end() if end else len(self.text)
                return
            self.at = end.start() if end else len(self.text)
            self.grow()

    def line_start(self, stop: int) -> int:
        """Where in `text` the last line that begins at `stop` or before begins, or `at` if none ends before it."""
        line_feed = self.text.rfind(b"\n", self.at, stop)
        carriage_return = self.text.rfind(b"\r", self.at, stop)
        return max(line_feed + 1, carriage_return + 1, self.at)
