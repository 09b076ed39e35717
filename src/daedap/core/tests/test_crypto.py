import pytest
from cryptography.fernet import InvalidToken
from django.db import connection

from daedap.core import crypto
from daedap.members.models import Member
from tests import factories


def test_given_text_when_encrypted_then_only_decrypt_reads_it():
    secret = crypto.encrypt("010-1234-5678")
    assert "1234" not in secret
    assert crypto.decrypt(secret) == "010-1234-5678"
    with pytest.raises(InvalidToken):
        crypto.decrypt(secret[:-4] + "AAAA")


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


def test_given_equal_values_when_hashed_for_two_purposes_then_hashes_differ():
    assert crypto.keyed_hash("a", purpose="one") == crypto.keyed_hash("a", purpose="one")
    assert crypto.keyed_hash("a", purpose="one") != crypto.keyed_hash("a", purpose="two")


def test_given_new_keys_when_made_then_they_have_the_shape_of_the_samples():
    key = crypto.new_key()
    assert len(key) == 32
    assert set(key) <= set("0123456789abcdef")
    assert len(crypto.random_letters_and_digits(16)) == 16
