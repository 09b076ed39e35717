"""What the reasons of spec 20 mean to the company whose members could not enter: never shown to visitors."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from daedap.members.logins import RETURN_NOT_ALLOWED
from daedap.members.tokens import Reason

SIGNED_IN = _("Signed in as a member")

MEANINGS: dict[str, str | Promise] = {
    Reason.BAD_ENCODING: _("The parameters are not UTF-8."),
    Reason.DUP_PARAM: _("A parameter was given twice."),
    Reason.MISSING_PARAM: _("A required parameter is missing: usercode, time or token, and for GET email."),
    Reason.BAD_LENGTH: _("A value is too long."),
    Reason.BAD_CHAR: _("A value has control characters, or the usercode has an &."),
    Reason.BAD_TIME: _("The time is not a number in milliseconds."),
    Reason.BAD_TOKEN_FORMAT: _("The token is not standard Base64 of 44 characters."),
    Reason.NOT_CONFIGURED: _("The Token verification URL or the organization Key is missing."),
    Reason.EXPIRED: _("The token is older than its lifetime."),
    Reason.FUTURE: _("The time of the token lies ahead. Check the clock of your server."),
    Reason.HMAC_MISMATCH: _("The token does not match the parameters and the organization Key."),
    Reason.REPLAYED: _("A single-use token was presented again."),
    Reason.VERIFY_REDIRECT: _("Your verification URL answered with a redirect."),
    Reason.VERIFY_HTTP_STATUS: _("Your verification URL answered with a status other than 200."),
    Reason.VERIFY_TIMEOUT: _("Your verification URL did not answer within 5 seconds."),
    Reason.VERIFY_NETWORK: _("Your verification URL could not be reached."),
    Reason.VERIFY_TLS: _("The certificate of your verification URL was not accepted."),
    Reason.VERIFY_BAD_JSON: _("Your verification URL did not answer with a JSON object."),
    Reason.VERIFY_LOGIN_FALSE: _("Your verification URL said that the user is logged out."),
    Reason.VERIFY_USERCODE_MISSING: _("The answer of your verification URL has no usercode."),
    Reason.VERIFY_USERCODE_MISMATCH: _("The answer of your verification URL names another usercode."),
    Reason.VERIFY_BUSY: _("Too many calls of your verification URL were waiting."),
    Reason.VERIFY_BLOCKED_ADDRESS: _("Your verification URL does not lead to a public server."),
    Reason.ACCESS_TOKEN_INVALID: _("An access token was unknown, used already, or older than three minutes."),
    Reason.BINDING_MISSING: _("The returnUrl came without the value that ties it to the browser."),
    Reason.BINDING_MISMATCH: _("The returnUrl was not given to this browser."),
    RETURN_NOT_ALLOWED: _("Signed in, but the returnUrl leads to a host that is not allowed."),
}


@dataclass(frozen=True)
class Outcome:
    """How often entries ended in one way. `reason` is "" for members."""

    reason: str
    meaning: str | Promise
    count: int


def outcome(reason: str, count: int) -> Outcome:
    """Return the counted reason with what it means."""
    return Outcome(reason, MEANINGS.get(reason, reason) if reason else SIGNED_IN, count)
