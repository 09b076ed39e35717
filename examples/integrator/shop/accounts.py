"""The shop's own members, their logins, and the tokens it has issued. All in memory: it is an example."""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

LOGIN_SECONDS = 12 * 60 * 60
TOKEN_SECONDS = 5 * 60


@dataclass(frozen=True)
class Member:
    """Somebody who buys here."""

    login: str
    usercode: str
    name: str
    email: str
    phone: str
    memberno: str = ""


MEMBERS = {
    member.login: member
    for member in (
        Member("hong", "user-0001", "홍길동", "hong@example.com", "010-1234-5678"),
        Member("kim", "user-0002", "김영희", "kim@example.com", "010-2345-6789"),
        Member("park", "user-0003", "박민수", "park@example.com", "010-3456-7890", memberno="M-0003"),
    )
}
PASSWORD = "shop1234"  # noqa: S105 - shown on the login page


@dataclass
class Accounts:
    """Who is logged in, and which token was issued in which login."""

    clock: Callable[[], float]
    _logins: dict[str, tuple[Member, float]] = field(default_factory=dict)
    _tokens: dict[str, tuple[str, str, float]] = field(default_factory=dict)

    def log_in(self, login: str, password: str) -> str | None:
        """Return a new login id, or None if name or password is wrong."""
        member = MEMBERS.get(login)
        right = hmac.compare_digest(password.encode(), PASSWORD.encode())
        if member is None or not right:
            return None
        login_id = secrets.token_urlsafe(32)
        self._logins[login_id] = (member, self.clock() + LOGIN_SECONDS)
        return login_id

    def log_out(self, login_id: str) -> None:
        """End a login; its tokens are worth nothing from now on."""
        self._logins.pop(login_id, None)

    def member(self, login_id: str) -> Member | None:
        """Return who is logged in under this id."""
        member, until = self._logins.get(login_id, (None, 0.0))
        return member if until > self.clock() else None

    def remember_token(self, token: str, login_id: str, usercode: str) -> None:
        """Note an issued token by its hash, and forget those that have run out."""
        now = self.clock()
        self._tokens = {name: issued for name, issued in self._tokens.items() if issued[2] > now}
        self._tokens[_name(token)] = (usercode, login_id, now + TOKEN_SECONDS)

    def vouches_for(self, token: str, usercode: str) -> bool:
        """Say yes only if we issued this token to this member, it is fresh, and the login is still alive."""
        issued_to, login_id, until = self._tokens.get(_name(token), ("", "", 0.0))
        member = self.member(login_id)
        return until > self.clock() and issued_to == usercode and member is not None and member.usercode == usercode


def _name(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
