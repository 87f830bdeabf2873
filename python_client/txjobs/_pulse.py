"""Signs of life: that the event loop turns, and that the database answers."""

from time import monotonic

__all__ = ["Pulse"]


class Pulse:
    """When each was last seen; read from any thread."""

    def __init__(self) -> None:
        self.turned_at = self.reached_at = monotonic()

    def turned(self) -> None:
        """The event loop has come round."""
        self.turned_at = monotonic()

    def reached(self) -> None:
        """The database has answered."""
        self.reached_at = monotonic()
