"""Encrypted columns, looked at in the database."""

import pytest
from django.db import connection

from daedap.members.models import Member
from tests import factories


def test_given_an_encrypted_field_when_stored_then_the_database_holds_no_plain_text(open_shop):
    # given
    member = factories.make_member(open_shop, email="hong@example.com", phone="")
    # when
    with connection.cursor() as cursor:
        cursor.execute("SELECT email, phone FROM members_member WHERE id = %s", [member.pk])
        email, phone = cursor.fetchone()
    # then
    assert "hong" not in email
    assert phone == ""
    assert Member.objects.get(pk=member.pk).email == "hong@example.com"


def test_given_an_encrypted_field_when_searched_then_refused(open_shop):
    with pytest.raises(TypeError, match="cannot be searched"):
        Member.objects.filter(email="hong@example.com").exists()
