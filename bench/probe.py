"""What one claim costs inside the server, by EXPLAIN: milliseconds and buffers; rolled back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.servers import Server, fetch


@dataclass(frozen=True)
class Cost:
    """Of one call."""

    milliseconds: float
    buffers: float


def cost(server: Server, database: str, query: str, times: int = 5) -> Cost:
    """The median of several calls, each rolled back, on a session that has called it before."""
    found: list[Cost] = []
    with server.connect(database) as connection:
        for _ in range(times + 2):
            with connection.transaction(force_rollback=True):
                answer: Any = fetch(
                    connection, f"explain (analyze, buffers, timing off, format json) {query}"
                )[0][0]
            parsed = json.loads(answer) if isinstance(answer, str) else answer
            plan = parsed[0]["Plan"]
            buffers = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
            found.append(Cost(parsed[0]["Execution Time"], buffers))
    # The first calls also read the catalog and plan.
    settled = found[2:]
    return Cost(median(c.milliseconds for c in settled), median(c.buffers for c in settled))
