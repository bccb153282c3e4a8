"""Every route and who may use it: the one table. A route without an entry is refused to all but owners."""

from collections.abc import Mapping
from types import MappingProxyType

from cdpweb.domain.roles import Role, Scope

EVERYBODY = None
"""Also who has not signed in."""

SEE = frozenset(Role)
WORK = frozenset({Role.OWNER, Role.MARKETER})
OWN = frozenset({Role.OWNER})

ROLES: Mapping[str, frozenset[Role] | None] = MappingProxyType(
    {
        # endpoint                     who
        "static": EVERYBODY,
        "health.show": EVERYBODY,
        "security.report": EVERYBODY,
        "frame.choose_appearance": EVERYBODY,
        "account.sign_in": EVERYBODY,
        "account.enter_code": EVERYBODY,
        "account.welcome": EVERYBODY,
        "frame.root": SEE,
        "account.show": SEE,
        "account.sign_out": SEE,
        "account.sign_out_everywhere": SEE,
        "account.change_password": SEE,
        "account.second_factor": SEE,
        "account.add_second_factor": SEE,
        "account.remove_second_factor": SEE,
        "tasks.index": SEE,
        "tasks.show": SEE,
        "tasks.status": SEE,
        "tasks.act": WORK,
        "tasks.answer": WORK,
        "tasks.problems_csv": WORK,
        "task_api.show": SEE,
        "task_api.index": SEE,
        "imports.new": WORK,
        "imports.create": WORK,
        "imports.check": WORK,
        "imports.upload": WORK,
        "imports.template": WORK,
        "customers.index": SEE,
        "customers.search": SEE,
        "customers.show": SEE,
        "customers.export_csv": WORK,
        "customers.edit": WORK,
        "customers.update": WORK,
        "customers.confirm_delete": WORK,
        "customers.delete": WORK,
        "segments.index": SEE,
        "settings.index": WORK,
        "settings.entries": WORK,
        "settings.new": WORK,
        "settings.add": WORK,
        "settings.show": WORK,
        "settings.update": WORK,
        "settings.remove": WORK,
        "settings.show_project": OWN,
        "settings.update_project": OWN,
        "settings.show_junk": OWN,
        "settings.update_junk": OWN,
        "users.index": OWN,
        "users.add": OWN,
        "users.change": OWN,
        "users.disable": OWN,
        "users.enable": OWN,
        "users.reset": OWN,
        "tokens.index": OWN,
        "tokens.create": OWN,
        "tokens.revoke": OWN,
        "audit_log.index": OWN,
        "audit_log.search": OWN,
        "audit_log.export": OWN,
    }
)

SCOPES: Mapping[str, Scope] = MappingProxyType(
    {
        "task_api.index": Scope.TASKS,
        "task_api.show": Scope.TASKS,
        "tasks.problems_csv": Scope.PROBLEMS,
        "customers.export_csv": Scope.CUSTOMERS,
    }
)
"""What API tokens reach, and the scope that each needs."""


def is_open(endpoint: str | None) -> bool:
    """Whether one need not have signed in."""
    return endpoint is not None and endpoint in ROLES and ROLES[endpoint] is EVERYBODY


def roles_of(endpoint: str | None) -> frozenset[Role]:
    """The roles that may use a route."""
    return (ROLES.get(endpoint, OWN) if endpoint else SEE) or SEE
