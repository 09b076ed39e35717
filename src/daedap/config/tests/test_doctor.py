import time

import pytest

from daedap.config import doctor
from daedap.files import scanner
from daedap.files.tests import clamd


@pytest.mark.parametrize(
    ("provider", "kept", "wrong"),
    [
        ("none", {}, []),
        ("telegraph", {}, ["Text messages by telegraph"]),
        ("nhncloud", {"app_key": ""}, ["Settings of text messages"]),
        ("nhncloud", {"api_url": "http://sms.example.com"}, ["Address for text messages"]),
        ("nhncloud", {}, []),
    ],
)
def test_given_settings_of_text_messages_when_doctor_looks_then_says_what_is_missing(settings, provider, kept, wrong):
    settings.SMS_PROVIDER = provider
    settings.BASE_HOST = "help.example.com"
    facts = {"app_key": "a", "secret_key": "b", "sender": "02", "api_url": "https://sms.example.com"}
    settings.SMS = facts | kept

    assert [finding.what for finding in doctor._sms() if not finding.ok] == wrong


@pytest.mark.parametrize(
    ("base", "host", "on", "ok"),
    [
        ("localhost", "127.0.0.1", True, True),
        ("localhost", "0.0.0.0", True, False),
        ("help.example.com", "127.0.0.1", True, False),
        ("help.example.com", "127.0.0.1", False, True),
    ],
)
def test_given_pages_for_development_when_others_could_open_them_then_doctor_warns(settings, base, host, on, ok):
    settings.BASE_HOST, settings.HOST, settings.DEVELOPMENT_PAGES = base, host, on
    assert doctor._development_pages().ok is ok


@pytest.mark.django_db
@pytest.mark.parametrize(("ahead", "ok"), [(0, True), (6, False), (-6, False)])
def test_given_a_clock_that_is_off_when_doctor_looks_then_says_by_how_much(monkeypatch, ahead, ok):
    now = time.time
    monkeypatch.setattr(doctor.time, "time", lambda: now() + ahead)
    finding = doctor._clock()
    assert finding.ok is ok
    assert ok or "6 seconds" in finding.advice


def test_given_a_scanner_when_doctor_looks_then_says_how_to_mend_it(settings, monkeypatch):
    with clamd.running() as stand_in:
        settings.VIRUS_SCANNER = stand_in.address
        finding = doctor._virus_scanner()
        assert (finding.ok, finding.what) == (True, f"Virus scanner {stand_in.address}")
        assert stand_in.received == [clamd.EICAR, bytes(10_485_760)]

        stand_in.limit = 1_000_000
        finding = doctor._virus_scanner()
        assert not finding.ok
        assert "StreamMaxLength" in finding.advice

        monkeypatch.setattr(scanner, "_TEST_VIRUS", b"of no list")
        assert "freshclam" in doctor._virus_scanner().advice

    settings.VIRUS_SCANNER = "tcp://127.0.0.1:1"
    assert "DAEDAP_VIRUS_SCANNER" in doctor._virus_scanner().advice

    settings.VIRUS_SCANNER = ""
    assert doctor._virus_scanner().ok
