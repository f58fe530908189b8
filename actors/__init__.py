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
    OUTCOMES,
    Ambiguous,
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
    NobodyWakes,
    NoContext,
    NotDeterministic,
    NotHandled,
    NotRunning,
    OutOfTime,
    Overloaded,
    SeatRefused,
    SettingsError,
    SpawnFailed,
    StashFull,
    Stopped,
    SystemClosed,
    TimedOut,
    TooManyKeys,
    TooManyWatches,
    UnderstudyError,
    Unplaceable,
    Unreachable,
    Unsendable,
)
from actors.health.report import Health, HostHealth
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
from actors.mail.dead_letters import DeadLetter, HostLost, Reason
from actors.mail.mailbox import MailboxOptions, Overflow
from actors.mail.on_failure import Retry, retry
from actors.mail.quarantine import Quarantined
from actors.mail.shedding import Shedding
from actors.messages.call import Call, call
from actors.messages.message import Asks, AsksStream, Message, Request, Streams
from actors.messages.priority import Priority
from actors.messages.receive import receive
from actors.messages.sensitive import Sensitive, scrubbed
from actors.operations.blocking_operations import BlockingOperations
from actors.operations.operations import Operations
from actors.operations.reports import (
    ActorReport,
    ActorState,
    ActorTree,
    Diagnosis,
    HostReport,
    Inspection,
    Traced,
)
from actors.placement import Placement, anywhere, dedicated, here, near, on_node, spread
from actors.reception.group import Group
from actors.reception.listing import Listing
from actors.reception.receptionist import Receptionist
from actors.reception.service_key import ServiceKey
from actors.ref import Ref
from actors.settings import Settings
from actors.stats import HostStats
from actors.supervising.signals import EndReason, StopReport
from actors.supervising.supervision import Backoff, Directive, Restart, Shutdown, Strategy, Supervision
from actors.system import System

__all__ = [
    "OUTCOMES",
    "Actor",
    "ActorReport",
    "ActorState",
    "ActorTree",
    "Address",
    "Ambiguous",
    "AskError",
    "Asks",
    "AsksStream",
    "Backoff",
    "Blocking",
    "BlockingOperations",
    "BlockingSystem",
    "Call",
    "Cancelled",
    "ChildLost",
    "Context",
    "DeadLetter",
    "Deadlock",
    "Delivered",
    "Diagnosis",
    "Directive",
    "EndReason",
    "Event",
    "Expired",
    "Failed",
    "Fenced",
    "Group",
    "Happening",
    "Health",
    "HostHealth",
    "HostLost",
    "HostReport",
    "HostStats",
    "Inspection",
    "Instrument",
    "LinkRefused",
    "LinkedExit",
    "Listing",
    "MailboxFull",
    "MailboxOptions",
    "Message",
    "NameTaken",
    "NoContext",
    "NobodyWakes",
    "NotDeterministic",
    "NotHandled",
    "NotRunning",
    "Observation",
    "Opening",
    "Operation",
    "Operations",
    "OutOfTime",
    "Overflow",
    "Overloaded",
    "Place",
    "Placement",
    "Priority",
    "Quarantined",
    "Reason",
    "ReceiveTimeout",
    "Receptionist",
    "Ref",
    "Reply",
    "Request",
    "Restart",
    "Retry",
    "Role",
    "SeatRefused",
    "Sensitive",
    "ServiceKey",
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
    "Subject",
    "Supervision",
    "System",
    "SystemClosed",
    "Telemetry",
    "Terminated",
    "TimedOut",
    "TooManyKeys",
    "TooManyWatches",
    "Traced",
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
    "retry",
    "scrubbed",
    "spread",
]
