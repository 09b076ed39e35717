import pytest

from daedap.core.text import is_hidden, one_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("  홍길동 ", "홍길동"),
        ("hello\r\nBcc: evil@example.com", "hello Bcc: evil@example.com"),
        ("a\x0bb\x1cc\u2028d\x85e", "a b c d e"),
        ("\u202egnp.exe", "gnp.exe"),
        ("a\x00b\x07c\u200b\ufeff", "abc"),
        ("👩\u200d👧", "👩\u200d👧"),
        ("\u202e \u202c", ""),
    ],
)
def test_given_a_text_when_put_on_one_line_then_only_what_shows_is_left(text, shown):
    assert one_line(text) == shown


def test_given_letters_of_many_scripts_when_looked_at_then_none_is_hidden():
    assert not [character for character in "가나다 ABC ひらがな 漢字 العربية é e\u0301 — ’" if is_hidden(character)]
