"""`python -m daedap.config.tether script.py`: run a script that ends when its parent does.

The parent holds the other end of our standard input. When it ends, by whatever cause, the system closes the pipe.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading


def end_with_parent() -> None:
    """End this process as soon as its parent, which holds the other end of standard input, is gone."""
    threading.Thread(target=_wait_and_end, daemon=True).start()


def _wait_and_end() -> None:
    while os.read(0, 1024):  # not sys.stdin: its lock would still be held when the interpreter ends
        pass
    os._exit(0)


if __name__ == "__main__":
    end_with_parent()
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")
