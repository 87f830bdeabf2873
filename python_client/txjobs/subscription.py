"""A subscription, as an application declares it: which events become jobs, and whose."""

from dataclasses import dataclass

from ._options import Seconds

__all__ = ["Subscription"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One declaration.

    Attributes:
        name: the subscription's, and the kind of its jobs
        types: names or patterns such as `order.*`
        category: only events of its streams; None for any
        queue: of the jobs; None for the kind's
        routing_key: of the jobs
        from_position: where a new one begins, as SQL takes it: `beginning`, `now` or a number
        delay: how long after its append an event's job may run
    """

    name: str
    types: tuple[str, ...] | None
    category: str | None
    queue: str | None
    routing_key: str | None
    from_position: str
    delay: Seconds | None
