"""Settings come from four sources in one order, say where each value came from, and refuse what nobody knows."""

import dataclasses
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.errors import SettingsError
from actors.settings import DEFAULTS, RULES, Settings


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "understudy.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_without_any_source_every_value_is_its_default():
    settings = Settings.load(environ={})
    assert settings == Settings()
    assert {settings.origin(name) for name in RULES} == {"default"}


def test_the_defaults_are_those_of_the_promises():
    settings = Settings()
    assert (settings.ask_timeout, settings.stop_budget, settings.cancel_grace) == (30, 5, 1)
    assert (settings.system_stop_budget, settings.heartbeat) == (30, 1)


def test_an_argument_wins_over_the_environment_that_over_the_file_and_that_over_the_default(tmp_path):
    file = written(tmp_path, "ask_timeout = 1\nstop_budget = 2\ncancel_grace = 3\n")
    environ = {"UNDERSTUDY_ASK_TIMEOUT": "10", "UNDERSTUDY_STOP_BUDGET": "20", "HOME": "/nowhere"}
    settings = Settings.load({"ask_timeout": 100}, environ=environ, file=file)
    assert (settings.ask_timeout, settings.stop_budget, settings.cancel_grace, settings.heartbeat) == (100, 20, 3, 1)
    assert settings.origin("ask_timeout") == "argument"
    assert settings.origin("stop_budget") == "environment variable UNDERSTUDY_STOP_BUDGET"
    assert settings.origin("cancel_grace") == f"file {file}"
    assert settings.origin("heartbeat") == "default"


def test_the_environment_names_the_file_unless_an_argument_does(tmp_path):
    named = written(tmp_path, "hosts = 7\n")
    assert Settings.load(environ={"UNDERSTUDY_SETTINGS": str(named)}).hosts == 7
    other = tmp_path / "other.toml"
    other.write_text("hosts = 9\n", encoding="utf-8")
    assert Settings.load(environ={"UNDERSTUDY_SETTINGS": str(named)}, file=other).hosts == 9


def test_the_process_environment_is_read_when_none_is_given(monkeypatch):
    monkeypatch.setenv("UNDERSTUDY_HOSTS", "5")
    assert Settings.load().hosts == 5
    assert Settings().hosts is None


@pytest.mark.parametrize(
    ("variable", "text", "value"),
    [
        ("UNDERSTUDY_ASK_TIMEOUT", "2.5", 2.5),
        ("UNDERSTUDY_MAILBOX_BOUND", "20_000", 20_000),
        ("UNDERSTUDY_HOSTS", "none", None),
        ("UNDERSTUDY_HOSTS", "64", 64),
        ("UNDERSTUDY_COPY_MESSAGES", "True", True),
        ("UNDERSTUDY_COPY_MESSAGES", "0", False),
        ("UNDERSTUDY_LOG_LEVEL", "debug", "DEBUG"),
        ("UNDERSTUDY_DEAD_LETTER_LOG_RATE", "0", 0.0),
    ],
)
def test_a_text_from_the_environment_becomes_a_value_of_its_kind(variable, text, value):
    found = getattr(Settings.load(environ={variable: text}), variable.removeprefix("UNDERSTUDY_").lower())
    assert found == value
    assert type(found) is type(value)


def test_an_unknown_argument_is_an_error_that_names_the_nearest_setting():
    with pytest.raises(SettingsError, match=r"no setting 'ask_timout' \(argument\). The nearest is ask_timeout"):
        Settings.load({"ask_timout": 3}, environ={})


def test_an_unknown_variable_is_an_error_that_names_the_nearest_variable():
    with pytest.raises(SettingsError, match="UNDERSTUDY_HOST.*nearest is UNDERSTUDY_HOSTS"):
        Settings.load(environ={"UNDERSTUDY_HOST": "3"})


def test_a_variable_in_the_wrong_case_is_an_error():
    with pytest.raises(SettingsError, match="nearest is UNDERSTUDY_HOSTS"):
        Settings.load(environ={"UNDERSTUDY_hosts": "3"})


def test_an_unknown_key_in_the_file_is_an_error_that_names_the_file(tmp_path):
    file = written(tmp_path, "heart_beat = 3\n")
    with pytest.raises(SettingsError) as caught:
        Settings.load(environ={}, file=file)
    assert str(caught.value) == f"There is no setting 'heart_beat' (file {file}). The nearest is heartbeat."


def test_a_table_in_the_file_is_an_unknown_key(tmp_path):
    with pytest.raises(SettingsError, match="no setting 'links'"):
        Settings.load(environ={}, file=written(tmp_path, "[links]\nheartbeat = 1\n"))


def test_a_file_that_is_missing_broken_or_no_text_is_an_error_that_names_it(tmp_path):
    with pytest.raises(SettingsError, match="gone.toml cannot be read: No such file"):
        Settings.load(environ={}, file=tmp_path / "gone.toml")
    with pytest.raises(SettingsError, match="understudy.toml is not TOML"):
        Settings.load(environ={}, file=written(tmp_path, "hosts = = 3"))
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="binary.toml is not TOML"):
        Settings.load(environ={"UNDERSTUDY_SETTINGS": str(binary)})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ask_timeout", 0),
        ("ask_timeout", -1.0),
        ("ask_timeout", float("nan")),
        ("ask_timeout", float("inf")),
        ("ask_timeout", None),
        ("ask_timeout", "30"),
        ("ask_timeout", True),
        ("mailbox_bound", 0),
        ("mailbox_bound", 10.0),
        ("mailbox_bound", True),
        ("hosts", 0),
        ("hosts", 65),
        ("copy_messages", 1),
        ("log_level", "LOUD"),
        ("dead_letter_log_rate", -1),
    ],
)
def test_an_impossible_value_is_an_error_that_names_value_origin_and_range(name, value):
    with pytest.raises(SettingsError) as caught:
        Settings.load({name: value}, environ={})
    assert str(caught.value) == f"{name} is {value!r} (argument): it takes {RULES[name].takes}."
    with pytest.raises(SettingsError):
        Settings(**{name: value})


@pytest.mark.parametrize("text", ["", "soon", "1e999", "nan", "-1", "12s"])
def test_an_impossible_text_in_the_environment_is_an_error_that_names_variable_and_unit(text):
    with pytest.raises(SettingsError, match=r"ask_timeout is .*UNDERSTUDY_ASK_TIMEOUT.*seconds from 0.001 to 86400"):
        Settings.load(environ={"UNDERSTUDY_ASK_TIMEOUT": text})


def test_a_chunk_larger_than_the_link_buffer_is_an_error_that_names_both():
    with pytest.raises(SettingsError, match=r"chunk_bytes is 1048576 \(argument\) and link_buffer_bytes is 65536"):
        Settings(chunk_bytes=2**20, link_buffer_bytes=2**16)


def test_settings_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().hosts = 3  # type: ignore[misc]


def test_settings_travel_by_pickle_with_their_origins():
    settings = Settings.load({"hosts": 3}, environ={})
    there = pickle.loads(pickle.dumps(settings))
    assert there == settings
    assert there.origin("hosts") == "argument"
    assert hash(there) == hash(settings)


def test_settings_are_equal_by_their_values_and_not_by_where_they_came_from():
    assert (
        Settings.load(environ={"UNDERSTUDY_ASK_TIMEOUT": "5"}) == Settings(ask_timeout=5) == Settings(ask_timeout=5.0)
    )


@given(st.sampled_from([name for name, value in DEFAULTS.items() if type(value) is int]), st.integers(1, 2**16))
def test_whatever_is_accepted_is_read_back_the_same_from_the_environment(name, value):
    try:
        settings = Settings(**{name: value})
    except SettingsError:
        return
    assert Settings.load(environ={f"UNDERSTUDY_{name.upper()}": str(value)}) == settings


def test_every_default_lies_in_its_range_and_every_setting_says_what_it_means():
    for name, rule in RULES.items():
        assert rule.allows(DEFAULTS[name]), name
        assert rule.meaning, name


def test_the_description_has_a_line_for_each_setting_with_value_unit_and_origin():
    lines = Settings.load(environ={"UNDERSTUDY_HOSTS": "3"}).describe().splitlines()
    assert [line.split()[0] for line in lines] == ["setting", *RULES]
    assert ["hosts", "3", "hosts", "environment", "variable", "UNDERSTUDY_HOSTS"] in [
        line.split()[:6] for line in lines
    ]
    assert ["ask_timeout", "30.0", "s", "default"] in [line.split()[:4] for line in lines]


def test_asking_for_the_origin_of_no_setting_is_an_error():
    with pytest.raises(SettingsError, match="nearest is mailbox_bound"):
        Settings().origin("mailbox")


@pytest.mark.parametrize(
    ("hosts", "cores", "count"), [(None, 1, 2), (None, 2, 2), (None, 8, 7), (None, 512, 64), (1, 8, 1)]
)
def test_hosts_are_cores_less_one_and_at_least_two_unless_said_otherwise(hosts, cores, count):
    assert Settings(hosts=hosts).host_count(cores) == count
