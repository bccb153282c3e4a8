"""Commands run to their end, with how long they took and how much memory they needed."""

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """One run: wall-clock `seconds`, the largest resident memory of its process in megabytes, and what it printed."""

    seconds: float
    peak_megabytes: float
    printed: str


def run(command: list[str], environment: Mapping[str, str] | None = None, given: str = "") -> Measured:
    """Run a command to its end, with the text `given` as its standard input. Raises RuntimeError where it fails."""
    with tempfile.TemporaryFile("w+") as source, tempfile.TemporaryFile("w+") as printed:
        source.write(given)
        source.seek(0)
        began = time.perf_counter()
        process = subprocess.Popen(command, env=environment, stdin=source, stdout=printed, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        output = printed.read()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{output[-2000:]}")
    return Measured(seconds, usage.ru_maxrss / 1024, output)
