"""Every setting is read once, typed, and refused in a sentence where it cannot be used."""

import dataclasses
import stat
from pathlib import Path

import pytest

from cdpweb.config import SOCKET_PATH_BYTES, BadSetting, Config, prepare_instance, read_config


@pytest.mark.parametrize("declared", dataclasses.fields(Config), ids=lambda declared: declared.name)
def test_every_setting_says_its_unit_and_meaning(declared: dataclasses.Field) -> None:
    assert declared.metadata["unit"]
    assert declared.metadata["meaning"]
    assert declared.type in (int, float, str, Path)
    if declared.type in (int, float):
        assert declared.default >= declared.metadata["least"]


def test_settings_come_from_the_environment() -> None:
    config = read_config({"CDPWEB_MAX_UPLOAD_BYTES": "1000", "CDPWEB_POLL_SECONDS": "0.5", "CDPWEB_INSTANCE": "/x"})
    assert (config.MAX_UPLOAD_BYTES, config.POLL_SECONDS, config.INSTANCE) == (1000, 0.5, Path("/x"))
    assert config.UPLOAD_RETENTION_DAYS == 14


def test_plain_names_are_read_and_the_prefixed_one_goes_first() -> None:
    assert read_config({"PORT": "9000"}).PORT == 9000
    assert read_config({"PORT": "9000", "CDPWEB_PORT": "9001"}).PORT == 9001
    assert read_config({"MAX_UPLOAD_BYTES": "5"}).MAX_UPLOAD_BYTES == Config.MAX_UPLOAD_BYTES


def test_an_empty_variable_counts_as_not_set() -> None:
    assert read_config({"PORT": "", "CDPWEB_INSTANCE": ""}).PORT == 8000


def test_a_relative_instance_folder_is_made_absolute() -> None:
    assert read_config({"CDPWEB_INSTANCE": "here"}).INSTANCE == Path.cwd() / "here"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("CDPWEB_MAX_UPLOAD_BYTES", "2 GB", 'CDPWEB_MAX_UPLOAD_BYTES is "2 GB"; it must be a whole number of bytes'),
        ("CDPWEB_MAX_UPLOAD_BYTES", "0", "it must be at least 1 bytes"),
        ("CDPWEB_UPLOAD_RETENTION_DAYS", "-1", "at least 0 days"),
        ("CDPWEB_POLL_SECONDS", "often", "it must be a number of seconds, such as 1.0"),
        ("CDPWEB_POLL_SECONDS", "nan", "at least 0.2 seconds"),
        ("CDPWEB_POLL_SECONDS", "inf", "at least 0.2 seconds"),
        ("PORT", "http", 'PORT is "http"; it must be a whole number'),
        ("PORT", "70000", "PORT is 70000; it must be between 1 and 65535"),
        ("HOST", "0.0.0.0", "Set PUBLIC_URL to what people will type"),
        ("HOST", "example.org", "it must be an IP address of this machine"),
        ("PUBLIC_URL", "cdp.example.org", "such as https://cdp.example.org"),
        ("PUBLIC_URL", "https://example.org/cdp", "without a path"),
        ("DATABASE_URL", "mysql://here/db", "cdpweb knows postgresql:// and sqlite:/// databases"),
        ("REDIS_URL", "localhost:6379", "it must be a redis://, rediss:// or unix:// address"),
        ("CDPWEB_LOG_LEVEL", "loud", "it must be DEBUG, INFO, WARNING or ERROR"),
    ],
)
def test_a_bad_setting_is_refused_in_words(name: str, value: str, sentence: str) -> None:
    with pytest.raises(BadSetting) as refusal:
        read_config({name: value})
    assert sentence in str(refusal.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "localhost"])
def test_this_machine_is_a_good_host(host: str) -> None:
    assert read_config({"HOST": host}).HOST == host


def test_every_address_needs_a_name_to_answer_under() -> None:
    config = read_config({"HOST": "0.0.0.0", "PUBLIC_URL": "https://cdp.example.org", "TRUSTED_HOSTS": "cdp, fd00::1"})
    assert config.hosts == ["localhost", "127.0.0.1", "[::1]", "cdp.example.org", "cdp", "[fd00::1]"]
    assert config.is_secure
    assert "192.0.2.7" in read_config({"HOST": "192.0.2.7"}).hosts
    assert config.own_address == "127.0.0.1:8000"
    assert read_config({"HOST": "::", "TRUSTED_HOSTS": "cdp"}).own_address == "[::1]:8000"
    assert read_config({"HOST": "192.0.2.7"}).own_address == "192.0.2.7:8000"
    assert not read_config({}).is_secure


@pytest.mark.parametrize("url", ["postgres://me@db/cdp", "postgresql://me@db/cdp", "postgresql+psycopg://me@db/cdp"])
def test_postgresql_is_reached_by_psycopg(url: str) -> None:
    assert read_config({"DATABASE_URL": url}).database_uri == "postgresql+psycopg://me@db/cdp"


def test_the_secret_key_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    config = read_config({"CDPWEB_INSTANCE": str(tmp_path / "new" / "instance")})
    first, second = prepare_instance(config), prepare_instance(config)
    assert len(first.SECRET_KEY) == 64
    assert first.SECRET_KEY == second.SECRET_KEY
    assert stat.S_IMODE((config.INSTANCE / "secret_key").stat().st_mode) == 0o600


def test_what_is_written_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    config = prepare_instance(read_config({"CDPWEB_INSTANCE": str(tmp_path / "instance")}))
    (config.INSTANCE / "customers").write_text("anna@example.com")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (config.INSTANCE, config.INSTANCE / "customers")}
    assert modes == {0o700, 0o600}


def test_an_instance_folder_that_cannot_be_made_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    config = read_config({"CDPWEB_INSTANCE": str(tmp_path / "file" / "instance")})
    with pytest.raises(BadSetting, match=r"cannot be written to .* name another folder in CDPWEB_INSTANCE"):
        prepare_instance(config)


def test_the_socket_lies_in_the_instance_folder_where_its_path_is_short_enough(tmp_path: Path) -> None:
    assert read_config({"CDPWEB_INSTANCE": "/srv/cdp"}).broker_socket == Path("/srv/cdp/broker/broker.sock")
    deep = read_config({"CDPWEB_INSTANCE": f"/srv/{'x' * 100}"}).broker_socket
    assert len(bytes(deep)) <= SOCKET_PATH_BYTES
    assert deep != read_config({"CDPWEB_INSTANCE": f"/srv/{'y' * 100}"}).broker_socket
