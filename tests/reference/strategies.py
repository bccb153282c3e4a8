"""Hypothesis strategies: bases, settings and files full of identifiers that belong to several customers."""

import datetime as dt
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from cdpweb.domain.catalog import Catalog, Project
from cdpweb.domain.settings import NO_ACTION, Conflicts, DateOrder, EmptyCells, ImportSettings, WriteMode
from cdpweb.domain.tasks import TaskKind

from .bases import CATALOG, NOW, base
from .importers import File
from .state import Customer, State

CLEAR = "%CLEAR%"
MAX_RECORDS = 12
EMAILS = [f"{name}@b.org" for name in "abcdef"]
PHONES = [12025550140 + last for last in range(6)]
IDS = ["1", "2", "3", "x", "X"]
DATES = [dt.datetime(2026, month, month, tzinfo=dt.UTC) for month in (1, 2, 3)]
CONSENTS = [
    "IsSubscribed", "IsSubscribedByEmail", "IsSubscribedByEmailOnNews", "IsSubscribedByEmailOnOffers",
    "IsSubscribedBySms", "IsSubscribedBySmsOnNews",
]  # fmt: skip
BOOLEANS = (["true", "no", "1", "0"], ["maybe", CLEAR])


def _spellings(phone: int) -> list[str]:
    national = str(phone)[1:]
    return [f"+{phone}", f"00{phone}", f"+1 ({national[:3]}) {national[3:6]}-{national[6:]}", str(phone), national]


CELLS: dict[str, tuple[list[str], list[str]]] = {
    "Email": ([*EMAILS, " A@b.org", "B@B.org"], ["nobody", "no@no.com", *[CLEAR] * 4]),
    "MobilePhone": ([text for phone in PHONES for text in _spellings(phone)], ["12", "+19999999999", *[CLEAR] * 5]),
    "ExternalIdentityCrm": ([*IDS, "'1"], ["1.2E+1", "1.2E+5", *[CLEAR] * 3]),
    "ExternalIdentityShop": (IDS, [CLEAR, CLEAR]),
    "LastName": (["A", "B", " a  b"], ["x" * 101, CLEAR]),
    "FirstName": (["A", "B"], [CLEAR]),
    "MiddleName": (["A"], [CLEAR]),
    "FullName": (["A", "A B", "B, A", "a b c", "a b c d"], [CLEAR]),
    "BirthDate": (["1990-05-31", "31.05.1990", "1/2/1990", "2/1/90"], ["44713", "2090-01-01", CLEAR]),
    "Sex": (["m", "W"], ["x", CLEAR]),
    "Area": (["nyc", "ber"], ["NYC", CLEAR]),
    "TimeZone": (["Europe/Berlin", "UTC"], ["Berlin", CLEAR]),
    "IsEmailConfirmed": BOOLEANS,
    "IsMobilePhoneConfirmed": BOOLEANS,
    **dict.fromkeys(CONSENTS, BOOLEANS),
    "SubscriptionDateTimeUtc": (["2026-01-01", "2026-02-02 00:00", "2026-03-03T00:00Z"], ["1899-01-01", "x", CLEAR]),
    "CustomFieldNote": (["a", "b", "'=a"], [CLEAR]),
    "CustomFieldTags": (["a", "b|a", "a | b|a"], ["|", CLEAR]),
    "CustomFieldCount": (["1", "01"], ["2147483648", "1.5", CLEAR]),
    "CustomFieldScore": (["1.5", "1,50", "2"], ["1.005", CLEAR]),
    "CustomFieldVip": BOOLEANS,
    "CustomFieldSince": (["2026-05-31", "1/2/2026", "31.12.25"], ["x", CLEAR]),
    "CustomFieldSeen": (["2026-05-31 14:30", "2026-05-31T14:30+02:00", "2025-10-26 02:30"], ["x", CLEAR]),
    "CustomFieldSize": (["s", "Large"], ["x", CLEAR]),
    "CustomFieldSports": (["run", "Running|Chess", "Chess", "Polo|Chess", "golf", "Golf"], [CLEAR]),
    "ApiEndpoint": (["cdpweb", "Website"], ["nope"]),
    "SourcePointOfContact": (["web", "store"], ["Web"]),
    "LastUpdatePointOfContact": (["web", "store"], [CLEAR]),
    "SourceActionTemplate": (["Survey", "visit"], ["nope"]),
    "LastUpdateActionTemplate": (["survey", "Visit"], ["none"]),
    "SourceDateTimeUtc": (["2026-05-01 10:00"], ["2099-01-01"]),
    "LastUpdateDateTime": (["2026-05-01 10:00", "1/2/2026"], ["x"]),
    "PhoneCountry": (["US", "uk"], ["zz", CLEAR]),
    "SegmentLoyalty": (["Gold", "s", "gold", CLEAR], ["nope"]),
    "SegmentOrigin": (["Fair", "Shop", CLEAR], ["Gold"]),
    "SegmentationExternalId": (["loy", "Loyalty"], ["ori", "nope"]),
    "SegmentExternalId": (["g", "Silver", CLEAR], ["f"]),
}
"""Column -> cells that say something, and cells that are wrong or erase."""

IDENTIFIERS = ["Email", "MobilePhone", "ExternalIdentityCrm", "ExternalIdentityShop"]
CONFIRMATIONS = ["IsEmailConfirmed", "IsMobilePhoneConfirmed"]
SETTINGS = [name for name in CELLS if name.startswith(("Api", "Source", "LastUpdate", "Phone", "Segment"))]
MODED = [name for name in CELLS if name not in {*SETTINGS, *CONSENTS, "SubscriptionDateTimeUtc"}]
PAIR = ["SegmentationExternalId", "SegmentExternalId"]
OTHERS = [name for name in MODED if name not in IDENTIFIERS]

catalogs: st.SearchStrategy[Catalog] = st.builds(
    lambda project: replace(CATALOG, project=project),
    st.builds(
        Project,
        time_zone=st.sampled_from(["UTC", "Europe/Berlin"]),
        phone_country=st.sampled_from([None, "US"]),
        api_endpoint_id=st.sampled_from([None, 2]),
        source_template_id=st.sampled_from([None, 3]),
        existing_template_id=st.sampled_from([None, 4]),
        junk_emails=st.just(CATALOG.project.junk_emails),
        junk_phones=st.just(CATALOG.project.junk_phones),
    ),
)


@st.composite
def settings(draw: st.DrawFn) -> ImportSettings:
    """All that a person may choose."""
    modes = st.dictionaries(st.sampled_from(MODED), st.sampled_from([WriteMode.FILL, WriteMode.NEVER]), max_size=5)
    some_group = st.sampled_from([(), (1,), (2, 3), (4,)])
    return ImportSettings(
        task=draw(st.sampled_from([TaskKind.IMPORT] * 4 + [TaskKind.EDIT, TaskKind.ADD])),
        conflicts=draw(st.sampled_from(Conflicts)),
        empty_cells=draw(st.sampled_from(EmptyCells)),
        date_order=draw(st.sampled_from(DateOrder)),
        allow_resubscribe=draw(st.booleans()),
        action_for_unchanged=draw(st.booleans()),
        write_modes=draw(st.just({}) | modes),
        segment_ids=draw(some_group),
        api_endpoint_id=draw(st.sampled_from([None, 1, 2])),
        touchpoint_id=draw(st.sampled_from([None, 3])),
        source_template_id=draw(st.sampled_from([None, 4])),
        existing_template_id=draw(st.sampled_from([None, 3, NO_ACTION])),
        action_date=draw(st.sampled_from([None, DATES[0]])),
        phone_country=draw(st.sampled_from([None, "US", "DE"])),
        replacements=draw(
            st.sampled_from([{}, {"SegmentLoyalty": {"nope": "Silver"}, "ApiEndpoint": {"nope": "website"}}])
        ),
    )


@st.composite
def bases(draw: st.DrawFn) -> State:
    """Up to five customers, each with at least one identifier that nobody else has."""
    pools: dict[str, list[Any]] = {"Email": [*EMAILS], "MobilePhone": [*PHONES]}
    pools |= {name: [*IDS, "12"] for name in ("ExternalIdentityCrm", "ExternalIdentityShop")}
    return base(*(draw(_customers(number, pools)) for number in range(3, draw(st.integers(3, 8)))))


@st.composite
def _customers(draw: st.DrawFn, id: int, pools: dict[str, list[Any]]) -> Customer:
    kinds = draw(st.lists(st.sampled_from(IDENTIFIERS), min_size=1, unique=True))
    identifiers = {}
    for kind in kinds:
        identifiers[kind] = draw(st.sampled_from(pools[kind]))
        pools[kind].remove(identifiers[kind])
    held = {
        "LastName": "A", "FirstName": "B", "MiddleName": "A", "BirthDate": "1990-05-31", "Sex": "male", "Area": "nyc",
        "CustomFieldNote": "a", "CustomFieldTags": "a|b", "CustomFieldCount": "1", "CustomFieldSports": "run",
        "SegmentLoyalty": "Gold", "SegmentOrigin": "Fair",
    }  # fmt: skip
    names = draw(st.lists(st.sampled_from(list(held)), unique=True))
    fields = {name: held[name] for name in names}
    for identifier, column in (("Email", "IsEmailConfirmed"), ("MobilePhone", "IsMobilePhoneConfirmed")):
        if identifier in identifiers and draw(st.booleans()):
            fields[column] = draw(st.sampled_from(["true", "false"]))
    consents = draw(st.dictionaries(st.sampled_from(CONSENTS), st.tuples(st.booleans(), st.sampled_from(DATES))))
    return Customer(id, identifiers, fields, consents)


@st.composite
def files(draw: st.DrawFn, people: State, now: dt.datetime = NOW) -> File:
    """A file with some of all columns, now and then ragged, blank or malformed."""
    said = draw(settings())
    columns = draw(_columns(said.task))
    records = draw(st.lists(_records(columns, list(people.customers)), min_size=3, max_size=MAX_RECORDS))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    content = end.join([",".join(columns), *records]) + draw(st.sampled_from([end, ""]))
    return File(content, said, columns=[None if name == "Remark" else name for name in columns], now=now)


@st.composite
def _columns(draw: st.DrawFn, task: TaskKind) -> list[str]:
    """The columns of a file about one thing, or a bit of everything; never without an identifier."""
    identifiers = draw(_some(IDENTIFIERS, 1, 4))
    customer_id = [] if task is TaskKind.ADD else draw(st.sampled_from([[], ["CustomerId"]]))
    themes = {
        "who": draw(_some(IDENTIFIERS, 2, 4)) + customer_id + draw(_some([*CONFIRMATIONS, "LastName"], 0, 2)),
        "consent": ["Email", "SubscriptionDateTimeUtc", *draw(_some(CONSENTS, 2, 6))],
        "fields": identifiers[:2] + draw(_some(OTHERS, 3, 7)),
        "settings": [*identifiers[:2], "LastName", *draw(_some(SETTINGS, 1, 5))],
        "all": identifiers + customer_id + ["Remark"] + draw(_some([*OTHERS, *SETTINGS, *CONSENTS], 0, 8)),
    }
    columns = themes[draw(st.sampled_from(list(themes)))]
    columns += PAIR if set(PAIR) & set(columns) else []
    columns += ["MobilePhone"] if "PhoneCountry" in columns else []
    return draw(st.permutations(list(dict.fromkeys(columns))))


def _some(names: list[str], least: int, most: int) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), min_size=least, max_size=most, unique=True)


@st.composite
def _records(draw: st.DrawFn, columns: list[str], ids: list[int]) -> str:
    cells = [draw(_cells(name, ids)) for name in columns]
    shape = draw(st.integers(0, 30))
    if shape == 0:
        return draw(st.sampled_from(["", ",,", '"x"y,', '"x', " "]))
    if shape == 1:
        cells = cells[: draw(st.integers(1, len(cells)))]
    if shape == 2:
        cells += draw(st.sampled_from([[""], [" ", ""], ["x"]]))
    if shape == 3:
        cells[0] += "\x00"
    return ",".join(cells)


def _cells(name: str, ids: list[int]) -> st.SearchStrategy[str]:
    """A cell: mostly right, often empty, quoted where it must be."""
    right, odd = CELLS.get(name, (["x"], []))
    if name == "CustomerId":
        right, odd = [str(number) for number in ids], ["999", "x", CLEAR]
    quoted = [f'"{text}"' if "," in text else text for text in [*right * 4, *odd]]
    return st.sampled_from(quoted) | st.sampled_from(["", " ", *quoted])


two_files = st.tuples(catalogs, bases()).flatmap(
    lambda made: st.tuples(
        st.just(made[0]), st.just(made[1]), files(made[1]), files(made[1], NOW + dt.timedelta(days=1))
    )
)
"""A catalog, a base, and two files to be imported into it one after the other."""
