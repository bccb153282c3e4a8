"""Signing in and out, and one's own account: password, second factor, sessions."""

import time
from typing import Any, TypeVar

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request, session, url_for
from flask_security import login_user, logout_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import EmailField, PasswordField, StringField
from wtforms.validators import DataRequired, EqualTo, InputRequired

from cdpweb.extensions import db
from cdpweb.models.accounts import User
from cdpweb.models.types import now
from cdpweb.services import accounts, audit
from cdpweb.services.refused import Refused
from cdpweb.web import access

SECOND_STEP_SECONDS = 600
SETUP_SECONDS = 1800

bp = Blueprint("account", __name__)
AnyForm = TypeVar("AnyForm", bound=FlaskForm)


class SignInForm(FlaskForm):
    """Who one is."""

    email = EmailField("Email", [DataRequired("Type your email address.")])
    password = PasswordField("Password", [InputRequired("Type your password.")])


class CodeForm(FlaskForm):
    """The second step."""

    code = StringField("Code", [DataRequired("Type the code that your authenticator app shows.")])


class NewPasswordForm(FlaskForm):
    """A password, typed twice."""

    password = PasswordField("New password", [InputRequired("Type a password.")])
    again = PasswordField("Again", [EqualTo("password", "The two are not the same. Type both again.")])


class ChangePasswordForm(NewPasswordForm):
    """Another password, by who knows the present one."""

    current = PasswordField("Present password", [InputRequired("Type your present password.")])


class FirstOwnerForm(NewPasswordForm):
    """The owner's account."""

    email = EmailField("Email", [DataRequired("Type your email address.")])


class ConfirmForm(FlaskForm):
    """An act that the password has to confirm."""

    current = PasswordField("Present password", [InputRequired("Type your present password.")])


class AddCodeForm(CodeForm, ConfirmForm):
    """The first code of a new second factor, and the password."""


# Signing in


@bp.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Response | str | tuple[str, int]:
    """Ask who one is."""
    form, place = SignInForm(), access.page_asked_for(request.args.get("next"))
    if access.user():
        return redirect(place, code=303)
    if request.method == "GET":
        return render_template("account/sign_in.html", form=form, is_new=accounts.is_new(db.session))
    if form.validate() and (user := _known(form)):
        return _first_step_done(user, place)
    # One sentence whatever was wrong, so that nobody learns who has an account.
    if not form.errors:
        form.form_errors.append("Email and password do not fit. Check both, or ask an owner to reset your access.")
    return render_template("account/sign_in.html", form=form, is_new=False), 422


def _known(form: SignInForm) -> User | None:
    email = form.email.data or ""
    user = accounts.by_email(db.session, email)
    if accounts.is_password(user, form.password.data or ""):
        return user
    # What was typed as an email may be a password: only accounts that exist are named.
    audit.record("sign_in_failed", person=user.email if user else None)
    db.session.commit()
    return None


def _first_step_done(user: User, place: str) -> Response:
    if user.totp_secret is None:
        _enter(user)
        return redirect(place, code=303)
    session.clear()
    session["second_step"] = {"user": user.fs_uniquifier, "at": int(time.time())}
    return redirect(url_for("account.enter_code", next=request.args.get("next")), code=303)


@bp.route("/sign-in/code", methods=["GET", "POST"])
def enter_code() -> Response | str | tuple[str, int]:
    """Ask for the second factor."""
    user = _half_way()
    if user is None or user.totp_secret is None:
        return redirect(url_for("account.sign_in", next=request.args.get("next")), code=303)
    form = CodeForm()
    if request.method == "GET":
        return render_template("account/code.html", form=form)
    if form.validate():
        if accounts.is_code(user, user.totp_secret, form.code.data or ""):
            _enter(user)
            return redirect(access.page_asked_for(request.args.get("next")), code=303)
        audit.record("sign_in_failed", person=user.email, step="code")
        db.session.commit()
        form.form_errors.append("This code is not right, or has been used. Wait for the next one and type it.")
    return render_template("account/code.html", form=form), 422


def _half_way() -> User | None:
    """Who has given the right password a short while ago."""
    step: dict[str, Any] = session.get("second_step") or {}
    if time.time() - step.get("at", 0) > SECOND_STEP_SECONDS:
        return None
    user: User | None = db.session.query(User).filter_by(fs_uniquifier=step["user"], active=True).one_or_none()
    return user


def _enter(user: User) -> None:
    """Begin a session; what the browser brought from before is dropped."""
    session.clear()
    user.signed_in_at = now()
    db.session.flush()
    login_user(user, remember=False)
    session.permanent = True
    audit.record("signed_in", person=user.email)
    db.session.commit()


@bp.post("/sign-out")
def sign_out() -> Response:
    """End this session."""
    audit.record("signed_out", person=access.person())
    db.session.commit()
    return _out("You have signed out.")


@bp.post("/account/sign-out-everywhere")
def sign_out_everywhere() -> Response:
    """End all sessions of the person, on every device."""
    accounts.end_sessions(_user())
    audit.record("signed_out_everywhere", person=access.person())
    db.session.commit()
    return _out("You have signed out everywhere.")


def _out(sentence: str) -> Response:
    logout_user()
    session.clear()
    flash(sentence, "positive")
    return redirect(url_for("account.sign_in"), code=303)


# Links


@bp.route("/welcome/<token>", methods=["GET", "POST"])
def welcome(token: str) -> Response | str | tuple[str, int]:
    """Let who holds a link make the owner's account, or choose a password."""
    try:
        user = accounts.linked(db.session, token)
    except Refused as refused:
        abort(404, str(refused))
    form = NewPasswordForm() if user else FirstOwnerForm()
    if request.method == "GET" or not form.validate():
        return _welcome_page(form, user)
    try:
        user = _welcomed(form, user)
    except Refused as refused:
        db.session.rollback()
        _refuse(form, refused)
        return _welcome_page(form, accounts.linked(db.session, token))
    if user.totp_secret is not None:
        db.session.commit()
        return redirect(url_for("account.sign_in"), code=303)
    _enter(user)
    return redirect(url_for("frame.root"), code=303)


def _welcomed(form: NewPasswordForm, user: User | None) -> User:
    password = form.password.data or ""
    if user is None:
        assert isinstance(form, FirstOwnerForm)
        return accounts.create_owner(db.session, form.email.data or "", password)
    accounts.set_password(user, password)
    audit.record("password_chosen", person=user.email)
    return user


def _welcome_page(form: FlaskForm, user: User | None) -> tuple[str, int]:
    page = render_template("account/welcome.html", form=form, email=user.email if user else "")
    return page, 422 if request.method == "POST" else 200


# The account


@bp.get("/account")
def show() -> str:
    """Show one's account."""
    return _page()


@bp.post("/account/password")
def change_password() -> Response:
    """Choose another password; all other sessions end."""
    user, form = _user(), ChangePasswordForm()
    if form.validate() and _is_confirmed(form, user):
        try:
            accounts.set_password(user, form.password.data or "")
        except Refused as refused:
            _refuse(form, refused)
        else:
            audit.record("password_changed", person=user.email)
            _enter_again(user)
            flash("Your password is changed; all other sessions have ended.", "positive")
            return redirect(url_for("account.show"), code=303)
    return make_response(_page(password_form=form), 422)


@bp.get("/account/second-factor")
def second_factor() -> str | Response:
    """Show a new secret, to be taken into an authenticator app."""
    if _user().totp_secret:
        return redirect(url_for("account.show"), code=303)
    secret = accounts.totp().generate_totp_secret()
    session["second_factor"] = {"secret": secret, "at": int(time.time())}
    return _setup_page(AddCodeForm(), secret)


@bp.post("/account/second-factor")
def add_second_factor() -> Response:
    """Ask for a code from now on, once the first one has been right."""
    user, form = _user(), AddCodeForm()
    begun: dict[str, Any] = session.get("second_factor") or {}
    if user.totp_secret or time.time() - begun.get("at", 0) > SETUP_SECONDS:
        flash("That took too long. Begin again.", "caution")
        return redirect(url_for("account.show"), code=303)
    if form.validate() and _is_confirmed(form, user) and _is_first_code(form, user, begun["secret"]):
        session.pop("second_factor")
        user.totp_secret = begun["secret"]
        audit.record("second_factor_added", person=user.email)
        db.session.commit()
        flash("From now on a code is asked for when you sign in.", "positive")
        return redirect(url_for("account.show"), code=303)
    return make_response(_setup_page(form, begun["secret"]), 422)


def _is_first_code(form: AddCodeForm, user: User, secret: str) -> bool:
    is_right = accounts.is_code(user, secret, form.code.data or "")
    if not is_right:
        form.code.errors = ["This code is not right. Check the clock of your phone and type the next one."]
    return is_right


@bp.post("/account/second-factor/remove")
def remove_second_factor() -> Response:
    """Ask for the password only."""
    user, form = _user(), ConfirmForm(prefix="remove-")
    if not (form.validate() and _is_confirmed(form, user)):
        return make_response(_page(remove_form=form), 422)
    user.totp_secret = user.totp_counter = None
    audit.record("second_factor_removed", person=user.email)
    db.session.commit()
    flash("The second factor is removed.", "positive")
    return redirect(url_for("account.show"), code=303)


def _user() -> User:
    someone = access.user()
    assert someone is not None
    return db.session.get_one(User, someone.id)


def _is_confirmed(form: ConfirmForm | ChangePasswordForm, user: User) -> bool:
    is_right = accounts.is_password(user, form.current.data or "")
    if not is_right:
        form.current.errors = ["This is not your present password."]
    return is_right


def _enter_again(user: User) -> None:
    """Go on with the sessions' new name; the others' is not known any more."""
    db.session.flush()
    session.clear()
    login_user(user, remember=False)
    session.permanent = True
    db.session.commit()


def _refuse(form: FlaskForm, refused: Refused) -> None:
    for name, sentence in refused.sentences.items():
        if name in form:
            form[name].errors = [sentence]
        else:
            form.form_errors.append(sentence)


def _page(password_form: FlaskForm | None = None, remove_form: FlaskForm | None = None) -> str:
    return render_template(
        "account/show.html",
        account=_user(),
        password_form=password_form or ChangePasswordForm(formdata=None),
        remove_form=remove_form or ConfirmForm(formdata=None, prefix="remove-"),
    )


def _setup_page(form: FlaskForm, secret: str) -> str:
    values = accounts.totp().fetch_setup_values(secret, _user())
    return render_template("account/second_factor.html", form=form, image=values["image"], key=values["key"])
