import io
import json
import logging
import sys

import pytest
from django.db import IntegrityError, transaction

from daedap.core import logs
from tests import factories


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("GET /shop/hc/?usercode=u1&token=abc", "usercode"),
        ("Key (email)=(hong@example.com) already exists", "hong@example.com"),
        ("new row violates check\nDETAIL:  Failing row contains (7, 홍길동, 환불해 주세요).", "홍길동"),
        ("invalid input syntax for type json\nCONTEXT:  JSON data, line 1: 홍길동...", "홍길동"),
        ("syntax error\nLINE 1: SELECT '홍길동' FROM\n               ^", "홍길동"),
        ("called from 010-1234-5678", "1234"),
        ("called from 01012345678", "01012345678"),
        ("key 7cf2828608274a49a3f06152b2188927 in use", "7cf28286"),
        ("token Ah9M58CQ9RFTShjFuqziQr+0MjmJxN6+bzWxMD71moo= refused", "Ah9M58"),
        ("link dGhpcyBpcyBhIHRva2VuIG9mIDQzIGNoYXJhY3RlcnM used", "dGhpcyBp"),
    ],
)
def test_given_a_secret_in_a_line_when_scrubbed_then_it_is_gone(text, secret):
    assert secret not in logs.scrub(text)


@pytest.mark.parametrize("text", ["ticket 41 taken in 12.5 ms", "route <service:service_id>/hc/ticket/", "status 200"])
def test_given_harmless_text_when_scrubbed_then_it_stays(text):
    assert logs.scrub(text) == text


def test_given_an_exception_with_personal_data_when_logged_then_the_line_is_json_without_it():
    # given
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(logs.Scrubber())
    from pythonjsonlogger.json import JsonFormatter

    handler.setFormatter(JsonFormatter("%(levelname)s %(message)s %(request_id)s"))
    logger = logging.getLogger("daedap.test-of-scrubbing")
    logger.propagate = False
    logger.addHandler(handler)
    token = logs.request_id.set("abc123")
    # when
    try:
        raise ValueError("hong@example.com")
    except ValueError:
        logger.exception("failed for %s", "kim@example.com")
    finally:
        logs.request_id.reset(token)
    # then
    line = json.loads(stream.getvalue())
    assert line["message"] == "failed for <mail>"
    assert line["request_id"] == "abc123"
    assert "example.com" not in stream.getvalue()
    assert "ValueError" in line["exc_info"]


def test_given_a_row_that_postgresql_refuses_when_its_traceback_is_logged_then_nothing_of_the_row_is_there(acme, shop):
    """PostgreSQL quotes the whole row: subject, name and content of an enquiry."""
    secret = {"subject": "비밀 제목", "content": "첫 줄\n\n둘째 줄"}
    record = logging.LogRecord("x", logging.ERROR, "", 0, "failed", None, None)
    try:
        with transaction.atomic():
            factories.make_ticket(shop, status="nonsense", **secret)
    except IntegrityError:
        record.exc_info = sys.exc_info()
    raw = logging.Formatter().formatException(record.exc_info)
    assert [text for text in secret.values() if text not in raw] == []  # the danger is real
    logs.Scrubber().filter(record)
    assert [text for text in ("비밀 제목", "첫 줄", "둘째 줄") if text in record.exc_text] == []
    assert "ticket_status_known" in record.exc_text
    assert "django.db.utils.IntegrityError" in record.exc_text
