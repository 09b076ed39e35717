import logging

import pytest

from daedap.accounts import sms
from daedap.accounts.sms import nhncloud
from daedap.accounts.tests.nhncloud import serve

TEXT = "[Daedap] 인증번호: 123456"


@pytest.fixture
def cloud(settings):
    with serve() as running:
        settings.SMS_PROVIDER = "nhncloud"
        settings.SMS = {"app_key": "app/1", "secret_key": "hidden", "sender": "0212345678", "api_url": running.url}
        yield running


def test_given_korean_number_when_code_sent_then_called_as_documented(cloud):
    sms.get_provider().send_code(number="+821012345678", text=TEXT)

    assert cloud.calls == [
        (
            "/sms/v3.0/appKeys/app%2F1/sender/auth/sms",
            "hidden",
            {
                "body": TEXT,
                "sendNo": "0212345678",
                "recipientList": [{"recipientNo": "01012345678", "countryCode": "82"}],
            },
        )
    ]


def test_given_japanese_number_when_code_sent_then_in_international_form(cloud):
    sms.get_provider().send_code(number="+819012345678", text=TEXT)

    assert cloud.calls[0][2]["recipientList"] == [{"internationalRecipientNo": "819012345678"}]


@pytest.mark.parametrize("trouble", ["timeout", "500", "html", "refused", "bad-number"])
def test_given_trouble_when_code_sent_then_refused_and_nothing_personal_logged(cloud, trouble, caplog, monkeypatch):
    monkeypatch.setattr(nhncloud, "CALL_SECONDS", 0.2)
    cloud.trouble = trouble
    with caplog.at_level(logging.DEBUG, logger="daedap"), pytest.raises(sms.SmsNotSent):
        sms.get_provider().send_code(number="+821012345678", text=TEXT)

    assert len(cloud.calls) == 1
    assert len(caplog.records) == 1
    told = str([record.__dict__ for record in caplog.records])
    assert not [secret for secret in ("1012345678", "123456", "hidden", "app/1") if secret in told]


def test_given_no_server_when_code_sent_then_refused(settings):
    settings.SMS_PROVIDER = "nhncloud"
    settings.SMS = {"app_key": "a", "secret_key": "b", "sender": "1", "api_url": "http://127.0.0.1:9"}
    with pytest.raises(sms.SmsNotSent):
        sms.get_provider().send_code(number="+821012345678", text=TEXT)
