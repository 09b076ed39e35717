"""`daedap doctor`: checks what an installation stands on, and says how to mend what does not hold."""

from __future__ import annotations

import ipaddress
import smtplib
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from daedap.config.embedded import EmbeddedPostgresError

SHORTEST_SECRET = 32
CLOCK_SECONDS = 5
"""What two clocks may differ by (spec 20, section 12): signed times are judged by ours."""


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `advice` says what to do if it is not `ok`."""

    ok: bool
    what: str
    advice: str = ""


def run(open_database: Callable[[], object]) -> list[Finding]:
    """Look at everything; `open_database` sets Django up and has the embedded database run."""
    version = ".".join(map(str, sys.version_info[:3]))
    findings = [Finding(sys.version_info >= (3, 11), f"Python {version}", "Use Python 3.11 or newer.")]
    try:
        settings.DEBUG  # noqa: B018 - loads the settings
    except ImproperlyConfigured as error:
        return [*findings, Finding(ok=False, what="Settings", advice=f"{error} (docs/settings.md)")]
    findings += [Finding(ok=True, what="Settings"), *_addresses(), _secret_key(), _debug(), _development_pages()]
    findings += [*_mail(), *_payments(), *_sms()]
    try:
        open_database()
    except EmbeddedPostgresError as error:
        return [*findings, Finding(ok=False, what="Embedded database", advice=str(error))]
    return [*findings, *_database(), _virus_scanner(), _static_files(), _system_checks()]


def _addresses() -> Iterator[Finding]:
    url, host = settings.PUBLIC_URL, settings.BASE_HOST
    if settings.PUBLIC_SCHEME not in {"http", "https"} or not host:
        yield Finding(ok=False, what=f"Public address {url}", advice="Set DAEDAP_PUBLIC_URL to http(s)://name[:port].")
        return
    local = host == "localhost" or host.endswith(".localhost")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        named = True
    else:
        named = False
    yield Finding(
        named, f"Public address {url}", "Use a name: organizations live on {domain}.oc.<name>, an IP has none."
    )
    yield Finding(
        local or settings.SECURE,
        "Encrypted transport" if settings.SECURE else "Local address, no encryption needed",
        "Put a proxy with TLS in front and set DAEDAP_PUBLIC_URL to https://…; passwords travel openly now.",
    )


def _secret_key() -> Finding:
    advice = f"Set DAEDAP_SECRET_KEY (or DAEDAP_SECRET_KEY_FILE) to {SHORTEST_SECRET} random characters or more."
    return Finding(len(settings.SECRET_KEY) >= SHORTEST_SECRET, "Secret key", advice)


def _debug() -> Finding:
    local = settings.BASE_HOST.endswith("localhost")
    return Finding(
        local or not settings.DEBUG, "Debug mode", "Unset DAEDAP_DEBUG: error pages show the code's insides."
    )


def _development_pages() -> Finding:
    alone = settings.BASE_HOST.endswith("localhost") and settings.HOST in {"127.0.0.1", "::1", "localhost"}
    return Finding(
        alone or not settings.DEVELOPMENT_PAGES,
        "Pages for development" if settings.DEVELOPMENT_PAGES else "No pages for development",
        "Unset DAEDAP_DEVELOPMENT_PAGES: everybody can read the kept mail, with all its password links.",
    )


def _mail() -> Iterator[Finding]:
    if settings.MAIL_IS_KEPT:
        local = settings.BASE_HOST.endswith("localhost")
        yield Finding(local, "Mail is kept, not sent", "Set DAEDAP_EMAIL_URL, or nobody will get a password mail.")
        return
    name = f"Mail server {settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    kind = smtplib.SMTP_SSL if settings.EMAIL_USE_SSL else smtplib.SMTP
    try:
        with kind(settings.EMAIL_HOST, settings.EMAIL_PORT, timeout=5) as server:
            server.noop()
    except OSError as error:  # smtplib's own errors are OSErrors too
        yield Finding(ok=False, what=name, advice=f"It does not answer ({error}). Check DAEDAP_EMAIL_URL.")
    else:
        yield Finding(ok=True, what=name)


def _payments() -> Iterator[Finding]:
    provider = settings.PAYMENT_PROVIDER
    if provider not in settings.PAYMENT_PROVIDERS:
        yield Finding(
            ok=False,
            what=f"Payment provider {provider}",
            advice=f"Use one of: {', '.join(settings.PAYMENT_PROVIDERS)}.",
        )
        return
    yield Finding(ok=True, what=f"Payment provider {provider}")
    if provider != "portone":
        return
    needed = {
        "DAEDAP_PORTONE_API_SECRET": settings.PORTONE["api_secret"],
        "DAEDAP_PORTONE_WEBHOOK_SECRET": settings.PORTONE["webhook_secret"],
        "DAEDAP_PORTONE_STORE_ID": settings.PORTONE["store_id"],
        "a channel key (DAEDAP_PORTONE_CHANNEL_…)": any(settings.PORTONE["channels"].values()),
    }
    missing = [name for name, value in needed.items() if not value]
    yield Finding(not missing, "PortOne's settings", f"Set {', '.join(missing)}: nothing can be registered without.")
    phone_needs = settings.PORTONE["channels"]["identity"] or not settings.PORTONE["channels"]["card"]
    yield Finding(
        bool(phone_needs),
        "PortOne's channel for identity checks",
        "Set DAEDAP_PORTONE_CHANNEL_IDENTITY: Korean individuals are offered nothing without it.",
    )


def _sms() -> Iterator[Finding]:
    provider = settings.SMS_PROVIDER
    if provider == "none":
        yield Finding(ok=True, what="No text messages: mobile numbers are not checked")
        return
    known = provider in settings.SMS_PROVIDERS
    yield Finding(known, f"Text messages by {provider}", f"Use none or one of: {', '.join(settings.SMS_PROVIDERS)}.")
    if not known:
        return
    names = {"app_key": "APP_KEY", "secret_key": "SECRET_KEY", "sender": "SENDER"}
    missing = [f"DAEDAP_SMS_{name}" for key, name in names.items() if not settings.SMS[key]]
    yield Finding(not missing, "Settings of text messages", f"Set {', '.join(missing)}: nobody can sign up without.")
    local = settings.BASE_HOST.endswith("localhost")
    yield Finding(
        local or settings.SMS["api_url"].startswith("https://"),
        "Address for text messages",
        "DAEDAP_SMS_API_URL must begin with https://: codes and the secret key travel there.",
    )


def _database() -> Iterator[Finding]:
    from django.db import DatabaseError, connection
    from django.db.migrations.executor import MigrationExecutor

    try:
        connection.ensure_connection()
    except DatabaseError as error:
        yield Finding(ok=False, what="Database", advice=f"It cannot be reached: {error}. Check DATABASE_URL.")
        return
    version = connection.pg_version  # type: ignore[attr-defined]  # PostgreSQL's
    name = f"Database PostgreSQL {version // 10000}" + (" (embedded)" if settings.EMBEDDED else "")
    yield Finding(version >= 150000, name, "Daedap needs PostgreSQL 15 or newer.")
    yield _clock()
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    yield Finding(not missing, f"Migrations ({missing} missing)" if missing else "Migrations", "Run `daedap migrate`.")


def _clock() -> Finding:
    """Compare our clock with the database's, which on another machine is the only other one we know."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float")
        (theirs,) = cursor.fetchone()
    apart = abs(time.time() - theirs)
    advice = f"It is {apart:.0f} seconds from the database's. Keep both by NTP: links of members would be refused."
    return Finding(apart <= CLOCK_SECONDS, "Clock", advice)


def _virus_scanner() -> Finding:
    from daedap.files import scanner

    if not settings.VIRUS_SCANNER:
        return Finding(ok=True, what="No virus scanner: uploads are not scanned")
    fault = scanner.find_fault()
    return Finding(not fault, f"Virus scanner {settings.VIRUS_SCANNER}", fault)


def _static_files() -> Finding:
    built = (settings.STATIC_ROOT / "staticfiles.json").exists()
    return Finding(built, f"Static files in {settings.STATIC_ROOT}", "Run `make setup` (or set DAEDAP_STATIC_ROOT).")


def _system_checks() -> Finding:
    from django.core import checks

    messages = [
        message for message in checks.run_checks() if message.level >= checks.WARNING and not message.is_silenced()
    ]
    told = " ".join(f"{message.msg} {message.hint or ''}".strip() for message in messages)
    return Finding(not messages, "Django's own checks", told)
