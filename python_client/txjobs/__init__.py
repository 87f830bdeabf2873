"""Background jobs in PostgreSQL, enqueued in your own transactions.

`Jobs` registers tasks, `Task.enqueue` enqueues them, `Worker` runs them, `Client` asks about them.
"""

from .app import Jobs
from .backoff import Backoff
from .batch import AsyncBatchTask, BatchItem, BatchTask, SyncBatchTask
from .client import AsyncClient, Client
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
    NotFound,
    NotInstalled,
    Reject,
    StaleClaim,
    TooLarge,
    TxjobsError,
    Undecodable,
    Unencodable,
    UnknownOutcome,
    WrongState,
)
from .info import EventInfo, JobInfo, ListedJob, QueueStats
from .outcomes import Complete, Discard, Outcome, Retry, Skip, Snooze
from .task import AsyncTask, Job, NewJob, SyncTask, Task
from .worker import State, Worker, WorkerStats

__all__ = [
    "Abort",
    "AsyncBatchTask",
    "AsyncClient",
    "AsyncTask",
    "Backoff",
    "BatchContext",
    "BatchItem",
    "BatchTask",
    "Cancelled",
    "Client",
    "Complete",
    "ConfigurationError",
    "Context",
    "Discard",
    "EngineError",
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
    "ListedJob",
    "NewJob",
    "NotFound",
    "NotInstalled",
    "Outcome",
    "QueueStats",
    "Reject",
    "Retry",
    "RunningJob",
    "Skip",
    "Snooze",
    "StaleClaim",
    "State",
    "SyncBatchTask",
    "SyncTask",
    "Task",
    "TooLarge",
    "TxjobsError",
    "Undecodable",
    "Unencodable",
    "UnknownOutcome",
    "Worker",
    "WorkerStats",
    "WrongState",
]
