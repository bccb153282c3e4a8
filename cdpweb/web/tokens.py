"""API tokens: created, shown once, revoked; for owners (product §5)."""

from flask import Blueprint, abort, flash, make_response, redirect, render_template, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import SelectChoice, StringField

from cdpweb.domain.roles import Scope
from cdpweb.extensions import db
from cdpweb.models.accounts import ApiToken
from cdpweb.services import tokens
from cdpweb.services.refused import Refused
from cdpweb.web import access
from cdpweb.web.arguments import LARGEST_CATALOG_ID
from cdpweb.web.catalog_form import CheckboxesField

bp = Blueprint("tokens", __name__, url_prefix="/settings/tokens")


class TokenForm(FlaskForm):
    """A token to be made."""

    name = StringField("Name")
    scopes = CheckboxesField("May", choices=[SelectChoice(one.value, f"{one.value}: {one.meaning}") for one in Scope])


@bp.get("")
def index() -> str:
    """List the tokens."""
    return _page(TokenForm())


@bp.post("")
def create() -> Response:
    """Create a token and show it, once."""
    form, owner = TokenForm(), access.user()
    assert owner is not None
    try:
        token, text = tokens.create(db.session, owner, form.name.data or "", form.scopes.data or [])
    except Refused as refused:
        db.session.rollback()
        for name, sentence in refused.sentences.items():
            form[name].errors = [sentence]
        return make_response(_page(form), 422)
    db.session.commit()
    return make_response(render_template("tokens/created.html", token=token, text=text))


@bp.post("/<int:id>/revoke")
def revoke(id: int) -> Response:
    """End a token."""
    token = db.session.get(ApiToken, id) if id <= LARGEST_CATALOG_ID else None
    if token is None:
        abort(404, f"There is no token {id}.")
    tokens.revoke(db.session, token, person=access.person())
    db.session.commit()
    flash(f"The token {token.name} is revoked.", "positive")
    return redirect(url_for("tokens.index"), code=303)


def _page(form: FlaskForm) -> str:
    return render_template("tokens/index.html", tokens=tokens.every(db.session), form=form)
