"""What the instrument watches from beginning to end: nothing but a header, a message on its way, a handler at work.

A context is left where it was entered, and nowhere else. The token is then let go: it leads to the handler's context,
that to the envelope, and that to the observation, a circle that no collector sees, for envelopes are untracked.
"""

from collections.abc import Callable
from contextvars import Token

from opentelemetry.context import Context
from opentelemetry.trace import Span

from tracing.errors import failed


class Kept:
    """The observation of what has no span: its messages carry the header on."""

    __slots__ = ("_token", "header")

    def __init__(self, header: bytes, token: "Token[Context] | None" = None) -> None:
        self.header = header
        self._token = token

    def end(self, error: BaseException | None = None, /) -> None:
        """Leave the context that was entered, if any was."""
        del error
        token, self._token = self._token, None
        if token is not None:
            left(token)


class Sent:
    """The observation of a message on its way: its span, and for how long."""

    __slots__ = ("_message", "_span", "header")

    def __init__(self, span: Span, header: bytes, message: object) -> None:
        self._span = span
        self._message = message
        self.header = header

    def end(self, error: BaseException | None = None, /) -> None:
        """It is on its way, or has its outcome."""
        if error is not None:
            failed(self._span, error, record=False, message=self._message)
        self._span.end()


class Current:
    """The observation of a handler or an operation, whose span is current until its end."""

    __slots__ = ("_message", "_record", "_span", "_token", "_told", "header")

    def __init__(
        self,
        span: Span,
        header: bytes,
        token: "Token[Context]",
        *,
        record: bool,
        told: "Callable[[], None] | None" = None,
        message: object = None,
    ) -> None:
        self._message = message
        self._told = told
        """Called at the end."""
        self._span = span
        self._token: Token[Context] | None = token
        self._record = record
        self.header = header

    def end(self, error: BaseException | None = None, /) -> None:
        """It has ended."""
        if error is not None:
            failed(self._span, error, record=self._record, message=self._message)
        self._span.end()
        if self._told is not None:
            self._told()
        token, self._token = self._token, None
        if token is not None:
            left(token)


def left(token: "Token[Context]") -> None:
    """Leave a context where it was entered; elsewhere (a handler that was abandoned) there is nothing to leave."""
    try:
        token.var.reset(token)
    except ValueError:
        return
