"""NHN Cloud Notification › SMS, API v3.0: one message for authentication (`sender/auth/sms`).

Its address comes from the operator's settings, not from a tenant, so the call does not go through `core.outbound`.
Neither number nor text nor the provider's sentence about them is ever logged.
"""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote

import httpx
import phonenumbers
from django.conf import settings

from daedap.accounts.sms import SmsNotSent, SmsProvider

logger = logging.getLogger("daedap.accounts")

CALL_SECONDS = 5.0
_KOREA = 82


class NhnCloudSms(SmsProvider):
    """Korean numbers go as they are dialled, others in their international form."""

    def send_code(self, *, number: str, text: str) -> None:
        """Send at once; raise SmsNotSent unless the provider says that it took this very message."""
        kept: dict[str, str] = settings.SMS
        message = {"body": text, "sendNo": kept["sender"], "recipientList": [_recipient(number)]}
        try:
            with httpx.Client(timeout=CALL_SECONDS, trust_env=False) as client:
                answer = client.post(
                    f"{kept['api_url'].rstrip('/')}/sms/v3.0/appKeys/{quote(kept['app_key'], safe='')}/sender/auth/sms",
                    json=message,
                    headers={"X-Secret-Key": kept["secret_key"]},
                )
            told = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            logger.warning("text message not sent", extra={"failure": type(error).__name__})
            raise SmsNotSent from None
        if not answer.is_success or not _was_taken(told):
            logger.warning("text message refused", extra={"status": answer.status_code, "result_code": _code(told)})
            raise SmsNotSent


def _recipient(number: str) -> dict[str, str]:
    parsed = phonenumbers.parse(number)
    if parsed.country_code == _KOREA:
        return {"recipientNo": f"0{phonenumbers.national_significant_number(parsed)}", "countryCode": str(_KOREA)}
    return {"internationalRecipientNo": number.removeprefix("+")}


def _was_taken(told: Any) -> bool:
    """Whether request and recipient were both accepted: a refused number comes in an answer that succeeds."""
    try:
        results = told["body"]["data"]["sendResultList"]
        return told["header"]["isSuccessful"] is True and all(result["resultCode"] == 0 for result in results)
    except (KeyError, TypeError):
        return False


def _code(told: Any) -> int | None:
    try:
        return int(told["header"]["resultCode"])
    except (KeyError, TypeError, ValueError):
        return None
