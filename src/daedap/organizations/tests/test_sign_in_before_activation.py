import pytest
from django.utils import timezone

from daedap.accounts.links import SET_PASSWORD_LIFETIME, issue_link
from daedap.accounts.models import LinkKind
from tests import factories


@pytest.fixture
def unready(db):
    return factories.make_organization(domain="unready", activated_at=None)


def test_given_an_organization_that_is_not_activated_when_the_mailed_link_is_used_then_the_password_is_set_and_no_more(
    unready, client_of
):
    # given
    member = factories.make_iam_member(unready, "kim", password=None)
    token = issue_link(kind=LinkKind.SET_PASSWORD, lifetime=SET_PASSWORD_LIFETIME, user=member.user)
    browser = client_of(unready)
    # when
    assert browser.get(f"/login/password/{token}/").status_code == 200
    saved = browser.post(f"/login/password/{token}/", {"password": "Ocean!72", "again": "Ocean!72"})
    # then
    assert saved.status_code == 200
    assert unready.url in saved.content.decode()
    member.user.refresh_from_db()
    assert member.user.check_password("Ocean!72")
    for path in ("/", "/login/", "/login/find-password/", "/admin/services/", "/shop/hc/"):
        assert browser.get(path).status_code == 404


def test_given_the_same_organization_when_activated_then_its_login_page_opens(unready, client_of):
    unready.activated_at = timezone.now()
    unready.save(update_fields=["activated_at"])
    assert client_of(unready).get("/login/").status_code == 200
