"""Reads a page and complains about what no page may have."""

import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any

from werkzeug.test import TestResponse

VOID = {"meta", "link", "input", "br", "hr", "img", "wbr", "source", "col"}
UNLABELLED = {"hidden", "submit", "button"}
Attributes = dict[str, str]


class Markup(HTMLParser):
    """A parsed page: every element as (name, attributes), and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, Attributes]] = []
        self.pieces: list[str] = []
        self.open: list[str] = []
        self.mistakes: list[str] = []
        self.feed(html)
        self.mistakes += [f"<{name}> is not closed" for name in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.mistakes.append(f"</{tag}> closes {self.open[-1:]}")

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)

    @property
    def text(self) -> str:
        """What a person reads, white space made single."""
        return re.sub(r"\s+", " ", " ".join(self.pieces)).strip()

    def all(self, tag: str, **attributes: str) -> list[Attributes]:
        """The elements of a name with these attributes; `class_` and `data_x` stand for class and data-x."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [has for name, has in self.elements if name == tag and wanted.items() <= has.items()]

    def one(self, tag: str, **attributes: str) -> Attributes:
        """The one element of that kind."""
        (found,) = self.all(tag, **attributes)
        return found

    def choices(self) -> list[tuple[str, str]]:
        """What the selects of the page would send: name and value, as chosen or else the first."""
        sent: list[tuple[str, str]] = []
        is_decided = True
        for tag, has in self.elements:
            if tag == "select":
                sent.append((has["name"], ""))
                is_decided, is_first = False, True
            elif tag == "option" and not is_decided and (is_first or "selected" in has):
                sent[-1] = (sent[-1][0], has.get("value", ""))
                is_decided, is_first = "selected" in has, False
        return sent

    def with_id(self, name: str) -> Attributes:
        """The element with this id."""
        (found,) = [has for _, has in self.elements if has.get("id") == name]
        return found


def fragment(answer: TestResponse, status: int = 200) -> Markup:
    """A fragment, which has what any page has beside its frame."""
    assert answer.status_code == status, Markup(answer.text).text
    markup = Markup(answer.text)
    ids = [has["id"] for _, has in markup.elements if "id" in has]
    mistakes = markup.mistakes
    mistakes += [f"id {name} twice" for name, count in Counter(ids).items() if count > 1]
    mistakes += [f"a space in id {name}" for name in ids if " " in name]
    labelled = {has.get("for") for _, has in markup.elements}
    for tag, has in markup.elements:
        if "style" in has or any(name.startswith("on") for name in has):
            mistakes.append(f"inline style or script on {tag} {has}")
        for reference in ("aria-describedby", "aria-labelledby", "for", "form"):
            mistakes += [
                f"{reference} leads nowhere: {one}" for one in has.get(reference, "").split() if one not in ids
            ]
        is_labelled = {"aria-label", "aria-labelledby"} & has.keys() or has.get("id") in labelled
        if tag in ("input", "select", "textarea") and has.get("type") not in UNLABELLED and not is_labelled:
            mistakes.append(f"no label: {tag} {has}")
        if tag == "script" and "src" not in has:
            mistakes.append("inline script")
    posts = len(markup.all("form", method="post"))
    if len(markup.all("input", name="csrf_token")) != posts:
        mistakes.append("a form without a token against forgery")
    assert not mistakes, mistakes
    return markup


def page(answer: TestResponse, status: int = 200) -> Markup:
    """A whole page."""
    markup = fragment(answer, status)
    assert len(markup.all("title")) == len(markup.all("h1")) == len(markup.all("main")) == 1
    return markup


def filled(markup: Markup, **changes: Any) -> dict[str, Any]:
    """What a browser would post of the form as shown, with changes."""
    form: dict[str, Any] = {}
    for has in markup.all("input"):
        is_set = has.get("type") not in ("checkbox", "radio") or "checked" in has
        if has.get("name") and has.get("type") not in ("file", "search") and is_set:
            form.setdefault(has["name"], []).append(has.get("value", ""))
    for name, value in markup.choices():
        form.setdefault(name, []).append(value)
    return form | changes
