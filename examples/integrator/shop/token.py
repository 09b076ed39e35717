"""The authentication token (인증 Token). Copy this file into your own server; it needs nothing else."""

import base64
import hmac

# What Java's StringUtils.isNotBlank takes for blank. Python's own strip() would also remove U+00A0 and three others.
BLANK = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2008\u2009\u200a\u2028\u2029\u205f\u3000"
)


def make_token(
    key: str,
    service: str,
    usercode: str,
    time: int,
    username: str | None = None,
    email: str | None = None,
    phone: str | None = None,
    memberno: str | None = None,
    return_url: str | None = None,
) -> str:
    """Sign one member's data with the organization Key (조직 Key); `time` is now, in milliseconds.

    The order is fixed, blank values are left out, values are signed as they are: not trimmed, not percent-encoded.
    """
    optional = [value for value in (username, email, phone, memberno, return_url) if value and value.strip(BLANK)]
    message = "&".join([service, usercode, *optional, str(time)])
    return base64.b64encode(hmac.digest(key.encode("utf-8"), message.encode("utf-8"), "sha256")).decode("ascii")
