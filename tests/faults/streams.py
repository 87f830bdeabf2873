"""What a test of several sessions needs of the log: short ways to append, subscribe and tick."""

from typing import LiteralString

from faults.sessions import Session, column, value
from waiting import until

ISOLATIONS: list[LiteralString] = ["read committed", "repeatable read", "serializable"]


def append(session: Session, count: int = 1, *, of: str = "a", stream: str = "s-1") -> list[int]:
    """Append so many events of this type in one call; returns their positions."""
    return column(
        session,
        """select pos from jobs.append_events(
          %s, (select jsonb_agg(jsonb_build_object('type', %s::text)) from generate_series(1, %s)))
        order by ord""",
        stream,
        of,
        count,
    )


def delivered(session: Session, subscription: str = "index") -> list[int]:
    """The positions of the events that are jobs of the subscription, in the order of the jobs."""
    return column(
        session,
        """select (j.args #>> '{event,pos}')::bigint from jobs.job j
        where j.options #>> '{headers,subscription}' = %s order by j.id""",
        subscription,
    )


def is_filling(session: Session) -> bool:
    """Whether a subscription that is not paused may lack events that no append has served."""
    return bool(
        value(
            session,
            """select exists (
              select from jobs.subscription where backfill_pos is not null and not paused)""",
        )
    )


def settle(session: Session) -> None:
    """Tick until every subscription that is not paused is done with the past."""

    def tick() -> bool:
        session.execute("select jobs.tick()")
        return not is_filling(session)

    until(tick, "all subscriptions have caught up", seconds=20)
