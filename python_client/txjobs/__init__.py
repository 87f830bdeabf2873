"""Background jobs in PostgreSQL, enqueued in your own transactions.

`Jobs` registers tasks, `Task.enqueue` enqueues them, `Worker` runs them, `Client` asks about them.
"""

from ._reconcile import Change, reconcile
from .app import Jobs
from .backoff import Backoff
from .batch import AsyncBatchTask, BatchItem, BatchTask, SyncBatchTask
from .client import AsyncClient, Client
from .consumer import Consumer
from .context import BatchContext, Context, RunningJob
from .errors import (
    Abort,
    Cancelled,
    ConfigurationError,
    EngineError,
    InvalidArgument,
    JobCancelled,
    JobDiscarded,
    JobEnded,
    JobFailed,
    JobSkipped,
    KeyReused,
    NotFound,
    NotInstalled,
    PositionGone,
    Reject,
    StaleClaim,
    TooLarge,
    TxjobsError,
    Undecodable,
    UndecodableEvent,
    Unencodable,
    UnknownEventType,
    UnknownEventVersion,
    UnknownOutcome,
    UnreadableEvent,
    VersionConflict,
    WrongState,
)
from .event import Appended, Event, NewEvent
from .info import EventInfo, JobInfo, ListedJob, QueueStats
from .outcomes import Complete, Discard, Outcome, Retry, Skip, Snooze
from .subscription import Subscription
from .task import AsyncTask, Job, NewJob, SyncTask, Task
from .worker import State, Worker, WorkerStats

__all__ = [
    "Abort",
    "Appended",
    "AsyncBatchTask",
    "AsyncClient",
    "AsyncTask",
    "Backoff",
    "BatchContext",
    "BatchItem",
    "BatchTask",
    "Cancelled",
    "Change",
    "Client",
    "Complete",
    "ConfigurationError",
    "Consumer",
    "Context",
    "Discard",
    "EngineError",
    "Event",
    "EventInfo",
    "InvalidArgument",
    "Job",
    "JobCancelled",
    "JobDiscarded",
    "JobEnded",
    "JobFailed",
    "JobInfo",
    "JobSkipped",
    "Jobs",
    "KeyReused",
    "ListedJob",
    "NewEvent",
    "NewJob",
    "NotFound",
    "NotInstalled",
    "Outcome",
    "PositionGone",
    "QueueStats",
    "Reject",
    "Retry",
    "RunningJob",
    "Skip",
    "Snooze",
    "StaleClaim",
    "State",
    "Subscription",
    "SyncBatchTask",
    "SyncTask",
    "Task",
    "TooLarge",
    "TxjobsError",
    "Undecodable",
    "UndecodableEvent",
    "Unencodable",
    "UnknownEventType",
    "UnknownEventVersion",
    "UnknownOutcome",
    "UnreadableEvent",
    "VersionConflict",
    "Worker",
    "WorkerStats",
    "WrongState",
    "reconcile",
]
