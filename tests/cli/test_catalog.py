"""`catalog load` and `catalog dump` (product 6)."""

import json

DOCUMENT = {
    "external_systems": [{"system_name": "Crm", "name": "CRM"}],
    "areas": [{"external_id": "nyc", "name": "New York", "parent": None, "time_zone": "America/New_York"}],
}


def load(shell, document):
    text = document if isinstance(document, str | bytes) else json.dumps(document)
    return shell("catalog", "load", shell.file(text, "catalog.json"))


def test_loading_twice_changes_nothing_and_dump_prints_what_load_reads(shell):
    assert load(shell, DOCUMENT).stdout == "2 created, 0 changed, 0 as they were.\n"
    assert load(shell, DOCUMENT).stdout == "0 created, 0 changed, 2 as they were.\n"
    dumped = shell("catalog", "dump").stdout
    assert json.loads(dumped)["areas"] == DOCUMENT["areas"]
    assert [subject for event, subject in shell.audited() if event == "catalog_loaded"] == [
        {"created": 2, "changed": 0}, {"created": 0, "changed": 0},
    ]  # fmt: skip
    assert load(shell, dumped).stdout.startswith("0 created, 0 changed")


def test_what_is_wrong_is_named_by_its_path_and_nothing_is_kept(shell):
    result = load(shell, DOCUMENT | {"topics": [{"system_name": "News", "name": "News", "channels": ["Fax"]}]})
    assert result.exit_code == 1
    assert "topics[0].channels: “Fax” is not a channel" in result.stderr
    assert json.loads(shell("catalog", "dump").stdout)["areas"] == []


def test_a_file_that_is_no_json_is_refused_with_the_place(shell):
    for text, words in (('{"areas": [}', "line 1, column 12"), (b"\xff", "not UTF-8"), ("[" * 99_999, "too deeply")):
        result = load(shell, text)
        assert result.exit_code == 1
        assert words in result.stderr
        assert "Traceback" not in result.stderr
