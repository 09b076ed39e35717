#!/bin/sh
# make_venv.sh FOLDER: create a virtual environment with the first Python that is 3.11 or newer and whole.
set -eu
for candidate in "${PYTHON3:-}" python3 python3.13 python3.12 python3.11 python3.14 python; do
    [ -n "$candidate" ] || continue
    "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    echo "== Virtual environment with $("$candidate" --version)"
    exec "$candidate" -m venv "$1"
done
echo "Daedap needs Python 3.11 or newer, with venv (on Debian and Ubuntu: the package python3-venv)." >&2
exit 1
