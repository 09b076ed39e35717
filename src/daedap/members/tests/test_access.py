"""The table of spec 20, section 9."""

from __future__ import annotations

import pytest

from daedap.members.access import EnquiryAccess, FormAccess, ListAccess, enquiry_access
from daedap.members.models import IntegrationSettings, LoginType, Member

LOGIN = "https://shop.example.com/login?lang=ko"
MEMBER = Member(usercode="hong")

GUEST_FORM = EnquiryAccess(FormAccess.GUEST, ListAccess.TO_FORM, may_submit=True, shows_list_menu=True)
OWN = EnquiryAccess(FormAccess.MEMBER, ListAccess.OWN, may_submit=True, shows_list_menu=True)


@pytest.mark.parametrize(
    ("enabled", "login_type", "guests", "member", "expected"),
    [
        pytest.param(
            False,
            login_type,
            guests,
            member,
            EnquiryAccess(FormAccess.GUEST, ListAccess.TO_FORM, may_submit=True, shows_list_menu=False),
            id=f"disabled-{login_type}-{guests}-{member is not None}",
        )
        for login_type in LoginType
        for guests in (True, False)
        for member in (None, MEMBER)
    ]
    + [
        (True, LoginType.GET, True, MEMBER, OWN),
        (True, LoginType.GET, False, MEMBER, OWN),
        (True, LoginType.POST, True, MEMBER, OWN),
        (True, LoginType.POST, False, MEMBER, OWN),
        (True, LoginType.GET, True, None, GUEST_FORM),
        (
            True,
            LoginType.GET,
            False,
            None,
            EnquiryAccess(FormAccess.LOGIN_REQUIRED, ListAccess.TO_FORM, may_submit=False, shows_list_menu=True),
        ),
        (
            True,
            LoginType.POST,
            True,
            None,
            EnquiryAccess(
                FormAccess.GUEST,
                ListAccess.LOGIN_URL,
                may_submit=True,
                shows_list_menu=True,
                shows_login_button=True,
                login_url=LOGIN,
            ),
        ),
        (
            True,
            LoginType.POST,
            False,
            None,
            EnquiryAccess(
                FormAccess.LOGIN_URL, ListAccess.LOGIN_URL, may_submit=False, shows_list_menu=True, login_url=LOGIN
            ),
        ),
    ],
)
def test_given_settings_and_visitor_when_asked_then_the_table_answers(enabled, login_type, guests, member, expected):
    integration = IntegrationSettings(enabled=enabled, login_type=login_type, guest_enquiries=guests, login_url=LOGIN)
    assert enquiry_access(integration, member) == expected
