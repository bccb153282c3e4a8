"""Whether the parts answer, for whoever watches over the installation."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from cdpweb import queueing
from cdpweb.extensions import db

bp = Blueprint("health", __name__)


@bp.get("/health")
def show() -> ResponseReturnValue:
    """The state of database, broker and workers; 503 where one of the first two does not answer."""
    database, workers = _database_answers(), _workers()
    body = {"database": database, "broker": workers is not None, "workers": workers or {}}
    return jsonify(body), 200 if database and workers is not None else 503


def _database_answers() -> bool:
    try:
        db.session.execute(text("select 1"))
    except SQLAlchemyError:
        return False
    return True


def _workers() -> dict[str, int] | None:
    """How many workers listen to each queue, or None where the broker does not answer."""
    try:
        return {str(queue): queueing.workers(queue) for queue in queueing.QueueName}
    except queueing.BrokerDown:
        return None
