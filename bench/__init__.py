"""The benchmark of txjobs: `python -m bench` prints one table, measured beside its budgets."""
