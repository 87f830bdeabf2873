"""The console script `txjobs`: see docs/cli.md."""

import importlib.util
import sys
from collections.abc import Sequence

__all__ = ["main"]

_NEEDS = ("typer", "rich")
_USAGE = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line, and returns its exit code.

    >>> main(["version", "--json"])
    {"txjobs":"0.1.0"}
    0
    """
    missing = [name for name in _NEEDS if importlib.util.find_spec(name) is None]
    if missing:
        needed = " and ".join(missing)
        print(
            f"txjobs: the command line needs {needed}: pip install 'txjobs[cli]'", file=sys.stderr
        )
        return _USAGE
    # Not at the top: the module above must say what to install.
    from ._cli_main import run

    return run(sys.argv[1:] if argv is None else argv)


if __name__ == "__main__":
    sys.exit(main())
