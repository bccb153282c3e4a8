"""Connections of the web server: who sends or reads too slowly is let go."""

import socket
import time
from collections.abc import Iterator
from threading import Thread

import pytest

from cdpweb.serving import STRETCH_BYTES, PatientSocket

PATIENCE_SECONDS = 0.3


@pytest.fixture
def ends() -> Iterator[tuple[PatientSocket, socket.socket]]:
    """Our end of a connection, and the other one."""
    ours, theirs = socket.socketpair()
    patient = PatientSocket(ours, PATIENCE_SECONDS)
    with patient, theirs:
        yield patient, theirs


def test_what_has_come_is_read(ends: tuple[PatientSocket, socket.socket]) -> None:
    ours, theirs = ends
    theirs.sendall(b"GET")
    assert ours.recv(8192) == b"GET"
    theirs.close()
    assert (ours.recv(8192), ours.has_given_up) == (b"", False)


def test_who_sends_nothing_is_given_up(ends: tuple[PatientSocket, socket.socket]) -> None:
    ours, theirs = ends
    began = time.monotonic()
    assert ours.recv(8192) == b""
    assert PATIENCE_SECONDS <= time.monotonic() - began < 10 * PATIENCE_SECONDS
    assert ours.has_given_up
    theirs.sendall(b"too late")
    assert ours.recv(8192) == b""


def test_who_trickles_is_given_up_however_steadily(ends: tuple[PatientSocket, socket.socket]) -> None:
    ours, theirs = ends
    came = 0

    def trickle() -> None:
        for _ in range(40):
            time.sleep(PATIENCE_SECONDS / 8)
            theirs.sendall(b"x")

    thread = Thread(target=trickle)
    thread.start()
    while piece := ours.recv(8192):
        came += len(piece)
    thread.join()
    assert ours.has_given_up
    assert 0 < came < 20


def test_who_sends_enough_may_go_on_for_as_long_as_it_takes(ends: tuple[PatientSocket, socket.socket]) -> None:
    ours, theirs = ends
    came = 0

    def send() -> None:
        for _ in range(6):
            time.sleep(PATIENCE_SECONDS / 2)
            theirs.sendall(b"x" * STRETCH_BYTES)
        theirs.close()

    thread = Thread(target=send)
    thread.start()
    while piece := ours.recv(STRETCH_BYTES):
        came += len(piece)
    thread.join()
    assert (came, ours.has_given_up) == (6 * STRETCH_BYTES, False)


def test_the_next_request_begins_afresh(ends: tuple[PatientSocket, socket.socket]) -> None:
    ours, theirs = ends
    assert ours.recv(1) == b""
    ours.begin()
    theirs.sendall(b"x")
    assert (ours.recv(1), ours.has_given_up) == (b"x", False)


def test_another_timeout_than_ours_is_kept(ends: tuple[PatientSocket, socket.socket]) -> None:
    """Gunicorn has its own for what is left of a request."""
    ours, _ = ends
    ours.settimeout(PATIENCE_SECONDS / 10)
    with pytest.raises(TimeoutError):
        ours.recv(1)
    assert (ours.gettimeout(), ours.has_given_up) == (PATIENCE_SECONDS / 10, False)


def test_who_reads_nothing_is_let_go(ends: tuple[PatientSocket, socket.socket]) -> None:
    ours, _ = ends
    with pytest.raises(BrokenPipeError):
        ours.sendall(b"x" * 50_000_000)


def test_who_reads_slowly_gets_all_of_it(ends: tuple[PatientSocket, socket.socket]) -> None:
    ours, theirs = ends
    came = 0

    def read() -> None:
        nonlocal came
        while piece := theirs.recv(500_000):
            came += len(piece)
            time.sleep(PATIENCE_SECONDS / 10)

    thread = Thread(target=read)
    thread.start()
    ours.sendall(b"x" * 5_000_000)
    ours.close()
    thread.join()
    assert came == 5_000_000
