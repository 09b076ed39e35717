"""What the reasons of spec 20 mean to the company whose members could not enter: never shown to visitors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from daedap.members.tokens import Reason

RETURN_NOT_ALLOWED = "return_not_allowed"
"""A remark on a success: the signed returnUrl led to a host that is not allowed and was not followed (spec 20, 8.5)."""

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
    Reason.STATUS_LOGGED_OUT: _("Signed in, but right afterwards your login-status URL said that nobody is logged in."),
    Reason.STATUS_OTHER_USER: _("Signed in, but right afterwards your login-status URL named another usercode."),
    RETURN_NOT_ALLOWED: _("Signed in, but the returnUrl leads to a host that is not allowed."),
}

FIXES: dict[str, str | Promise] = {
    Reason.BAD_ENCODING: _("Encode every value as UTF-8, then percent-encode it once."),
    Reason.DUP_PARAM: _("Send each parameter once."),
    Reason.MISSING_PARAM: _("Send it. A member without an e-mail address cannot come in by the GET method."),
    Reason.BAD_LENGTH: _("Keep to the lengths of the parameter table. Characters count, not bytes."),
    Reason.BAD_CHAR: _("Clean the value before you sign it."),
    Reason.BAD_TIME: _("Send milliseconds since 1970, digits only."),
    Reason.BAD_TOKEN_FORMAT: _("Use standard Base64 with +, / and =, neither URL-safe nor hexadecimal."),
    Reason.NOT_CONFIGURED: _("Save the settings of member integration again."),
    Reason.EXPIRED: _(
        "Sign when the link is tapped, not when the page is made. "
        "Check that time is in milliseconds and your clock right."
    ),
    Reason.FUTURE: _("Set the clock of your server by NTP."),
    Reason.HMAC_MISMATCH: _(
        "Check the Key, the order (service first, time last), that blank values are left out "
        "and that values are signed before they are encoded."
    ),
    Reason.REPLAYED: _("Sign anew for every tap."),
    Reason.VERIFY_REDIRECT: _("Give the final address, with no login page in front of it."),
    Reason.VERIFY_HTTP_STATUS: _('Answer 200 with JSON, also when the answer is "no".'),
    Reason.VERIFY_TIMEOUT: _("Answer from memory or a cache, within two seconds."),
    Reason.VERIFY_NETWORK: _("Check DNS, firewall and port."),
    Reason.VERIFY_TLS: _("Install a valid certificate with its whole chain."),
    Reason.VERIFY_BAD_JSON: _("Answer with one JSON object in UTF-8, up to 64 KiB, no key twice."),
    Reason.VERIFY_LOGIN_FALSE: _(
        'Nothing, if the user is logged out. Otherwise send login as true or "true" '
        "and keep issued tokens until they expire."
    ),
    Reason.VERIFY_USERCODE_MISSING: _("Send the usercode back."),
    Reason.VERIFY_USERCODE_MISMATCH: _(
        "Send back the usercode the token was issued to, letter for letter. We record a security event."
    ),
    Reason.VERIFY_BUSY: _("Answer faster. 300 calls were waiting and none ended within a second."),
    Reason.VERIFY_BLOCKED_ADDRESS: _("Use a public https address."),
    Reason.ACCESS_TOKEN_INVALID: _("Get a new one for each login and open its address once."),
    Reason.BINDING_MISSING: _("Hand on the returnUrl you were given, unchanged."),
    Reason.BINDING_MISMATCH: _(
        "Hand on the returnUrl you were given, in the same browser and once. We record a security event."
    ),
    Reason.STATUS_LOGGED_OUT: _(
        "Your login cookie does not reach it. Put it on one site with the help centre, such as www.example.com "
        "and help.example.com, or make the cookie SameSite=None; Secure, which some browsers block all the same."
    ),
    Reason.STATUS_OTHER_USER: _("Answer with the usercode that you sign, letter for letter."),
    RETURN_NOT_ALLOWED: _("Add the host to the allowed return domains."),
}
"""What the company can do about each of the MEANINGS; docs/integrators.md repeats both, and a test compares."""


@dataclass(frozen=True)
class Outcome:
    """How often entries ended in one way, and what to do about it. `reason` and `fix` are "" for members."""

    reason: str
    meaning: str | Promise
    fix: str | Promise
    count: int

    @property
    def is_member(self) -> bool:
        """Whether it ended with a member signed in, be it with a remark."""
        return self.reason in ("", RETURN_NOT_ALLOWED)


@dataclass(frozen=True)
class Burst:
    """Many failures for one reason within minutes, which smell of an attack (spec 20, 13.1): how often, last when."""

    meaning: str | Promise
    fix: str | Promise
    times: int
    last_at: datetime


def burst(reason: str, times: int, last_at: datetime) -> Burst:
    """Return the bursts of one reason with what it means."""
    return Burst(MEANINGS.get(reason, reason), FIXES.get(reason, ""), times, last_at)


def outcome(reason: str, count: int) -> Outcome:
    """Return the counted reason with what it means."""
    meaning = MEANINGS.get(reason, reason) if reason else SIGNED_IN
    return Outcome(reason, meaning, FIXES.get(reason, ""), count)
