import pytest

from daedap.portal.business_numbers import clean_business_number


@pytest.mark.parametrize("text", ["116-82-00276", "1168200276", "134-86-72683", "116 82 00276"])
def test_given_valid_number_when_cleaned_then_ten_digits(text):
    assert clean_business_number(text) in ("1168200276", "1348672683")


@pytest.mark.parametrize("text", ["116-82-00277", "123456789", "12345678901", "", "abcdefghij", "１１６8200276"])
def test_given_wrong_number_when_cleaned_then_none(text):
    assert clean_business_number(text) is None
