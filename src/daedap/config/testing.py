"""The pytest plugin that gives a run its own database, named by `addopts` in pyproject.toml.

pytest-django loads the settings before any conftest.py is read, so the environment is prepared when this module is
imported: an address is known before the server runs. The server is started when pytest is configured, shared with the
workers of xdist through the environment, and stopped and deleted at the end. DATABASE_URL, if set, is used instead.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

import psutil
import pytest

from daedap.config.embedded import EmbeddedPostgres, database_url

PREFIX = "daedap-test-"
_RUN = "_DAEDAP_TEST_RUN"  # set in the workers of a run that is already prepared


def _prepare_environment() -> EmbeddedPostgres | None:
    """Point the settings at a folder and a server of our own; return the server if this process is to run it."""
    if _RUN in os.environ:
        return None
    for name in [name for name in os.environ if name.startswith("DAEDAP_")]:
        del os.environ[name]
    home = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-")).resolve()
    os.environ |= {_RUN: str(home), "DAEDAP_HOME": str(home), "DAEDAP_SECRET_KEY": "only-for-tests-" + "x" * 40}
    if os.environ.get("DATABASE_URL"):
        return None
    os.environ["DATABASE_URL"] = database_url(home)
    return EmbeddedPostgres(home, durable=False)


_is_controller = _RUN not in os.environ
_server = _prepare_environment()
_home = Path(os.environ[_RUN])


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    _settle_settings()
    if _server is not None:
        _sweep()
        _server.start()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    if _server is not None:
        _server.stop()
    if _is_controller:
        shutil.rmtree(_home, ignore_errors=True)


def _settle_settings() -> None:
    """What differs from a real start: static files need no build, and passwords are hashed cheaply."""
    from django.conf import settings
    from django.contrib.auth.hashers import Argon2PasswordHasher

    settings.STATIC_ROOT = _home / "static"
    settings.STATIC_ROOT.mkdir(exist_ok=True)
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    Argon2PasswordHasher.time_cost, Argon2PasswordHasher.memory_cost, Argon2PasswordHasher.parallelism = 1, 8, 1


def _sweep() -> None:
    """Remove what a killed run of ours has left: its server and its folder."""
    for home in _home.parent.glob(f"{PREFIX}*-*"):
        with contextlib.suppress(ValueError, OSError):
            owner = int(home.name.removeprefix(PREFIX).split("-")[0])
            if home.stat().st_uid == os.geteuid() and not psutil.pid_exists(owner):
                EmbeddedPostgres(home).stop()
                shutil.rmtree(home, ignore_errors=True)
