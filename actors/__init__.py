"""Understudy: supervised actors with mailboxes, for Python, on Ray. This is the only door.

`import actors` loads neither Ray nor pydantic; a backend is loaded when a system is opened on it.
"""

from actors.actor import Actor
from actors.address import Address
from actors.blocking import Blocking, BlockingSystem, blocking
from actors.cells.context import Context
from actors.cells.observer import Telemetry
from actors.cells.reply import Reply
from actors.cells.spawner import Spawner
from actors.cells.terminated import ReceiveTimeout, Terminated
from actors.errors import (
    AskError,
    Cancelled,
    Deadlock,
    Expired,
    Failed,
    Fenced,
    LinkRefused,
    MailboxFull,
    NameTaken,
    NoContext,
    NotHandled,
    NotRunning,
    SettingsError,
    SpawnFailed,
    StashFull,
    Stopped,
    SystemClosed,
    TimedOut,
    TooManyWatches,
    UnderstudyError,
    Unplaceable,
    Unreachable,
    Unsendable,
)
from actors.instrument import (
    Delivered,
    Event,
    Happening,
    Instrument,
    Observation,
    Opening,
    Operation,
    Place,
    Role,
    Subject,
    Verb,
)
from actors.mail.dead_letters import DeadLetter, Reason
from actors.mail.mailbox import MailboxOptions, Overflow
from actors.messages.call import Call, call
from actors.messages.message import Asks, AsksStream, Message, Request, Streams
from actors.messages.priority import Priority
from actors.messages.receive import receive
from actors.placement import Placement, anywhere, dedicated, here, near, on_node, spread
from actors.ref import Ref
from actors.settings import Settings
from actors.stats import HostStats
from actors.supervising.signals import EndReason, StopReport
from actors.supervising.supervision import Backoff, Directive, Supervision
from actors.system import System

__all__ = [
    "Actor",
    "Address",
    "AskError",
    "Asks",
    "AsksStream",
    "Backoff",
    "Blocking",
    "BlockingSystem",
    "Call",
    "Cancelled",
    "Context",
    "DeadLetter",
    "Deadlock",
    "Delivered",
    "Directive",
    "EndReason",
    "Event",
    "Expired",
    "Failed",
    "Fenced",
    "Happening",
    "HostStats",
    "Instrument",
    "LinkRefused",
    "MailboxFull",
    "MailboxOptions",
    "Message",
    "NameTaken",
    "NoContext",
    "NotHandled",
    "NotRunning",
    "Observation",
    "Opening",
    "Operation",
    "Overflow",
    "Place",
    "Placement",
    "Priority",
    "Reason",
    "ReceiveTimeout",
    "Ref",
    "Reply",
    "Request",
    "Role",
    "Settings",
    "SettingsError",
    "SpawnFailed",
    "Spawner",
    "StashFull",
    "StopReport",
    "Stopped",
    "Streams",
    "Subject",
    "Supervision",
    "System",
    "SystemClosed",
    "Telemetry",
    "Terminated",
    "TimedOut",
    "TooManyWatches",
    "UnderstudyError",
    "Unplaceable",
    "Unreachable",
    "Unsendable",
    "Verb",
    "anywhere",
    "blocking",
    "call",
    "dedicated",
    "here",
    "near",
    "on_node",
    "receive",
    "spread",
]
