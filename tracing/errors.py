"""How an error shows on a span: status, `error.type`, and once in a trace the exception itself."""

import traceback

from opentelemetry.trace import Span, StatusCode

from actors import Failed, scrubbed

LONGEST_TEXT = 500
"""Characters of an error's text that go into a span's status."""


def failed(span: Span, error: BaseException, *, record: bool, message: object = None) -> None:
    """Mark a span. `record`: here the error arose, so its traceback belongs here; `message`: what it arose at.

    A Failed is the news of an error that was recorded where it arose, in the handler that raised it.
    """
    kind, text = type(error).__qualname__, str(error)
    if isinstance(error, Failed):
        kind, text, record = error.type_name or kind, error.text or text, False
    text = scrubbed(text, message)
    span.set_status(StatusCode.ERROR, text[:LONGEST_TEXT])
    span.set_attribute("error.type", kind)
    if record:
        lines = traceback.format_exception(error)
        span.add_event(
            "exception",
            {
                "exception.type": kind,
                "exception.message": text[:LONGEST_TEXT],
                "exception.stacktrace": scrubbed("".join(lines), message),
            },
        )
