"""Sessions of IAM members, however they were opened. How members meet them: organizations/tests/test_security.py."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from daedap.accounts.models import SignedInSession
from daedap.accounts.policies import SessionPolicy
from daedap.accounts.sessions import register
from tests import factories


@pytest.mark.django_db(transaction=True)
def test_given_one_session_allowed_when_four_open_at_once_then_one_stays_A44():
    user = factories.make_iam_member(factories.make_organization()).user

    def open_one(number):
        try:
            return register(user, session_key=f"key-{number}", policy=SessionPolicy(at_once=1))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(open_one, range(4)))

    assert len(opened) == 4
    assert SignedInSession.objects.filter(user=user, replaced_at=None).count() == 1
    assert SignedInSession.objects.filter(user=user).count() == 4


def test_given_session_of_django_without_a_row_when_a_page_is_opened_then_nobody(acme, owner, client_of):
    client = client_of(acme)
    client.force_login(owner.user)
    assert client.get("/admin/organization/").status_code == 302
    assert client.get("/login/").status_code == 200
