"""`OTEL_*` variables mean what they mean elsewhere, and one that makes no sense is an error that says so."""

from pathlib import Path

import pytest

from actors import SettingsError
from tracing import traced
from tracing.configuration import Configuration, configured


def read(**environ: str) -> Configuration:
    found = configured("shop", environ, folder=Path("traces"), by_class=True, exceptions=True)
    assert found is not None
    return found


def test_without_a_word_spans_go_into_files_and_all_are_taken():
    found = read()
    assert (found.traces, found.metrics, found.ratio, found.bound) == ("file", "none", 1.0, 32_768)


def test_a_named_collector_gets_them():
    found = read(OTEL_EXPORTER_OTLP_ENDPOINT="http://jaeger:4318/")
    assert (found.traces, found.traces_endpoint) == ("otlp", "http://jaeger:4318/v1/traces")
    found = read(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="https://here/x")
    assert (found.traces, found.traces_endpoint) == ("otlp", "https://here/x")
    assert read(OTEL_TRACES_EXPORTER="otlp").traces_endpoint == "http://localhost:4318/v1/traces"


def test_the_standard_variables_are_read():
    found = read(
        OTEL_SERVICE_NAME="market",
        OTEL_TRACES_SAMPLER="parentbased_traceidratio",
        OTEL_TRACES_SAMPLER_ARG="0.25",
        OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20x, a=b",
        OTEL_RESOURCE_ATTRIBUTES="team=red",
        OTEL_BSP_SCHEDULE_DELAY="100",
        OTEL_BSP_MAX_QUEUE_SIZE="7",
        OTEL_EXPORTER_OTLP_TIMEOUT="2000",
        OTEL_SOMETHING_ELSE="left alone",
    )
    assert (found.app, found.ratio, found.delay, found.bound, found.patience) == ("market", 0.25, 0.1, 7, 2.0)
    assert found.headers == {"Authorization": "Bearer x", "a": "b"}
    assert found.resource == {"team": "red"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("OTEL_SDK_DISABLED", "perhaps"),
        ("OTEL_TRACES_EXPORTER", "zipkin"),
        ("OTEL_TRACES_SAMPLER", "sometimes"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "jaeger:4318"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://host:99999"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "nothing"),
        ("OTEL_BSP_SCHEDULE_DELAY", "soon"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "1.5"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
        ("OTEL_SERVICE_NAME", "shop/αβγ"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "nan"),
    ],
)
def test_a_variable_that_makes_no_sense_is_named_with_its_value(name, text):
    with pytest.raises(SettingsError, match=name) as error:
        read(**{name: text})
    assert repr(text) in str(error.value)
    assert "it takes" in str(error.value)


def test_a_share_that_is_none_is_named():
    with pytest.raises(SettingsError, match="OTEL_TRACES_SAMPLER_ARG"):
        read(OTEL_TRACES_SAMPLER="traceidratio", OTEL_TRACES_SAMPLER_ARG="2")


def test_disabled_is_no_instrument_at_all(monkeypatch):
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert traced("shop") is None
