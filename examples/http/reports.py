"""What is done in the background: a customer's report is built, step by step."""

from dataclasses import dataclass

from txjobs import Backoff, Context, Jobs

app = Jobs()

TABLES = """
create table if not exists sale (customer text not null, cents int not null);
create table if not exists report (
  id bigint generated always as identity primary key,
  customer text not null,
  asked_at timestamptz not null default now(),
  total int
);
"""


@dataclass(frozen=True)
class Report:
    """What a finished report says."""

    report: int
    customer: str
    total: int


class NoSales(Exception):
    """There is nothing to report yet."""


@app.task(queue="reports", retry=Backoff(max_attempts=3, strategy="constant", base=0.2), timeout=60)
async def build_report(ctx: Context, report: int, customer: str) -> Report:
    async with ctx.transaction() as conn:  # the total and the job's completion: one commit
        found = await conn.execute("select sum(cents) from sale where customer = %s", (customer,))
        row = await found.fetchone()
        if row is None or row[0] is None:
            raise NoSales(f"{customer} has bought nothing")
        await conn.execute("update report set total = %s where id = %s", (row[0], report))
        return Report(report, customer, row[0])
