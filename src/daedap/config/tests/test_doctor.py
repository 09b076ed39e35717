import pytest

from daedap.config import doctor


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
