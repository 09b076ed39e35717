import pytest
from django.utils import translation

from daedap.accounts.models import User
from daedap.accounts.passwords import IAM_DEFAULT, PLATFORM, PasswordPolicy, list_broken_rules

LENGTH = "Use 8 to 15 characters."
LETTER = "Use at least one letter."
DIGIT = "Use at least one digit."
SPECIAL = "Use at least one special character."
OTHERS = "Use only English letters, digits and special characters, without spaces."
RUN = "Do not use 4 or more equal or consecutive characters (1111, 1234, abcd)."
OWN_ID = "Do not use your ID in the password."
REUSED = "Choose a password that differs from your previous one."


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.mark.parametrize(
    ("password", "broken"),
    [
        ("Ocean!72", []),  # A37
        ("abcd!234", [RUN]),  # A35
        ("Short1!", [LENGTH]),  # A36: 7 characters
        ("Ocean!72Ocean!72", [LENGTH]),  # A36: 16 characters
        ("password!", [DIGIT]),  # A36
        ("12345678", [LETTER, SPECIAL, RUN]),
        ("Ocean72x", [SPECIAL]),
        ("!7!2!9!0", [LETTER]),
        ("Ocean 72!", [OTHERS]),
        ("오션Ocean!72", [OTHERS]),
        ("Oc1111!ean", [RUN]),
        ("Oc4321!ean", [RUN]),
        ("dCbA!72xyw", [RUN]),
        ("aAaA!72x", [RUN]),
        ("!!!!Oce72", [RUN]),
        ("abc!234x", []),
        ("89:;Ocean", []),
        ("xyza!7b2", []),
        ("Ocean!72Ocean!7", []),
        ("Kim.Lee!72", [OWN_ID]),
        ("", [LENGTH, LETTER, DIGIT, SPECIAL]),
    ],
)
def test_given_default_policy_when_password_checked_then_each_broken_rule_is_named_A35_A36_A37(password, broken):
    assert list_broken_rules(password, policy=IAM_DEFAULT, login_id="kim.lee") == broken


def test_given_id_of_two_characters_when_it_is_in_the_password_then_accepted():
    assert list_broken_rules("Ocean!72", policy=IAM_DEFAULT, login_id="oc") == []


def test_given_platform_policy_when_64_or_65_characters_then_only_65_refused():
    assert list_broken_rules("Ab!7" * 16, policy=PLATFORM, login_id="a@example.com") == []
    assert list_broken_rules("Ab!7" * 16 + "x", policy=PLATFORM, login_id="a@example.com") == [
        "Use 8 to 64 characters."
    ]


def test_given_current_password_when_set_again_then_refused_A38(db):
    user = User.objects.create_user(realm="", login_id="a@example.com", password="Ocean!72")
    assert list_broken_rules("Ocean!72", policy=IAM_DEFAULT, login_id=user.login_id, user=user) == [REUSED]
    assert list_broken_rules("ocean!72", policy=IAM_DEFAULT, login_id=user.login_id, user=user) == []


def test_given_policy_refuses_two_when_password_before_the_last_is_set_then_refused(db):
    user = User.objects.create_user(realm="", login_id="a@example.com", password="Ocean!72")
    user.password_history.create(password=user.password)
    user.set_password("River!85")
    user.save()
    two = PasswordPolicy(minimum=8, maximum=15, reuse=2)
    assert list_broken_rules("Ocean!72", policy=two, login_id=user.login_id, user=user) == [REUSED]
    assert list_broken_rules("Ocean!72", policy=IAM_DEFAULT, login_id=user.login_id, user=user) == []


def test_given_korean_reader_when_rule_is_broken_then_sentence_is_korean(db):
    with translation.override("ko"):
        assert list_broken_rules("password!", policy=IAM_DEFAULT, login_id="kim") == ["숫자를 1자 이상 포함해 주세요."]
