#!/bin/sh
# find_browser.sh VENV: make sure that there is a Chromium for the browser tests, with Korean type.
set -eu
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
if ls "${PLAYWRIGHT_BROWSERS_PATH:-$HOME/.cache/ms-playwright}"/chromium-* >/dev/null 2>&1; then exit 0; fi
echo "== Browser for the tests"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    export DEBIAN_FRONTEND=noninteractive
    if apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk >build/apt.log 2>&1; then
        if command -v chromium >/dev/null 2>&1 && chromium --version >/dev/null 2>&1; then exit 0; fi
    fi
    echo "apt-get brought no working Chromium (build/apt.log); trying Playwright's own."
fi
"$1/bin/playwright" install chromium
