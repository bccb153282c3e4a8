"""Users: added, given roles, disabled, reset; for owners (product §5)."""

from flask import Blueprint, abort, flash, make_response, redirect, render_template, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import EmailField, RadioField, SelectChoice
from wtforms.validators import DataRequired

from cdpweb.domain.roles import Role
from cdpweb.extensions import db
from cdpweb.models.accounts import User
from cdpweb.services import accounts
from cdpweb.services.refused import Refused
from cdpweb.web import access
from cdpweb.web.arguments import LARGEST_CATALOG_ID

bp = Blueprint("users", __name__, url_prefix="/settings/users")


class UserForm(FlaskForm):
    """A person to be let in."""

    email = EmailField("Email", [DataRequired("Type the person's email address.")])
    role = RadioField("Role", choices=[SelectChoice(one.value, f"{one.value}: {one.meaning}") for one in Role])


class RoleForm(FlaskForm):
    """Another role."""

    role = RadioField("Role", choices=[SelectChoice(one.value, one.value) for one in Role])


@bp.get("")
def index() -> str:
    """List the users."""
    return _page(UserForm(role=Role.MARKETER.value))


@bp.post("")
def add() -> Response:
    """Add a user and show the link to hand on."""
    form = UserForm()
    if not form.validate():
        return make_response(_page(form), 422)
    try:
        user = accounts.add(db.session, form.email.data or "", Role(form.role.data), person=access.person())
    except Refused as refused:
        db.session.rollback()
        form.email.errors = [*refused.sentences.values()]
        return make_response(_page(form), 422)
    db.session.commit()
    return _linked(user)


@bp.post("/<int:id>/role")
def change(id: int) -> Response:
    """Give a user another role."""
    user, form = _user(id), RoleForm()
    if not form.validate():
        abort(422, f"Choose a role: {', '.join(Role)}.")
    try:
        accounts.change_role(db.session, user, Role(form.role.data), person=access.person())
    except Refused as refused:
        return _refused(refused)
    db.session.commit()
    flash(f"{user.email} is {user.role} now.", "positive")
    return redirect(url_for("users.index" if access.may("users.index") else "frame.root"), code=303)


@bp.post("/<int:id>/disable")
def disable(id: int) -> Response:
    """Let a user in no more."""
    user = _user(id)
    try:
        accounts.disable(db.session, user, person=access.person())
    except Refused as refused:
        return _refused(refused)
    db.session.commit()
    flash(f"{user.email} is not let in any more.", "positive")
    return redirect(url_for("users.index"), code=303)


@bp.post("/<int:id>/enable")
def enable(id: int) -> Response:
    """Let a user in again."""
    user = _user(id)
    accounts.enable(user, person=access.person())
    db.session.commit()
    flash(f"{user.email} may sign in again.", "positive")
    return redirect(url_for("users.index"), code=303)


@bp.post("/<int:id>/reset")
def reset(id: int) -> Response:
    """Give a user who is locked out a new link."""
    user = _user(id)
    if not user.active:
        return _refused(Refused(f"{user.email} is disabled. Enable the user first."))
    accounts.reset(user, person=access.person())
    db.session.commit()
    return _linked(user)


def _user(id: int) -> User:
    user = db.session.get(User, id) if id <= LARGEST_CATALOG_ID else None
    if user is None:
        abort(404, f"There is no user {id}.")
    return user


def _refused(refused: Refused) -> Response:
    db.session.rollback()
    return make_response(_page(UserForm(formdata=None, role=Role.MARKETER.value), str(refused)), 422)


def _linked(user: User) -> Response:
    """The page with the link: shown once, for nothing of it is kept."""
    address = url_for("account.welcome", token=accounts.link(user), _external=True)
    return make_response(render_template("users/link.html", person=user, address=address))


def _page(form: FlaskForm, refusal: str = "") -> str:
    return render_template(
        "users/index.html", people=accounts.everybody(db.session), form=form, roles=list(Role), refusal=refusal
    )
