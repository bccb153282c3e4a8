"""A browser without JavaScript, over real sockets: keeps cookies, fills in forms, follows no redirect by itself."""

import io
import re
import urllib.request
from collections.abc import Mapping
from http.client import HTTPMessage
from http.cookiejar import CookieJar
from typing import Any, NamedTuple
from urllib.error import HTTPError

from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import stream_encode_multipart

from tests.web.markup import Markup, filled

ANSWER_SECONDS = 60
TASK_ADDRESS = re.compile(r"/tasks/(\d+)$")


class Answer(NamedTuple):
    """What the server answered."""

    status: int
    headers: HTTPMessage
    text: str

    @property
    def page(self) -> Markup:
        """The answer as a page."""
        return Markup(self.text)

    @property
    def words(self) -> str:
        """What a person reads on it."""
        return self.page.text

    @property
    def task_id(self) -> int:
        """The task it leads to."""
        found = TASK_ADDRESS.search(self.headers.get("Location", ""))
        assert found, (self.status, self.words)
        return int(found[1])


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class Visitor:
    """Asks for pages and posts forms at `url`, as the one whom the cookie `session` names."""

    def __init__(self, url: str, session: str) -> None:
        self._url = url
        self._session, self._jar = session, CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._jar), _Stay)

    @property
    def cookies(self) -> dict[str, str]:
        """What the browser keeps."""
        return {"session": self._session} | {one.name: one.value or "" for one in self._jar}

    def get(self, path: str) -> Answer:
        """Ask for a page."""
        return self._ask(urllib.request.Request(self._url + path))

    def post(self, path: str, form: Mapping[str, Any], file: tuple[str, bytes] | None = None) -> Answer:
        """Send a form, with a file: its name and its bytes."""
        fields: MultiDict[str, Any] = MultiDict(form)
        if file:
            fields.add("file", FileStorage(io.BytesIO(file[1]), file[0], "file", "text/csv"))
        stream, _, boundary = stream_encode_multipart(fields)
        kind = {"Content-Type": f'multipart/form-data; boundary="{boundary}"'}
        with stream:
            return self._ask(urllib.request.Request(self._url + path, stream.read(), kind, method="POST"))

    def send(self, content: bytes, name: str = "customers.csv", **changes: Any) -> Answer:
        """Choose a file on the import page and press Launch import: it is taken in and shown, checked."""
        return self.post("/imports", filled(self.get("/imports/new").page, **changes), (name, content))

    def launch(self, content: bytes, name: str = "customers.csv", **changes: Any) -> Answer:
        """Send a file, then launch the form that comes back, with changes."""
        shown = self.send(content, name)
        assert shown.status == 200, shown.words
        return self.post("/imports", filled(shown.page, **changes))

    def _ask(self, request: urllib.request.Request) -> Answer:
        if not len(self._jar):
            request.add_header("Cookie", f"session={self._session}")
        try:
            with self._opener.open(request, timeout=ANSWER_SECONDS) as answer:
                return Answer(answer.status, answer.headers, answer.read().decode())
        except HTTPError as refusal:
            with refusal:
                return Answer(refusal.code, refusal.headers, refusal.read().decode())
