import pytest
from cryptography.fernet import InvalidToken

from daedap.core import crypto


def test_given_text_when_encrypted_then_only_decrypt_reads_it():
    secret = crypto.encrypt("010-1234-5678")
    assert "1234" not in secret
    assert crypto.decrypt(secret) == "010-1234-5678"
    with pytest.raises(InvalidToken):
        crypto.decrypt(secret[:-4] + "AAAA")


def test_given_equal_values_when_hashed_for_two_purposes_then_hashes_differ():
    assert crypto.keyed_hash("a", purpose="one") == crypto.keyed_hash("a", purpose="one")
    assert crypto.keyed_hash("a", purpose="one") != crypto.keyed_hash("a", purpose="two")


def test_given_new_keys_when_made_then_they_have_the_shape_of_the_samples():
    key = crypto.new_key()
    assert len(key) == 32
    assert set(key) <= set("0123456789abcdef")
    assert len(crypto.random_letters_and_digits(16)) == 16
