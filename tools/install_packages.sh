#!/bin/sh
# install_packages.sh VENV LOCKFILE: install what the lock file names, hashes checked.
set -eu
python="$1/bin/python"
lock="$2"
uv_lock="build/uv.txt"
if ! "$1/bin/uv" --version >/dev/null 2>&1; then
    # uv is in the lock file too; take its entry, hashes and all.
    sed -n '/^uv==/,/[^\\]$/p' "$lock" >"$uv_lock"
    "$python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$uv_lock"
fi
if "$1/bin/uv" pip install --quiet --require-hashes --python "$python" -r "$lock" 2>build/uv.log; then
    exit 0
fi
echo "uv could not install the packages (build/uv.log); trying pip."
"$python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
