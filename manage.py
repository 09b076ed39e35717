#!/usr/bin/env python
"""Django's management commands; the same as `daedap manage …`."""

import sys

from daedap.config.cli import main

if __name__ == "__main__":
    sys.exit(main(["manage", *sys.argv[1:]]))
