"""A result without what may differ between two importers that are both right: ids, and the order within a row."""

from typing import Any

from cdpweb.domain.tasks import Outcome

from .importers import Result
from .state import Customer, Problem, Report

OF_THE_ROW = {
    "malformed_record", "too_many_cells", "too_few_cells", "no_identifier", "customer_id_unknown", "customer_not_found",
    "customer_exists", "identifier_conflict", "identifier_contradiction",
}  # fmt: skip
"""Problems of a row as a whole: which of its cells they name is a matter of taste."""


def told(result: Result) -> dict[str, Any]:
    """Everything a result says; customers are called by their id in the base, or by file and record that made them."""
    names: dict[int | None, Any] = {None: None}
    for number, report in enumerate(result.reports, 1):
        names |= {row.customer: (number, row.record) for row in report.rows if row.outcome is Outcome.CREATED}
    return {
        "reports": [_report(report, names) for report in result.reports],
        "customers": {
            names.get(number, number): _customer(customer) for number, customer in result.state.customers.items()
        },
        "choices": {name: choices for name, choices in result.state.choices.items() if choices},
    }


def _report(report: Report, names: dict[int | None, Any]) -> dict[str, Any]:
    rows = [
        (row.record, row.line, row.outcome.value, names.get(row.customer, row.customer), row.matched_by)
        for row in report.rows
    ]
    problems = sorted((_problem(problem) for problem in report.problems), key=str)
    return {"rows": rows, "problems": problems, "warnings": report.warnings, "customers": report.customers}


def _problem(problem: Problem) -> tuple[Any, ...]:
    if problem.code in OF_THE_ROW:
        return problem.record, problem.line, problem.code
    return problem.record, problem.line, problem.code, problem.column, (problem.value or "").strip()


def _customer(customer: Customer) -> dict[str, Any]:
    return {name: value for name, value in vars(customer).items() if name != "id"}
