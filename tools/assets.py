"""Copy the front-end files we serve from node_modules into the static files.

Run after `npm ci`: `python tools/assets.py`. Plain Python without dependencies, safe to run at any time, and done in
milliseconds when nothing changed. The result, src/daedap/core/static/vendor/, is not kept in git.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
ICON_NAMES = Path(__file__).with_name("icons.txt")
VENDOR = ROOT / "src" / "daedap" / "core" / "static" / "vendor"
STAMP = VENDOR / ".stamp"

FILES = {
    "@tabler/core/dist/css/tabler.min.css": "tabler.min.css",
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "pretendard/dist/web/variable/pretendardvariable-dynamic-subset.css": "pretendard/pretendard.css",
}
FONT_FOLDER = "pretendard/dist/web/variable/woff2-dynamic-subset"
LICENCES = {
    "@tabler/icons/LICENSE": "LICENSE.tabler-icons.txt",
    "htmx.org/LICENSE": "LICENSE.htmx.txt",
    "pretendard/dist/LICENSE.txt": "pretendard/LICENSE.txt",
}
SOURCE_MAP = re.compile(rb"\s*(/\*|//)# sourceMappingURL=\S+(\s*\*/)?\s*$")


def main() -> int:
    wanted = fingerprint()
    if STAMP.is_file() and STAMP.read_text(encoding="ascii") == wanted:
        return 0
    if missing := [name for name in (*FILES, FONT_FOLDER) if not (MODULES / name).exists()]:
        print(f"Run `npm ci` first: {', '.join(missing)} not found in {MODULES}.", file=sys.stderr)
        return 1
    fresh = VENDOR.with_name("vendor.new")
    shutil.rmtree(fresh, ignore_errors=True)
    build(fresh)
    (fresh / STAMP.name).write_text(wanted, encoding="ascii")
    shutil.rmtree(VENDOR, ignore_errors=True)
    fresh.rename(VENDOR)
    print(f"Front-end files are in {VENDOR.relative_to(ROOT)}.")
    return 0


def fingerprint() -> str:
    """Name the inputs: pinned packages, the list of icons, and this program."""
    digest = hashlib.sha256()
    for path in (ROOT / "package-lock.json", ICON_NAMES, Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def build(target: Path) -> None:
    for source, name in FILES.items():
        copy(MODULES / source, target / name)
    for source, name in LICENCES.items():
        if (MODULES / source).is_file():
            copy(MODULES / source, target / name)
    fonts = target / "pretendard" / "woff2-dynamic-subset"
    fonts.mkdir(parents=True)
    for font in sorted((MODULES / FONT_FOLDER).glob("*.woff2")):
        shutil.copyfile(font, fonts / font.name)
    (target / "icons.svg").write_text(sprite(), encoding="utf-8")


def copy(source: Path, target: Path) -> None:
    """Copy one file without its pointer to a source map, which we do not serve and static-file hashing would miss."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(SOURCE_MAP.sub(b"\n", source.read_bytes()))


def sprite() -> str:
    """Put the listed icons into one SVG file of symbols, to be shown by `<use href="…/icons.svg#name">`."""
    symbols = [symbol(line.strip()) for line in ICON_NAMES.read_text(encoding="utf-8").splitlines() if is_name(line)]
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def is_name(line: str) -> bool:
    return bool(line.strip()) and not line.startswith("#")


def symbol(entry: str) -> str:
    name, _, form = entry.partition(":")
    folder = form or "outline"
    source = (MODULES / "@tabler" / "icons" / "icons" / folder / f"{name}.svg").read_text(encoding="utf-8")
    body = re.sub(r"<!--.*?-->", "", source, flags=re.DOTALL)
    body = body[body.index(">", body.index("<svg")) + 1 : body.rindex("</svg>")]
    shapes = [line.strip() for line in body.splitlines() if line.strip() and 'd="M0 0h24v24H0z"' not in line]
    paint = (
        'fill="currentColor"'
        if form == "filled"
        else 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"'
    )
    identifier = f"{name}-filled" if form == "filled" else name
    return f'<symbol id="{identifier}" viewBox="0 0 24 24" {paint}>{"".join(shapes)}</symbol>'


if __name__ == "__main__":
    sys.exit(main())
