"""The interface parts: what they promise to pages, and the policy against inline scripts and styles."""

import re
from types import SimpleNamespace

import pytest
from django.core.paginator import Paginator
from django.template import engines
from django.template.loader import render_to_string
from django.utils import translation

from daedap.core.gallery import SampleForm, sample_context
from daedap.core.mail import Letter

TAG = re.compile(r"<[^>]*>")
BASE = {"product_name": "Daedap", "viewer": None, "language": "ko", "languages": [("ko", "한국어")], "nav": None}


@pytest.fixture(autouse=True)
def _korean(settings):
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    with translation.override("ko"):
        yield


def part(source, **context):
    return engines["jinja2"].from_string(source).render(context)


def tag_of(html, name):
    return next(tag for tag in TAG.findall(html) if f'name="{name}"' in tag)


def test_given_an_invalid_form_when_its_fields_are_shown_then_errors_are_tied_to_fields_and_the_first_has_focus():
    form = SampleForm({"name": "", "email": "hong@"})

    html = part('{% from "parts/form.html" import fields %}{{ fields(form) }}', form=form)

    assert 'aria-invalid="true"' in tag_of(html, "name")
    assert 'aria-describedby="id_name_error"' in tag_of(html, "name")
    assert 'aria-describedby="id_email_error id_email_help"' in tag_of(html, "email")
    assert 'value="hong@"' in tag_of(html, "email")
    assert 'id="id_name_error"' in html
    assert [tag for tag in TAG.findall(html) if "autofocus" in tag] == [tag_of(html, "name")]


def test_given_an_error_found_late_in_the_first_field_when_shown_then_the_first_field_of_the_page_has_focus():
    form = SampleForm({"name": "hong", "email": "hong@"})
    form.is_valid()
    form.add_error("name", "Taken.")  # found after the e-mail address

    html = part('{% from "parts/form.html" import fields %}{{ fields(form) }}', form=form)

    assert [tag for tag in TAG.findall(html) if "autofocus" in tag] == [tag_of(html, "name")]


def test_given_a_field_that_only_the_form_demands_when_shown_then_it_can_be_marked_as_required():
    source = '{% from "parts/form.html" import field %}{{ field(form.email, required=True) }}'
    form = SampleForm()
    form.fields["email"].required = False

    assert "d-required" in part(source, form=form)
    assert "d-required" not in part(source.replace(", required=True", ""), form=form)


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KB"), (10 * 1024 * 1024, "10.0 MB")]
)
def test_given_a_number_of_bytes_when_shown_then_in_the_units_of_our_limit(size, text):
    assert part("{{ size | file_size }}", size=size) == text


def test_given_a_large_number_when_shown_then_its_thousands_are_apart():
    assert part("{{ 1234567 | number }} {{ 12 | number }}") == "1,234,567 12"


def test_given_a_password_was_typed_when_the_form_comes_back_then_it_is_not_in_the_page():
    form = SampleForm({"name": "", "password": "secret-1234"})

    html = part('{% from "parts/form.html" import fields %}{{ fields(form) }}', form=form)

    assert "secret-1234" not in html


def test_given_only_field_errors_when_form_errors_are_shown_then_one_sentence_is_read_out():
    html = part('{% from "parts/form.html" import form_errors %}{{ form_errors(form) }}', form=SampleForm({}))

    assert html.count('role="alert"') == 1
    assert "표시된 항목을 확인해 주세요. 아직 저장되지 않았습니다." in html


def test_given_page_four_of_twenty_four_when_paged_then_the_links_lead_to_neighbours_and_ends():
    page = Paginator(range(240), 10).get_page(4)

    html = part("""{% from "parts/pager.html" import pager %}{{ pager(page, "?q=a&page={page}") }}""", page=page)

    assert re.findall(r"page=(\d+)", html) == ["1", "3", "1", "2", "3", "4", "5", "6", "24", "5", "24"]
    assert 'aria-current="page" href="?q=a&amp;page=4"' in html


def test_given_one_page_when_paged_then_nothing_is_shown():
    page = Paginator(range(5), 10).get_page(1)

    assert part('{% from "parts/pager.html" import pager %}{{ pager(page, "?page={page}") }}', page=page).strip() == ""


def test_given_the_gallery_when_rendered_then_no_inline_script_style_or_handler_is_in_it():
    html = render_to_string("core/gallery.html", {**BASE, **sample_context()})

    assert not [tag for tag in TAG.findall(html) if re.search(r"""\s(style|on\w+)=""", tag)]
    assert not re.search(r"<style|<script(?![^>]*\ssrc=)", html)
    assert not re.search(r"""(src|href)=["'](https?:)?//""", html)


@pytest.mark.parametrize("code", [400, 403, 404, 500, 503])
def test_given_an_empty_context_when_an_error_page_is_rendered_then_it_is_complete(code):
    html = render_to_string(f"errors/{code}.html", {})

    assert '<html lang="ko"' in html
    assert html.count("<h1>") == 1
    assert "btn-primary" in html


def test_given_a_letter_when_rendered_then_the_text_part_says_what_the_html_says():
    letter = Letter(
        subject="비밀번호를 설정해 주세요",
        reason="IAM 멤버로 등록되어 보내드립니다.",
        greeting="김상담 님,",
        paragraphs=["하나 <b>& 둘"],
        facts=[("조직", "A & B")],
        button_label="설정하기",
        button_url="https://example.com/?a=1&b=2",
        footnotes=["24시간 동안 유효합니다."],
    )
    context = {"letter": letter, "quote": "", "product_name": "Daedap", "sender_name": "예스24"}

    html, text = render_to_string("mail/letter.html", context), render_to_string("mail/letter.txt", context)

    assert "하나 &lt;b&gt;&amp; 둘" in html
    for words in (
        letter.subject,
        letter.reason,
        "하나 <b>& 둘",
        "조직: A & B",
        "https://example.com/?a=1&b=2",
        *letter.footnotes,
    ):
        assert words in text
    assert text.rstrip().endswith("예스24에서 보낸 메일입니다. (발송: Daedap)")


@pytest.mark.parametrize(
    ("code", "tone"),
    [
        ("new", "orange"),
        ("open", "blue"),
        ("reply", "amber"),
        ("issue_open", "violet"),
        ("solved", "green"),
        ("spam", "red"),
    ],
)
def test_given_a_ticket_state_when_shown_then_colour_icon_and_word_go_together(code, tone):
    html = part(
        '{% from "parts/badge.html" import ticket_state %}{{ ticket_state(state.code, state.label) }}',
        state=SimpleNamespace(code=code, label="말"),
    )

    assert f"d-tone-{tone}" in html
    assert "<svg" in html
    assert "말" in html
