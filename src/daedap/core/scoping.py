"""Tenant rows are reached through managers that refuse to guess.

Every tenant-owned row carries `organization_id`, service-owned rows also `service_id`. Which rows code may see is said
once, by opening a scope; a read outside an open scope raises. Middleware, jobs and commands open scopes, nobody else.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

from django.db import models

T = TypeVar("T", bound=models.Model)


class ScopeMissing(RuntimeError):
    """Tenant rows were read without an open scope. A programming error, never shown to anyone."""


@dataclass(frozen=True)
class Scope:
    """The tenant whose rows are open, and the service if one is."""

    organization_id: int
    service_id: int | None = None


_current: ContextVar[Scope | None] = ContextVar("daedap_scope", default=None)


def current_scope() -> Scope | None:
    """Return the open scope, or None."""
    return _current.get()


def open_scope() -> Scope:
    """Return the open scope; raise ScopeMissing if there is none. For SQL written by hand, which no manager guards."""
    scope = _current.get()
    if scope is None:
        raise ScopeMissing("Tenant rows were read outside organization_scope().")
    return scope


@contextmanager
def _open(scope: Scope | None) -> Iterator[None]:
    token = _current.set(scope)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def organization_scope(organization_id: int) -> Iterator[None]:
    """Open the rows of one organization, and of no other, to the code inside the block."""
    with _open(Scope(organization_id)):
        yield


@contextmanager
def service_scope(organization_id: int, service_id: int) -> Iterator[None]:
    """Open the rows of one service, and those of its organization that belong to no service."""
    with _open(Scope(organization_id, service_id)):
        yield


@contextmanager
def no_scope() -> Iterator[None]:
    """Close whatever scope is open, for code that must not see any tenant."""
    with _open(None):
        yield


class OrganizationManager(models.Manager[T]):
    """Rows of the organization whose scope is open."""

    use_in_migrations = False

    def get_queryset(self) -> models.QuerySet[T]:
        scope = _current.get()
        if scope is None:
            raise ScopeMissing(f"{self.model.__name__} was read outside organization_scope().")
        return super().get_queryset().filter(organization_id=scope.organization_id)


class ServiceManager(models.Manager[T]):
    """Rows of the service whose scope is open."""

    use_in_migrations = False

    def get_queryset(self) -> models.QuerySet[T]:
        scope = _current.get()
        if scope is None or scope.service_id is None:
            raise ScopeMissing(f"{self.model.__name__} was read outside service_scope().")
        return super().get_queryset().filter(service_id=scope.service_id)
