"""How many positions a consumer asks for next: after a failure, fewer and fewer."""

__all__ = ["Window"]


class Window:
    """Finds the event that fails with few tries, and applies everything before it.

    A batch that failed is tried again in halves, until what fails stands alone. Once the whole of
    it has been applied, batches grow back to their full size.
    """

    def __init__(self, batch: int) -> None:
        self._batch = batch
        self._suspect = 0  # so many of the next positions hold one that fails, by what is known
        self.size = batch

    def succeeded(self, positions: int) -> None:
        """So many were applied."""
        self._suspect = max(0, self._suspect - positions)
        if self._suspect:
            self.size = (self._suspect + 1) // 2
        else:
            self.size = min(self._batch, max(self.size, positions) * 2)

    def failed(self, positions: int, good: int = 0) -> bool:
        """So many failed; the first `good` of them would not have. Whether fewer may do better."""
        self._suspect = positions
        self.size = good or (positions + 1) // 2
        return positions > 1
