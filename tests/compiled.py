"""What the applications of one test process share: routes and statements are compiled once.

Each test makes an application of its own; compiling all anew would take a third of its time.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

STATEMENTS: LRUCache[Any, Any] = LRUCache(5_000)
"""For the execution option `compiled_cache`; the keys hold the dialect, of which each engine has one of its own."""


def share() -> None:
    """From here on compile nothing twice."""
    Rule._compile_builder = _once(Rule._compile_builder)  # type: ignore[method-assign]
    DefaultDialect.__eq__ = lambda one, other: type(one) is type(other)  # type: ignore[method-assign]
    DefaultDialect.__hash__ = lambda one: hash(type(one))  # type: ignore[method-assign]


def _once(compile_builder: Callable[..., Any]) -> Callable[..., Any]:
    compiled: dict[Any, Any] = {}

    @wraps(compile_builder)
    def compile_once(rule: Rule, append_unknown: bool = True) -> Any:
        key = (rule.rule, rule.subdomain, repr(rule.defaults), append_unknown)
        if key not in compiled:
            compiled[key] = compile_builder(rule, append_unknown)
        return compiled[key]

    return compile_once
