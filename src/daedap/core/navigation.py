"""The staff shell's menus. Each app adds its own entries; the shell shows what the viewer may open.

Hiding an entry is a courtesy: every page checks its permission itself (spec 10, R7).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from django.http import HttpRequest
from django.utils.functional import Promise


@dataclass(frozen=True)
class Item:
    """One link of the rail."""

    label: str | Promise
    url: str
    icon: str = ""
    count: int | str | None = None
    current: bool = False


@dataclass(frozen=True)
class Section:
    """A titled group of links."""

    label: str | Promise
    items: list[Item] = field(default_factory=list)


@dataclass(frozen=True)
class Tab:
    """One tab of the top bar: a service, with the address of its picture if it has one; `off` says why it is grey."""

    label: str
    url: str
    current: bool = False
    image: str = ""
    off: str | Promise = ""


@dataclass(frozen=True)
class AccountLink:
    """One entry of the account menu."""

    label: str | Promise
    url: str
    method: str = "get"


@dataclass(frozen=True)
class Navigation:
    """Everything the staff layout draws around a page."""

    tabs: list[Tab]
    sections: list[Section]
    account: list[AccountLink]
    title: str = ""


SectionBuilder = Callable[[HttpRequest], Section | None]
TabBuilder = Callable[[HttpRequest], list[Tab]]
AccountBuilder = Callable[[HttpRequest], list[AccountLink]]

_sections: list[tuple[int, SectionBuilder]] = []
_tabs: list[TabBuilder] = []
_account: list[tuple[int, AccountBuilder]] = []


def add_section(builder: SectionBuilder, *, order: int) -> None:
    """Have `builder` contribute a section to the rail. Called in `AppConfig.ready`."""
    _sections.append((order, builder))
    _sections.sort(key=lambda pair: pair[0])


def add_tabs(builder: TabBuilder) -> None:
    """Have `builder` contribute tabs to the top bar."""
    _tabs.append(builder)


def add_account_links(builder: AccountBuilder, *, order: int) -> None:
    """Have `builder` contribute entries to the account menu."""
    _account.append((order, builder))
    _account.sort(key=lambda pair: pair[0])


def build(request: HttpRequest) -> Navigation:
    """Return the menus for this request's viewer; sections of several apps with one label become one."""
    made: dict[str, Section] = {}
    for _, builder in _sections:
        section = builder(request)
        if section is not None and section.items:
            made.setdefault(str(section.label), Section(section.label)).items.extend(section.items)
    return Navigation(
        tabs=[tab for builder in _tabs for tab in builder(request)],
        sections=list(made.values()),
        account=[link for _, builder in _account for link in builder(request)],
        title=getattr(getattr(request, "organization", None), "name", ""),
    )


def is_current(request: HttpRequest, url: str) -> bool:
    """Whether `url` is the page being shown or the folder it lies in."""
    return request.path == url or (url.count("/") > 2 and request.path.startswith(url))
