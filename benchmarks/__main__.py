"""`python -m benchmarks`: measure, print a table, and with --json keep the figures."""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import NoReturn

from benchmarks.report import Report, table
from benchmarks.stack import BenchError, own_folder


def main(argv: list[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, _end)
    begun = time.monotonic()
    try:
        with own_folder() as home:
            report = _measure(home, options)
    except BenchError as error:
        sys.stderr.write(f"bench: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    report.facts["seconds"] = round(time.monotonic() - begun)
    print(table(report))
    if options.json:
        Path(options.json).write_text(json.dumps(report.as_dict(), ensure_ascii=False, indent=2) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure Daedap beside its database.")
    parser.add_argument("--seconds", type=float, default=10, help="how long each page and each script is run")
    parser.add_argument("--clients", type=int, default=8, help="connections that ask at the same time")
    parser.add_argument("--tickets", type=int, default=10_000, help="tickets of the shop, and of its neighbour")
    parser.add_argument("--rounds", type=int, default=2, help="turns that the application and pgbench take")
    parser.add_argument("--entries", type=int, default=300, help="token entries in flight; 0 leaves them out")
    parser.add_argument("--quick", action="store_true", help="tiny numbers: shows that it works, measures nothing")
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    return parser


def _measure(home: Path, options: argparse.Namespace) -> Report:
    if options.quick:
        options.seconds, options.clients, options.tickets, options.rounds, options.entries = 1.0, 2, 200, 1, 10

    # The settings are read when Django is set up, so everything that needs them is imported after own_folder().
    import django

    django.setup()
    logging.disable(logging.INFO)  # of the requests in this process; the server keeps its log
    from benchmarks.run import Run

    with contextlib.ExitStack() as stack:
        return Run(home, options, stack, say=_say)()


def _say(text: str) -> None:
    sys.stderr.write(f"== {text}\n")
    sys.stderr.flush()


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
