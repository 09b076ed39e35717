"""What is typed about a card reaches no table, session, log, mail, file or error report, also when something breaks."""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.core.signals import got_request_exception
from django.db import connection
from django.test import Client
from django.views.debug import ExceptionReporter

from daedap.core.logs import Scrubber
from daedap.payments.models import PaymentMethod
from daedap.payments.providers.manual import ManualProvider
from tests import factories
from tests.jobs import run_jobs

NUMBER = "4242424242424242"
TYPED = {
    "number": "4242 4242 4242 4242",
    "expiry": "12/99",
    "birth_date": "910307",
    "password_digits": "93",
    "holder": "SECRETA HOLDERSON",
    "security_code": "7391",
    "bank": "088",
    "account": "110-987-654321",
}
SECRETS = [
    NUMBER,
    TYPED["number"],
    "4242-4242",
    "910307",
    "1991-03-07",
    "date(1991, 3, 7",
    "SECRETA",
    "110-987-654321",
    "110987654321",
]
SECURITY_CODE = re.compile(rf"(?<![0-9A-Za-z]){TYPED['security_code']}(?![0-9A-Za-z])")
"""Standing alone: four digits also turn up inside microseconds and drawn identifiers."""

FIELDS = {
    "payco": ("number", "expiry", "password_digits"),
    "credit_card": ("number", "expiry", "birth_date"),
    "bank_transfer": ("bank", "account"),
    "japan": ("number", "expiry", "holder", "security_code"),
}


def every_row() -> str:
    """All tables of the database as text, as a dump would show them."""
    rows: list[str] = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = [name for (name,) in cursor.fetchall()]
        assert len(tables) > 40
        for table in tables:
            cursor.execute(f'SELECT to_jsonb(t)::text FROM "{table}" t')
            rows += [text for (text,) in cursor.fetchall()]
    return "\n".join(rows)


def sessions() -> str:
    return json.dumps([session.get_decoded() for session in Session.objects.all()])


def mails(folder, mailoutbox) -> str:
    kept = "".join(path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file())
    return kept + "".join(str(mail.message()) for mail in mailoutbox)


def assert_nowhere(text: str, where: str) -> None:
    found = [secret for secret in SECRETS if secret in text] + SECURITY_CODE.findall(text)
    assert found == [], f"{found} in {where}"


@pytest.fixture
def logged():
    """Everything logged at DEBUG, as our own formatter would write it."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(f"{record.getMessage()} {record.exc_text or ''} {record.__dict__}")

    handler = Keep(level=logging.DEBUG)
    handler.addFilter(Scrubber())
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield lines
    root.removeHandler(handler)
    root.setLevel(before)


@pytest.fixture
def at_data(db, mailoutbox):
    """Return a browser that stands before the form for `method`."""

    def walk(method: str) -> Client:
        facts = {"company_name": "예스", "business_number": "1168200276", "representative": "김대표"}
        member = {"japan": {"country": "JP"}, "bank_transfer": facts | {"membership_type": "business"}}.get(method, {})
        user = factories.make_platform_member(**(member | {"verification": "approved"}))
        client = Client(HTTP_HOST="localhost", raise_request_exception=False)
        client.force_login(user)
        client.post("/me/confirm/", {"password": factories.PASSWORD})
        code = "credit_card" if method == "japan" else method
        client.post("/me/payment/add/", {"method": code, "consent": "on"})
        run_jobs()
        codes = re.findall(r"\b\d{6}\b", mailoutbox[-1].body) if mailoutbox else [""]
        done = client.post("/me/payment/add/identity/", facts | {"code": codes[0]})
        assert done.url == "/me/payment/add/data/"
        return client

    return walk


def typed(method: str) -> dict[str, str]:
    return {name: TYPED[name] for name in FIELDS[method]}


@pytest.mark.parametrize("method", FIELDS)
def test_given_data_typed_when_registered_then_they_are_in_no_table_session_log_mail_or_page(
    at_data, method, logged, mailoutbox, tmp_path, settings
):
    settings.MAIL_FOLDER = tmp_path
    client = at_data(method)

    for broken in FIELDS[method]:  # refusals on the way
        page = client.post("/me/payment/add/data/", typed(method) | {broken: ""})
        assert page.status_code == 422
        assert_nowhere(page.text, "the refused page")
    assert client.post("/me/payment/add/data/", typed(method)).url == "/me/payment/"
    run_jobs()

    assert PaymentMethod.objects.count() == 1
    assert_nowhere(client.get("/me/payment/").text, "the list")
    assert_nowhere(every_row(), "the database")
    assert_nowhere(sessions(), "the sessions")
    assert_nowhere("\n".join(logged), "the log")
    assert_nowhere(mails(tmp_path, mailoutbox), "mail")


@pytest.fixture
def report():
    """The error report of the next exception, as Django would mail it, in HTML and text."""
    reports: list[str] = []

    def keep(sender, request, **kwargs):
        kind, error, frames = sys.exc_info()
        reporter = ExceptionReporter(request, kind, error, frames)
        reports.append(reporter.get_traceback_html())
        reports.append(reporter.get_traceback_text())
        reports.append("".join(traceback.format_exception(error)))

    got_request_exception.connect(keep)
    yield reports
    got_request_exception.disconnect(keep)


def _break(monkeypatch, place: str) -> None:
    def fail(*args, **kwargs):
        local = "".join(str(argument) for argument in args)  # a careless local of the code that breaks
        raise RuntimeError(f"broken here, {len(local)}")

    target = {
        "provider": (ManualProvider, "register"),
        "brand": (ManualProvider, "_register_card"),
        "store": ("daedap.payments.registration", "keep_method"),
        "page": ("daedap.portal.views.payment_add", "_listed"),
    }[place]
    if isinstance(target[0], str):
        monkeypatch.setattr(f"{target[0]}.{target[1]}", fail)
    else:
        monkeypatch.setattr(target[0], target[1], fail)


@pytest.mark.parametrize("place", ["provider", "brand", "store", "page"])
def test_given_an_error_inside_when_the_card_is_registered_then_report_log_and_page_show_nothing_of_it(
    at_data, monkeypatch, report, logged, settings, place
):
    client = at_data("credit_card")
    _break(monkeypatch, place)

    page = client.post("/me/payment/add/data/", typed("credit_card"))

    assert page.status_code == 500
    assert len(report) == 3
    assert django_settings.DEBUG is False
    for text in (*report, page.content.decode()):
        assert_nowhere(text, "the report")
    assert "RuntimeError" in report[0]
    assert_nowhere(every_row(), "the database")
    assert_nowhere(sessions(), "the sessions")
    assert_nowhere("\n".join(logged), "the log")
    assert any("broken here" in line for line in logged)
