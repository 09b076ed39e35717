"""The process that `benchmarks.watch` watches over: it measures, prints a table, and keeps the figures.

It stops nothing that it starts; the watch does. `python -m benchmarks.measure '{"seconds": 10, …}'`
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
from pathlib import Path

import django

from benchmarks.report import table
from benchmarks.stack import BenchError


def main() -> int:
    options = argparse.Namespace(**json.loads(sys.argv[1]))
    begun = time.monotonic()
    django.setup()
    logging.disable(logging.INFO)  # of the requests in this process; the server keeps its log
    from benchmarks.run import Run  # needs Django

    try:
        report = Run(Path(os.environ["DAEDAP_HOME"]), options, say=_say)()
    except BenchError as error:
        sys.stderr.write(f"bench: {error}\n")
        return 1
    report.facts["seconds"] = round(time.monotonic() - begun)
    print(table(report))
    if options.json:
        Path(options.json).write_text(json.dumps(report.as_dict(), ensure_ascii=False, indent=2) + "\n")
    return 0


def _say(text: str) -> None:
    sys.stderr.write(f"== {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
