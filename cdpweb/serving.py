"""The web server's worker: it waits for slow senders and readers, but not for ever, for each of them holds a thread."""

import errno
import socket
import time

from gunicorn.workers.gthread import TConn, ThreadWorker

STRETCH_BYTES = 20_000
"""Who has sent so much may take the whole time again for as much; so nobody lasts on a first good impression."""


class PatientSocket(socket.socket):
    """A connection whose other end has `patience` seconds for each STRETCH_BYTES, and for each answer's next piece."""

    def __init__(self, plain: socket.socket, patience: float) -> None:
        super().__init__(plain.family, plain.type, plain.proto, fileno=plain.detach())
        self.patience = patience
        self.begin()

    def begin(self) -> None:
        """A request begins."""
        self.has_given_up = False
        self._begin_stretch()

    def _begin_stretch(self) -> None:
        self._waited_seconds, self._received_bytes = 0.0, 0

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """What has come; nothing, as if the other end had closed, where it was waited for too long."""
        left, asked = self.patience - self._waited_seconds, self.gettimeout()
        if self.has_given_up or left <= 0:
            self.has_given_up = True
            return b""
        began = time.monotonic()
        self.settimeout(left if asked is None else min(left, asked))
        try:
            piece = super().recv(size, flags)
        except TimeoutError:
            if asked is not None and asked <= left:
                raise
            self.has_given_up, piece = True, b""
        finally:
            self.settimeout(asked)
        self._waited_seconds += time.monotonic() - began
        self._received_bytes += len(piece)
        if self._received_bytes >= STRETCH_BYTES:
            self._begin_stretch()
        return piece

    def sendall(self, piece: bytes, flags: int = 0, /) -> None:  # type: ignore[override]
        """Send all of it; to who takes none of it for too long, the connection counts as broken."""
        rest, asked = memoryview(piece), self.gettimeout()
        self.settimeout(self.patience)
        try:
            while rest:
                rest = rest[self.send(rest, flags) :]
        except TimeoutError:
            raise BrokenPipeError(errno.EPIPE, "nobody reads") from None
        finally:
            self.settimeout(asked)


class PatientWorker(ThreadWorker):
    """Gunicorn's threads, with connections that end."""

    def handle(self, conn: TConn) -> object:
        """Serve a request; a connection that was given up serves no other, for its rest may still come."""
        if not isinstance(conn.sock, PatientSocket):
            conn.sock = PatientSocket(conn.sock, self.wsgi.config["SLOW_SECONDS"])
        conn.sock.begin()
        answered = super().handle(conn)
        return False if conn.sock.has_given_up else answered
