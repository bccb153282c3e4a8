"""Phone numbers of digits and separators decided column by column, exactly as phonenumbers decides them one by one."""

import polars as pl

from cdpweb.domain.numbering import Plan, are_valid, calling_codes, plan_of, plans_of

SEPARATORS = r" ().\-/\[\]\u00a0\u2010-\u2015\u2212"
"""Characters that phonenumbers passes over between digits; for use inside a character class."""

FEWEST_DIGITS, MOST_DIGITS = 7, 15
"""What is no number is too short or too long outside these (E.164 has at most 15)."""

FEWEST_NATIONAL_DIGITS = 2
SMALL_GROUP = 150
"""So few numbers of one plan the library reads sooner than the plan's patterns are made ready."""

_PLAIN = rf"^[{SEPARATORS}]*\+?(?:[{SEPARATORS}]*[0-9]){{3,18}}[{SEPARATORS}]*$"
_MOST_CHARACTERS = 100

_ANSWERS = {"at": pl.UInt32, "value": pl.Int64, "code": pl.String, "open": pl.Boolean}
_NOTHING = {name: pl.lit(None, _ANSWERS[name]) for name in ("value", "code")}
"""In answers that are still open."""


def sweep(cells: pl.DataFrame) -> pl.DataFrame:
    """Decides what it can of the `cells`: columns `at`, `cell` and `country`, whose a number is unless it says another.

    Gives the columns `at`, `value` (E.164 without the plus), `code` (a problem or null) and `open` (not decided here)
    in the order of `at`.
    """
    is_plain = _is_plain(cells["cell"])
    plain, other = _taken_down(cells.filter(is_plain)), cells.filter(~is_plain)
    undecided = other.select("at", **_NOTHING, open=pl.col("cell").is_not_null())
    return pl.concat([_without_two_numbers(_decided(plain), plain), undecided]).sort("at")


def _is_plain(cells: pl.Series) -> pl.Series:
    """Which cells may be decided here."""
    return (cells.str.contains(_PLAIN) & (cells.str.len_chars() <= _MOST_CHARACTERS)).fill_null(False)


def _taken_down(plain: pl.DataFrame) -> pl.DataFrame:
    """Plain cells with their `digits` and whether they have a `plus`."""
    cell = pl.col("cell")
    return plain.with_columns(digits=cell.str.replace_all("[^0-9]+", ""), plus=cell.str.contains("+", literal=True))


def _decided(numbers: pl.DataFrame) -> pl.DataFrame:
    """The answers to `numbers` by the three readings of rules §2.6, in their order."""
    plus, settled = pl.col("plus"), pl.col("value").is_not_null() | pl.col("open")
    written = _judged(_as_written(numbers))
    done = written.filter(settled)
    if done.height == numbers.height:
        return done
    rest = numbers.join(done, on="at", how="anti")
    read = _read_as_international(rest.filter(~plus)).filter(settled)
    failed = rest.join(read, on="at", how="anti").join(written.filter(~settled), on="at", how="left")
    refused = failed.select("at", **_NOTHING | {"code": _reason()}, open=plus & pl.col("code").is_null())
    return pl.concat([done, read, refused])


def _read_as_international(numbers: pl.DataFrame) -> pl.DataFrame:
    """The answers to numbers with their exit code read as a plus or, where they have none, with a plus in front."""
    after_exit_code = numbers["digits"].str.extract("^(?:00|011)(.*)$", 1)
    plus_added = numbers["at"].filter(after_exit_code.is_null())
    read = _judged(_international(numbers.with_columns(after_exit_code.fill_null(numbers["digits"]).alias("digits"))))
    warns = pl.col("at").is_in(plus_added.implode()) & ~pl.col("open")
    return read.with_columns(code=pl.when(warns).then(pl.lit("phone_read_as_international")).otherwise("code"))


def _reason() -> pl.Expr:
    """Why it is no number: by the number of its digits, else by the lengths of its country, as judged in `code`."""
    count = pl.col("digits").str.len_bytes()
    return (
        pl.when(pl.col("plus") & pl.col("code").is_null())
        .then(None)
        .when(count < FEWEST_DIGITS)
        .then(pl.lit("phone_too_short"))
        .when((count > MOST_DIGITS) & (pl.col("code") != "phone_too_short").fill_null(True))
        .then(pl.lit("phone_too_long"))
        .otherwise(pl.coalesce("code", pl.lit("phone_invalid")))
    )


def _as_written(numbers: pl.DataFrame) -> pl.DataFrame:
    """The numbers taken apart as phonenumbers' `parse` does; without those that it cannot read."""
    abroad, home = numbers.filter(pl.col("plus")), numbers.filter(~pl.col("plus"))
    countries = home.filter(pl.col("country").is_not_null()).partition_by("country", as_dict=True)
    plans = [(plan_of(country), group) for (country,), group in countries.items()]
    return pl.concat([_international(abroad), *(_dialled(group, plan) for plan, group in plans if plan)])


def _international(numbers: pl.DataFrame) -> pl.DataFrame:
    """Numbers whose `digits` begin with a calling code, taken apart."""
    code = pl.col("calling_code")
    width = pl.when(code < 10).then(1).when(code < 100).then(2).otherwise(3)
    known = numbers.with_columns(calling_code=calling_codes(numbers["digits"])).filter(code.is_not_null())
    return known.select("at", "calling_code", national=pl.col("digits").str.slice(width), bare=pl.lit(False))


def _dialled(numbers: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """Numbers as they are dialled in the region of `plan`, taken apart."""
    after_exit_code = plan.after_exit_code(numbers["digits"])
    is_home = after_exit_code.is_null()
    home = numbers.filter(is_home)
    own = plan.after_own_code(home["digits"])
    national = own.zip_with(own.is_not_null(), plan.significant(home["digits"]))
    code = pl.lit(plan.calling_code, pl.UInt16)
    taken_apart = home.select("at", calling_code=code, national=national, bare=own.is_null())
    if is_home.all():
        return taken_apart
    abroad = numbers.with_columns(digits=after_exit_code).filter(~is_home)
    return pl.concat([_international(abroad), taken_apart])


def _judged(dialled: pl.DataFrame) -> pl.DataFrame:
    """The answers to numbers taken apart; those of a plan that few share are left open.

    Of each its `calling_code` and its `national` number; `bare` says that a national prefix is off already.
    """
    # phonenumbers does not read what is left of a number where that is a single digit.
    readable = dialled.filter(pl.col("national").str.len_bytes() >= FEWEST_NATIONAL_DIGITS)
    groups = readable.partition_by("calling_code", as_dict=True, maintain_order=False)
    answers = [
        _judged_group(code, group) if group.height >= SMALL_GROUP else group.select("at", **_NOTHING, open=pl.lit(True))
        for (code,), group in groups.items()
    ]
    return pl.concat([pl.DataFrame(schema=_ANSWERS), *answers])


def _judged_group(code: int, group: pl.DataFrame) -> pl.DataFrame:
    """The answers to numbers of one calling code."""
    plan, bare = plans_of(code)[0], group["bare"]
    national = (
        group["national"] if bare.all() else group["national"].zip_with(bare, plan.significant(group["national"]))
    )
    valid = are_valid(code, national)
    whole = (str(code) + national).cast(pl.Int64, strict=False)
    length_code = (
        pl.when(plan.is_too_short(national))
        .then(pl.lit("phone_too_short"))
        .when(plan.is_too_long(national))
        .then(pl.lit("phone_too_long"))
        .otherwise(pl.lit("phone_invalid"))
    )
    code_of_wrong = pl.when(~valid).then(length_code)
    return group.select("at", value=pl.when(valid).then(whole), code=code_of_wrong, open=pl.lit(False))


def _without_two_numbers(answers: pl.DataFrame, plain: pl.DataFrame) -> pl.DataFrame:
    """The answers, but none where a `/` parts two numbers: where what stands before the last one is a number itself."""
    cell = pl.col("cell")
    parted = plain.filter(cell.str.contains("/", literal=True))
    if parted.is_empty():
        return answers
    parts = parted.select("country", owner="at", cell=cell.str.split("/"))
    before_last = parts.with_columns(cell.list.head(cell.list.len() - 1)).explode("cell").with_row_index("at")
    plain_parts = _taken_down(before_last.filter(_is_plain(before_last["cell"])))
    decided = _decided(plain_parts).join(before_last, on="at")
    open_ = decided.filter("open")["owner"]
    two = decided.filter(pl.col("value").is_not_null())["owner"]
    is_open, are_two = pl.col("at").is_in(open_.implode()), pl.col("at").is_in(two.implode())
    return answers.select(
        "at",
        value=pl.when(~is_open & ~are_two).then("value"),
        code=pl.when(are_two & ~is_open).then(pl.lit("phone_two_numbers")).when(~is_open).then("code"),
        open=pl.col("open") | is_open,
    )
