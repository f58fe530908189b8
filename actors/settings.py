"""Every number and switch of the runtime in one frozen object, each with its unit, its range and where it came from.

An argument wins over an environment variable `UNDERSTUDY_<NAME>`, that over the settings file (TOML, named by an
argument or by `UNDERSTUDY_SETTINGS`), that over the default. A key that no setting has is an error in all three.
"""

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from actors.errors import SettingsError

PREFIX = "UNDERSTUDY_"
"""Every environment variable that begins so is read, and is an error unless it names a setting."""

FILE_VARIABLE = PREFIX + "SETTINGS"
"""The environment variable that names the settings file."""

KIB = 1024
MIB = 1024 * KIB
DAY = 86_400.0
CLOCK_DRIFT = 1.1
"""How much faster than another a host's clock may go (rule A16)."""

SUSPEND, CONTINUE = "suspend", "continue"
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


@dataclass(frozen=True, slots=True)
class Rule:
    """What one setting means, and which values it takes."""

    meaning: str
    unit: str
    takes: str
    parse: Callable[[str], object]
    """The value of a text from the environment; raises ValueError or KeyError."""
    allows: Callable[[object], bool]


def _number(kind: type[int] | type[float], low: float, high: float, value: object) -> bool:
    kinds = (int,) if kind is int else (int, float)
    return isinstance(value, kinds) and not isinstance(value, bool) and low <= value <= high  # NaN is in no range


def _setting(default: object, rule: Rule) -> Any:
    return field(default=default, metadata={"rule": rule})


def _seconds(default: float, meaning: str, low: float = 0.001, high: float = DAY) -> float:
    takes = f"seconds from {low:g} to {high:g}"
    return _setting(default, Rule(meaning, "s", takes, float, lambda value: _number(float, low, high, value)))


def _count(default: int, unit: str, meaning: str, low: int, high: int) -> int:
    takes = f"a whole number of {unit} from {low} to {high}"
    return _setting(default, Rule(meaning, unit, takes, int, lambda value: _number(int, low, high, value)))


def _optional_count(unit: str, meaning: str, low: int, high: int) -> int | None:
    return _setting(
        None,
        Rule(
            meaning,
            unit,
            f"a whole number{f' of {unit}' if unit else ''} from {low} to {high}, or none",
            lambda text: None if text.lower() == "none" else int(text),
            lambda value: value is None or _number(int, low, high, value),
        ),
    )


def _flag(default: bool, meaning: str) -> bool:  # noqa: FBT001  (the default of a flag is a bool)
    return _setting(
        default, Rule(meaning, "", "true or false", lambda text: _WORDS[text.lower()], lambda v: isinstance(v, bool))
    )


def _choice(default: str, choices: tuple[str, ...], meaning: str) -> str:
    spellings = {choice.lower(): choice for choice in choices}
    takes = "one of " + ", ".join(choices)
    return _setting(default, Rule(meaning, "", takes, lambda text: spellings[text.lower()], lambda v: v in choices))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one system; the driver sends them to every host, so they are equal on all.

    `Settings.load(...)` reads all sources. `Settings(...)` takes arguments only and reads neither environment nor
    file. Both raise `SettingsError` for a value outside its range. Origins play no part in equality and hash.
    """

    # Asking and starting.
    ask_timeout: float = _seconds(30.0, "deadline of an ask that names none")
    spawn_timeout: float = _seconds(30.0, "how long `on_start` may take, whether `spawn` waits for it or not")
    placement_timeout: float = _seconds(30.0, "how long a host with special resources may wait for them")

    # Queues. 10,000 small messages are some 10 ms of work and a few MB: room for any burst that is not an overload,
    # and little enough that an actor which has fallen behind is seen before the process is out of memory.
    mailbox_bound: int = _count(10_000, "messages", "messages that may wait in one mailbox", 1, 2**31)
    stash_bound: int = _count(1_000, "messages", "messages that one actor may stash", 1, 2**31)
    mailbox_byte_bound: int = _count(64 * MIB, "bytes", "messages from other hosts in one mailbox", 64 * KIB, 2**40)
    turn_messages: int = _count(64, "messages", "messages one actor handles before others have their turn", 1, 2**20)
    # A pool of 100,000 actors can be watched by one; a loop that watches without end is stopped soon after.
    watch_limit: int = _count(131_072, "watches", "actors that one actor may watch", 1, 2**31)

    deadlock_after: float = _seconds(0.2, "how long asks wait before a deadlock is looked for, 0 = never", 0.0, 60.0)

    # Handlers and stopping.
    blocking_threads: int = _count(32, "threads", "blocking handlers that run at once on one host", 1, 1024)
    stop_budget: float = _seconds(5.0, "how long a handler may go on when its actor is stopped, before it is cancelled")
    cancel_grace: float = _seconds(1.0, "how long a cancelled handler may go on before it is abandoned")
    # Whoever gives up so many handlers is not out of luck but holds something that does not come back. Each keeps a
    # thread with its stack and what it refers to, and only the end of the process frees them.
    abandoned_limit: int = _count(
        8,
        "threads",
        "abandoned threads of a host beyond which it leaves its seat to another, 0 = never",
        0,
        2**20,
    )
    drain_budget: float = _seconds(10.0, "how long a host that is told to leave may take to finish, stop and leave")
    system_stop_budget: float = _seconds(30.0, "how long the whole system may take to stop, before hosts are killed")

    # Accounts.
    dead_letter_buffer: int = _count(1_000, "letters", "latest dead letters that a host keeps to show", 0, 2**24)
    dead_letter_log_rate: float = _setting(
        10.0,
        Rule(
            "dead letters that a host logs, the rest are counted",
            "1/s",
            "a number per second from 0 to 1000000",
            float,
            lambda value: _number(float, 0, 1e6, value),
        ),
    )

    quarantine_bound: int = _count(1_000, "messages", "messages that one host keeps in quarantine", 1, 2**24)

    # Hosts and links. With more hosts than 64, the full mesh of links is what a system would spend its memory on.
    hosts: int | None = _optional_count("hosts", "hosts besides the driver; none = cores - 1, at least 2", 1, 64)
    spares: int | None = _optional_count(
        "processes", "warm spares that wait to take a lost host's seat; none = one per node", 0, 64
    )
    seat_losses: int = _count(
        5, "losses", "losses of a seat's host that are made good at once; 0 = none ever is", 0, 1000
    )
    seat_window: float = _seconds(60.0, "the time within which losses of one seat are counted together")

    # Who lives. A host acts until its lease has run out, and is declared dead only after that: lease < verdict is what
    # keeps two from acting for one seat, whatever the network does, as long as no clock is a tenth faster than another.
    renewal: float = _seconds(1.0, "pause between two renewals of a host with the directory", 0.05, 60.0)
    lease: float = _seconds(5.0, "how long a host may act after the last renewal that was answered", 0.2, 600.0)
    verdict: float = _seconds(8.0, "silence of a host after which it is declared dead", 0.3, 3600.0)
    isolation: float = _seconds(60.0, "how long a host waits without a lease before its process ends", 0.1)
    without_head: str = _choice(
        SUSPEND, (SUSPEND, CONTINUE), "what a host without a lease does; continue = act on, though another may act too"
    )
    stall_limit: float = _seconds(30.0, "how long a host's loop may hang in a handler before its process ends", 1.0)

    heartbeat: float = _seconds(1.0, "pause between two heartbeats on a link", 0.05, 60.0)
    connect_timeout: float = _seconds(5.0, "one attempt to connect to a host and to prove the secret", 0.05, 600.0)
    alert: float = _seconds(
        0.00005, "how long a host looks for more after traffic before it sleeps, 0 = never", 0.0, 0.01
    )
    link_buffer_bytes: int = _count(16 * MIB, "bytes", "unacknowledged messages that one link holds", 64 * KIB, 2**40)
    message_bytes: int = _count(128 * MIB, "bytes", "largest message that a link carries", 64 * KIB, 2**40)
    chunk_bytes: int = _count(256 * KIB, "bytes", "pieces in which a large message travels", 4 * KIB, 16 * MIB)
    # Measured one to one: below 16 MiB the socket is quicker than Ray's object store, above it is not.
    socket_payload_bytes: int = _count(16 * MIB, "bytes", "payload that goes through Ray's store", 64 * KIB, 2**40)

    # Watching over it.
    health_port: int | None = _optional_count("", "loopback port for liveness and readiness, 0 = any", 0, 65535)

    # Switches.
    copy_messages: bool = _flag(False, "copy messages between actors of one host too, as if they were sent away")  # noqa: FBT003
    log_level: str = _choice("WARNING", LEVELS, "lowest level that hosts started by the runtime log")

    origins: tuple[tuple[str, str], ...] = field(default=(), compare=False, repr=False)
    """Pairs of setting and source, for those that a source named."""

    def __post_init__(self) -> None:
        for name, rule in RULES.items():
            value = getattr(self, name)
            if not rule.allows(value):
                raise _impossible(name, value, self.origin(name))
            if isinstance(DEFAULTS[name], float):
                object.__setattr__(self, name, float(value))  # 5 and 5.0 are one value
        if self.chunk_bytes > self.link_buffer_bytes:
            raise SettingsError(
                f"chunk_bytes is {self.chunk_bytes} ({self.origin('chunk_bytes')}) and link_buffer_bytes is "
                f"{self.link_buffer_bytes} ({self.origin('link_buffer_bytes')}): a chunk must fit into the buffer."
            )
        if not 2 * self.renewal <= self.lease < self.verdict / CLOCK_DRIFT:
            raise SettingsError(
                f"renewal is {self.renewal:g} ({self.origin('renewal')}), lease {self.lease:g} "
                f"({self.origin('lease')}), verdict {self.verdict:g} ({self.origin('verdict')}): a lease must last two "
                f"renewals at least, and {CLOCK_DRIFT:g} leases less than a verdict, because clocks differ."
            )

    @classmethod
    def load(
        cls,
        arguments: Mapping[str, object] | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        file: str | os.PathLike[str] | None = None,
    ) -> "Settings":
        """Settings from all sources. `environ` is the process's environment unless given.

        Raises `SettingsError` for an unknown key, naming the nearest known one; for a value outside its range; and for
        a settings file that cannot be read. A value that a stronger source replaces is not looked at.
        """
        environ = os.environ if environ is None else environ
        file = file if file is not None else environ.get(FILE_VARIABLE)
        found: dict[str, tuple[object, str]] = {}
        if file is not None:
            found |= {key: (value, f"file {file}") for key, value in _read(file).items()}
        found |= {
            _name_of(variable): (text, f"environment variable {variable}")
            for variable, text in environ.items()
            if variable.startswith(PREFIX) and variable != FILE_VARIABLE
        }
        found |= {key: (value, "argument") for key, value in (arguments or {}).items()}
        values = {name: _value(name, value, origin) for name, (value, origin) in found.items()}
        return cls(**values, origins=tuple((name, origin) for name, (_, origin) in found.items()))

    def origin(self, name: str) -> str:
        """Where the value came from: `default`, `argument`, `environment variable X` or `file PATH`.

        Raises `SettingsError` when there is no such setting.
        """
        if name not in RULES:
            raise _unknown(name, "argument")
        source = dict(self.origins).get(name)
        if source is None:
            source = "default" if getattr(self, name) == DEFAULTS[name] else "argument"
        return source

    def describe(self) -> str:
        """A table for people: name, value, unit, origin and meaning, a line each, in the order of this class."""
        rows = [("setting", "value", "unit", "origin", "meaning")]
        for name, rule in RULES.items():
            value = getattr(self, name)
            shown = str(value).lower() if value is None or isinstance(value, bool) else str(value)
            rows.append((name, shown, rule.unit, self.origin(name), rule.meaning))
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        return "\n".join(
            "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]) for row in rows
        )

    def host_count(self, cores: int) -> int:
        """How many hosts to start besides the driver on a machine or cluster with so many cores."""
        return self.hosts if self.hosts is not None else min(max(2, cores - 1), 64)


RULES: Mapping[str, Rule] = {entry.name: entry.metadata["rule"] for entry in fields(Settings) if entry.metadata}
"""Every setting's rule, in the order of the class."""

DEFAULTS: Mapping[str, object] = {entry.name: entry.default for entry in fields(Settings) if entry.metadata}
"""Every setting's default."""


def _name_of(variable: str) -> str:
    name = variable.removeprefix(PREFIX)
    # Exactly one spelling: `UNDERSTUDY_ask_timeout` beside `UNDERSTUDY_ASK_TIMEOUT` would leave the winner to chance.
    if name.lower() not in RULES or name != name.upper():
        raise _unknown(name.lower(), f"environment variable {variable}")
    return name.lower()


def _value(name: str, value: object, origin: str) -> Any:
    rule = RULES.get(name)
    if rule is None:
        raise _unknown(name, origin)
    if origin.startswith("environment") and isinstance(value, str):
        try:
            return rule.parse(value)
        except (ValueError, KeyError):
            raise _impossible(name, value, origin) from None
    return value


def _read(file: str | os.PathLike[str]) -> dict[str, object]:
    try:
        return tomllib.loads(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"The settings file {file} cannot be read: {error.strerror}.") from error
    except ValueError as error:  # broken TOML, or no UTF-8
        raise SettingsError(f"The settings file {file} is not TOML: {error}.") from error


def _impossible(name: str, value: object, origin: str) -> SettingsError:
    return SettingsError(f"{name} is {value!r} ({origin}): it takes {RULES[name].takes}.")


def _unknown(name: str, origin: str) -> SettingsError:
    import difflib

    nearest = difflib.get_close_matches(name, list(RULES), n=1, cutoff=0.0)[0]
    if origin.startswith("environment"):
        nearest = PREFIX + nearest.upper()
    return SettingsError(f"There is no setting {name!r} ({origin}). The nearest is {nearest}.")
