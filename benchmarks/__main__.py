"""`python -m benchmarks`: measure, print a table, and with --json keep the figures."""

from __future__ import annotations

import argparse
import json
import sys

from benchmarks.watch import Watch


def main(argv: list[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    if options.quick:
        options.seconds, options.clients, options.tickets, options.rounds, options.entries = 1.0, 2, 200, 1, 10
    return Watch().over([sys.executable, "-m", "benchmarks.measure", json.dumps(vars(options))])


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


if __name__ == "__main__":
    sys.exit(main())
