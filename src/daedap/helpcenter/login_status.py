"""What a page needs to ask the company whether its visitor is still logged in there (POST method; spec 20, 7.1, 7.3).

The visitor's browser asks, because the answer depends on the company's own cookies. So the answer can end a session or
lead to the login page, never sign anybody in.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from daedap.core.outbound import add_params
from daedap.members.access import FormAccess, HelpCentreRequest
from daedap.members.models import IntegrationSettings, LoginType, Member
from daedap.members.return_urls import origin_of
from daedap.members.tokens import is_blank

SECONDS = 5


@dataclass(frozen=True, kw_only=True, repr=False)
class StatusQuestion:
    """What helpcenter/login_status.js is told. `usercode` is "" for guests; values of `headers` are percent-encoded."""

    url: str
    headers: dict[str, str]
    usercode: str
    is_enquiry_page: bool
    login_url: str
    end_url: str

    @property
    def origin(self) -> str:
        """What the page may connect to for it."""
        return origin_of(self.url)

    @property
    def milliseconds(self) -> int:
        """How long an answer may take."""
        return SECONDS * 1000


def question_of(
    request: HelpCentreRequest, *, is_form: bool, is_enquiry_page: bool, login_url: str, end_url: str
) -> StatusQuestion | None:
    """Return what to ask on this page; None where no answer could change anything (spec 20, 7.3)."""
    integration, member = request.integration, request.member
    if not (integration.enabled and integration.login_type == LoginType.POST and integration.login_status_url):
        return None
    if member is None and not (is_form and request.access.form == FormAccess.GUEST):
        return None
    sent = _parameters(integration, member) if member is not None else []
    return StatusQuestion(
        url=add_params(
            integration.login_status_url, [(name, value) for where, name, value in sent if where == "query"]
        ),
        headers={name: quote(value, safe="") for where, name, value in sent if where == "header"},
        usercode=member.usercode if member is not None else "",
        is_enquiry_page=is_enquiry_page,
        login_url=login_url,
        end_url=end_url,
    )


def _parameters(integration: IntegrationSettings, member: Member) -> list[tuple[str, str, str]]:
    """Return location, name and value of every parameter row that has a value (spec 20, 2.2)."""
    rows = [(location, name, str(getattr(member, name))) for location, name in integration.parameter_rows]
    return [row for row in rows if not is_blank(row[2])]
