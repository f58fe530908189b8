"""Understudy: supervised actors with mailboxes, for Python, on Ray. This is the only door.

`import actors` loads neither Ray nor pydantic; a backend is loaded when a system is opened on it.
"""

from actors.actor import Actor
from actors.blocking import Blocking, BlockingSystem, blocking
from actors.cells.context import Context
from actors.cells.reply import Reply
from actors.cells.spawner import Spawner
from actors.cells.terminated import ReceiveTimeout, Terminated
from actors.errors import (
    AskError,
    Cancelled,
    ChildLost,
    Deadlock,
    Expired,
    Failed,
    Fenced,
    LinkedExit,
    LinkRefused,
    MailboxFull,
    NameTaken,
    NoContext,
    NotHandled,
    NotRunning,
    Overloaded,
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
from actors.mail.dead_letters import DeadLetter, HostLost, Reason
from actors.mail.mailbox import MailboxOptions, Overflow
from actors.mail.on_failure import Retry, retry
from actors.mail.quarantine import Quarantined
from actors.mail.shedding import Shedding
from actors.messages.call import Call, call
from actors.messages.message import Asks, AsksStream, Message, Request, Streams
from actors.messages.priority import Priority
from actors.messages.receive import receive
from actors.placement import Placement, anywhere, dedicated, here, near, on_node, spread
from actors.ref import Ref
from actors.settings import Settings
from actors.supervising.signals import EndReason, StopReport
from actors.supervising.supervision import Backoff, Directive, Restart, Shutdown, Strategy, Supervision
from actors.system import System

__all__ = [
    "Actor",
    "AskError",
    "Asks",
    "AsksStream",
    "Backoff",
    "Blocking",
    "BlockingSystem",
    "Call",
    "Cancelled",
    "ChildLost",
    "Context",
    "DeadLetter",
    "Deadlock",
    "Directive",
    "EndReason",
    "Expired",
    "Failed",
    "Fenced",
    "HostLost",
    "LinkRefused",
    "LinkedExit",
    "MailboxFull",
    "MailboxOptions",
    "Message",
    "NameTaken",
    "NoContext",
    "NotHandled",
    "NotRunning",
    "Overflow",
    "Overloaded",
    "Placement",
    "Priority",
    "Quarantined",
    "Reason",
    "ReceiveTimeout",
    "Ref",
    "Reply",
    "Request",
    "Restart",
    "Retry",
    "Settings",
    "SettingsError",
    "Shedding",
    "Shutdown",
    "SpawnFailed",
    "Spawner",
    "StashFull",
    "StopReport",
    "Stopped",
    "Strategy",
    "Streams",
    "Supervision",
    "System",
    "SystemClosed",
    "Terminated",
    "TimedOut",
    "TooManyWatches",
    "UnderstudyError",
    "Unplaceable",
    "Unreachable",
    "Unsendable",
    "anywhere",
    "blocking",
    "call",
    "dedicated",
    "here",
    "near",
    "on_node",
    "receive",
    "retry",
    "spread",
]
