"""Extract, check and compile the translations. Needs Babel only, no gettext program.

    tools/messages.py update [app ...]   bring src/daedap/<app>/locale/ko/LC_MESSAGES/django.po up to date
    tools/messages.py check [app ...]    fail on drift, on untranslated or fuzzy texts and on wrong placeholders
    tools/messages.py compile [app ...]  write the .mo files that Django reads

`update` keeps every translation whose English text is still there, and fills a new text from another app that has
translated the same words. Django merges all catalogues into one, so `check` refuses two translations of one text.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "daedap"
LOCALE = "ko"
HEADER = """\
# Korean texts of daedap.{app}. Brought up to date by `tools/messages.py update {app}`.
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Language: ko\\n"
"MIME-Version: 1.0\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

"""
KEYWORDS = DEFAULT_KEYWORDS | {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
TEMPLATE_OPTIONS = {
    "trimmed": "true",
    "silent": "false",
    "newstyle_gettext": "true",
    "extensions": "jinja2.ext.do,jinja2.ext.loopcontrols",
}
PLACEHOLDER = re.compile(r"%\(\w+\)[#0\- +]*[\d.]*[a-zA-Z]|\{\w*\}|<[^<>]+>")

Key = tuple[str | None, str]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["update", "check", "compile"])
    parser.add_argument("app", nargs="*")
    options = parser.parse_args()
    apps = options.app or sorted(path.parent.name for path in PACKAGE.glob("*/apps.py"))
    if unknown := [app for app in apps if not (PACKAGE / app).is_dir()]:
        parser.error(f"no such app: {', '.join(unknown)}")
    return {"update": update, "check": check, "compile": compile_all}[options.command](apps)


def update(apps: list[str]) -> int:
    known = {key: message for app in _all_apps() for key, message in _translated(load(app))}
    for app in apps:
        was, now = load(app), extract_app(app)
        for message in now:
            if not message.id:
                continue
            old = was.get(message.id, message.context)
            source = old if old is not None and is_complete(old) else known.get(key_of(message))
            if source is not None and isinstance(source.id, tuple) == isinstance(message.id, tuple):
                message.string = source.string
            if old is not None:
                message.user_comments = old.user_comments
                message.flags |= old.flags & {"fuzzy"}
        if len(now) or path_of(app).exists():
            write(app, now)
        missing = sum(1 for message in now if message.id and not is_complete(message))
        if len(now):
            print(f"{app}: {len(now)} texts, {missing} without translation")
    return 0


def check(apps: list[str]) -> int:
    problems = [problem for app in apps for problem in problems_of(app)]
    problems += conflicts()
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        print(f"{len(problems)} problems. `tools/messages.py update` adds and removes texts.", file=sys.stderr)
    return 1 if problems else 0


def problems_of(app: str) -> Iterator[str]:
    have, want = load(app), extract_app(app)
    kept, found = {key_of(message) for message in have if message.id}, {key_of(m) for m in want if m.id}
    for _, text in sorted(found - kept, key=str):
        yield f"{app}: not in the catalogue: {text!r}"
    for _, text in sorted(kept - found, key=str):
        yield f"{app}: no longer used: {text!r}"
    for message in have:
        if not message.id:
            continue
        if message.fuzzy:
            yield f"{app}: fuzzy: {message.id!r}"
        if not is_complete(message):
            yield f"{app}: untranslated: {message.id!r}"
        elif wrong := wrong_placeholders(message):
            yield f"{app}: placeholders or tags differ ({', '.join(sorted(wrong))}): {message.id!r}"


def conflicts() -> Iterator[str]:
    """Yield each text that two apps translate differently: only one of them would be seen."""
    first: dict[Key, tuple[str, Message]] = {}
    for app in _all_apps():
        for key, message in _translated(load(app)):
            other, seen = first.setdefault(key, (app, message))
            if seen.string != message.string:
                yield f"{app}: {message.id!r} is {message.string!r} here and {seen.string!r} in {other} (use pgettext)"


def compile_all(apps: list[str]) -> int:
    for app in apps:
        path = path_of(app)
        if path.exists():
            buffer = io.BytesIO()
            write_mo(buffer, load(app))
            path.with_suffix(".mo").write_bytes(buffer.getvalue())
    return 0


def extract_app(app: str) -> Catalog:
    catalog = Catalog(locale=LOCALE)
    folder = PACKAGE / app
    for path, method, options in _sources(folder):
        with path.open("rb") as file:
            for _line, texts, comments, context in extract(
                method, file, keywords=KEYWORDS, comment_tags=["Translators:"], options=options, strip_comment_tags=True
            ):
                where = path.relative_to(folder).as_posix()
                catalog.add(texts, None, [(where, 0)], auto_comments=comments, context=context)
    return catalog


def _sources(folder: Path) -> Iterator[tuple[Path, object, dict[str, str]]]:
    for path in sorted(folder.rglob("*.py")):
        if not {"tests", "migrations"} & set(path.relative_to(folder).parts):
            yield path, "python", {}
    for path in sorted((folder / "templates").rglob("*")):
        if path.suffix in {".html", ".txt", ".xml"}:
            yield path, babel_extract, TEMPLATE_OPTIONS


def load(app: str) -> Catalog:
    path = path_of(app)
    if not path.exists():
        return Catalog(locale=LOCALE)
    with path.open("rb") as file:
        return read_po(file, locale=LOCALE)


def write(app: str, catalog: Catalog) -> None:
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=0, omit_header=True, sort_output=True, ignore_obsolete=True, include_lineno=False)
    path = path_of(app)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = (HEADER.format(app=app) + buffer.getvalue().decode()).rstrip("\n") + "\n"
    path.write_text(text, encoding="utf-8")


def path_of(app: str) -> Path:
    return PACKAGE / app / "locale" / LOCALE / "LC_MESSAGES" / "django.po"


def key_of(message: Message) -> Key:
    return message.context, message.id[0] if isinstance(message.id, tuple) else message.id


def is_complete(message: Message) -> bool:
    return all(message.string) if isinstance(message.string, tuple) else bool(message.string)


def wrong_placeholders(message: Message) -> set[str]:
    """Return the placeholders and tags that are only on one side. A plural may drop one ("one file")."""
    wanted = set(PLACEHOLDER.findall(" ".join(_texts(message.id))))
    return {odd for text in _texts(message.string) for odd in wanted ^ set(PLACEHOLDER.findall(text))}


def _texts(value: str | Iterable[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _translated(catalog: Catalog) -> Iterator[tuple[Key, Message]]:
    return ((key_of(message), message) for message in catalog if message.id and is_complete(message))


def _all_apps() -> list[str]:
    return sorted(path.name for path in PACKAGE.iterdir() if path_of(path.name).exists())


if __name__ == "__main__":
    sys.exit(main())
