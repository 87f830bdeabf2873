"""The settings of queues and kinds, spelled once: for the clients and the command line.

A new setting is one line: the name of the argument of `jobs.configure_queue` or
`jobs.configure_kind`, its type, and a word for `--help`.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypedDict

from ._options import Seconds
from .backoff import Backoff

__all__ = ["KindSettings", "QueueSettings"]

BackoffSetting = Backoff | Mapping[str, Any]


class QueueSettings(TypedDict, total=False):
    """What `configure_queue` may be told of a queue; durations in seconds."""

    max_attempts: Annotated[int, "How often the handler of a job is started at most."]
    backoff: Annotated[BackoffSetting, "The delays between attempts."]
    lease: Annotated[Seconds, "How long a claim lasts unless renewed."]
    timeout: Annotated[Seconds, "How long one attempt may take."]
    max_pending: Annotated[int, "How many jobs at most have not ended."]
    overflow: Annotated[Literal["error", "drop"], "What happens to jobs beyond it: error, or drop."]
    strict_kinds: Annotated[bool, "Whether jobs of unknown kinds are refused."]
    ageing: Annotated[int, "How many newer blocks overtake a job, for each step of priority."]
    max_running: Annotated[int, "How many of its jobs may run at a time."]
    rate: Annotated[float, "How many jobs may start a second, in the long run."]
    burst: Annotated[int, "How many may start at once; by default, the rate rounded up."]
    max_running_per_key: Annotated[int, "How many jobs of one concurrency key may run at a time."]
    rate_per_key: Annotated[float, "How many jobs of one concurrency key may start a second."]
    burst_per_key: Annotated[int, "How many jobs of one concurrency key may start at once."]
    keep: Annotated[Seconds, "How long ended jobs are kept, but for dead ones."]
    keep_completed: Annotated[Seconds, "How long completed jobs are kept, if not as long."]
    keep_cancelled: Annotated[Seconds, "How long cancelled jobs are kept, if not as long."]
    keep_skipped: Annotated[Seconds, "How long skipped jobs are kept, if not as long."]
    keep_discarded: Annotated[Seconds, "How long discarded jobs are kept, if not as long."]
    keep_dead: Annotated[Seconds, "How long dead jobs are kept."]
    keep_results: Annotated[Seconds, "How long results are kept, if not as long as their jobs."]


class KindSettings(TypedDict, total=False):
    """What `configure_kind` may be told of a kind; durations in seconds."""

    queue: Annotated[str, "Where its jobs go unless they say so themselves."]
    max_attempts: Annotated[int, "How often the handler of a job is started at most."]
    backoff: Annotated[BackoffSetting, "The delays between attempts."]
    lease: Annotated[Seconds, "How long a claim lasts unless renewed."]
    timeout: Annotated[Seconds, "How long one attempt may take."]
    max_claims: Annotated[int, "How many claims one round of attempts may cost."]
    charge_lost: Annotated[bool, "Whether a lost lease costs an attempt."]
    on_dead: Annotated[str, "The kind that is enqueued for each job that dies."]
    on_dead_policy: Annotated[
        Literal["none", "pause_queue", "pause_kind", "cancel_batch"], "What a death does besides."
    ]
    required_args: Annotated[Sequence[str], "A key that the arguments of its jobs must have."]
    arg_types: Annotated[Mapping[str, str | Sequence[str]], "Types of keys of its arguments."]
    max_running: Annotated[int, "How many of its jobs may run at a time."]
    rate: Annotated[float, "How many jobs may start a second, in the long run."]
    burst: Annotated[int, "How many may start at once; by default, the rate rounded up."]
    alias_of: Annotated[str, "Its new name: its jobs are of that kind."]
