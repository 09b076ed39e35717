import contextlib
import smtplib
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from procrastinate.jobs import Job

from daedap.core import events
from daedap.core.mail import Letter, Sender, queue_letter
from daedap.core.mail.delivery import LEASE, MailClaimed, MailPostponed, claim_mail, deliver_mail
from daedap.core.mail.kept import find_kept_mail, list_kept_mails
from daedap.core.models import MailStatus, OutgoingMail
from daedap.core.tasks import deliver_mail as deliver_mail_job

LETTER = Letter(
    subject="비밀번호를 설정해 주세요",
    reason="관리자가 회원님을 등록했습니다.",
    paragraphs=["<b>아래</b> 버튼을 눌러 주세요."],
    facts=[("아이디", "kim")],
    button_label="변경하기",
    button_url="http://acme.oc.localhost:8000/login/password/abc/",
)


def make_mail(**over):
    return queue_letter(LETTER, **({"to": "kim@example.com", "language": "ko", "kind": "test"} | over))


def test_given_a_letter_when_delivered_then_both_parts_say_the_same(db, mailoutbox):
    mail = make_mail()
    deliver_mail(mail.pk)
    [message] = mailoutbox
    html = message.alternatives[0].content
    for said in (LETTER.reason, LETTER.button_url, "kim", "변경하기"):
        assert said in message.body
        assert said in html
    assert "<b>아래</b>" not in html
    assert message.extra_headers["Message-ID"] == mail.message_id


def test_given_a_sent_mail_when_delivered_again_then_nothing_leaves(db, mailoutbox):
    mail = make_mail()
    deliver_mail(mail.pk)
    deliver_mail(mail.pk)
    assert len(mailoutbox) == 1


def test_given_a_claim_of_a_killed_process_when_its_lease_is_over_then_the_mail_can_be_claimed(db):
    # given
    mail = make_mail()
    assert claim_mail(mail.pk) is not None
    assert claim_mail(mail.pk) is None
    with pytest.raises(MailClaimed):
        deliver_mail(mail.pk)
    # when
    OutgoingMail.objects.filter(pk=mail.pk).update(claimed_at=claim_time(mail) - LEASE * 1.01)
    # then
    assert claim_mail(mail.pk) is not None


@pytest.mark.parametrize(
    ("error", "attempts", "seconds"),
    [
        (MailPostponed("busy"), 0, 60),
        (MailPostponed("busy"), 1, 300),
        (MailPostponed("busy"), 2, 1800),
        (MailPostponed("busy"), 9, 1800),
        (MailClaimed(), 0, 121),
        (MailClaimed(), 4, 121),  # a killed process leaves attempts behind: they do not make the mail wait longer
        (ValueError("ours"), 2, 1800),
        (ValueError("ours"), 3, None),
    ],
)
def test_given_a_mail_that_did_not_leave_when_tried_again_then_after_this_time(error, attempts, seconds):
    job = Job(id=1, queue="mail", lock=None, queueing_lock=None, task_name="core.deliver_mail", attempts=attempts)
    before = timezone.now()
    decision = deliver_mail_job.get_retry_exception(exception=error, job=job)
    if seconds is None:
        assert decision is None
        return
    waits = decision.retry_decision.retry_at - before
    assert timedelta(seconds=seconds) <= waits < timedelta(seconds=seconds + 5)


def claim_time(mail):
    return OutgoingMail.objects.get(pk=mail.pk).claimed_at


def test_given_a_server_that_refuses_for_now_when_delivered_then_it_waits_and_at_last_fails(
    db, monkeypatch, mailoutbox
):
    # given
    mail = make_mail()

    def refuse(self, fail_silently=False):
        raise smtplib.SMTPServerDisconnected("away")

    monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", refuse)
    # when, then
    for _ in range(3):
        with pytest.raises(MailPostponed):
            deliver_mail(mail.pk)
        assert OutgoingMail.objects.get().status == MailStatus.QUEUED
    deliver_mail(mail.pk)
    assert OutgoingMail.objects.get().status == MailStatus.FAILED
    assert mailoutbox == []


def test_given_a_recipient_that_is_refused_for_good_when_delivered_then_failed_at_once(db, monkeypatch):
    mail = make_mail()

    def refuse(self, fail_silently=False):
        raise smtplib.SMTPRecipientsRefused({"kim@example.com": (550, b"unknown")})

    monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", refuse)
    deliver_mail(mail.pk)
    assert OutgoingMail.objects.get().status == MailStatus.FAILED


@pytest.mark.parametrize(
    ("error", "status", "level", "reason"),
    [
        (smtplib.SMTPAuthenticationError(535, b"wrong"), MailStatus.QUEUED, "WARNING", "SMTPAuthenticationError 535"),
        (smtplib.SMTPSenderRefused(550, b"who?", "us"), MailStatus.QUEUED, "WARNING", "SMTPSenderRefused 550"),
        (smtplib.SMTPDataError(451, b"later"), MailStatus.QUEUED, "WARNING", "SMTPDataError 451"),
        (smtplib.SMTPDataError(554, b"spam"), MailStatus.FAILED, "ERROR", "SMTPDataError 554"),
        (ConnectionRefusedError(), MailStatus.QUEUED, "WARNING", "ConnectionRefusedError"),
    ],
)
def test_given_a_refusal_when_it_is_of_us_and_not_of_the_mail_then_it_waits_and_the_log_says_why(
    db, monkeypatch, caplog, error, status, level, reason
):
    mail = make_mail()

    def refuse(self, fail_silently=False):
        raise error

    monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", refuse)
    with contextlib.nullcontext() if status == MailStatus.FAILED else pytest.raises(MailPostponed):
        deliver_mail(mail.pk)
    assert OutgoingMail.objects.get().status == status
    [told] = [record for record in caplog.records if record.msg == "mail not sent"]
    assert (told.levelname, told.reason) == (level, reason)


@pytest.mark.django_db(transaction=True)
def test_given_an_outage_of_the_database_when_a_mail_has_left_then_it_is_noted_later_and_not_sent_again(
    monkeypatch, mailoutbox
):
    mail = make_mail()
    publish, away = events.publish, [2]

    def lost_at_first(*args, **facts):
        if away[0]:
            away[0] -= 1
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        publish(*args, **facts)

    monkeypatch.setattr(events, "publish", lost_at_first)
    monkeypatch.setattr("daedap.core.mail.delivery.NOTE_SECONDS", (0, 0, 0))
    deliver_mail(mail.pk)
    assert OutgoingMail.objects.get().status == MailStatus.SENT
    deliver_mail(mail.pk)
    assert len(mailoutbox) == 1


def test_given_an_address_that_would_break_the_header_when_delivered_then_failed_at_once_and_told(
    db, settings, tmp_path, monkeypatch
):
    settings.EMAIL_BACKEND = "daedap.core.mail.backends.KeptMailBackend"  # writes mail out, as the one for SMTP does
    settings.MAIL_FOLDER = tmp_path / "mail"
    told = []
    monkeypatch.setattr("daedap.core.events.publish", lambda event, **ids: told.append((event, ids)))
    mail = make_mail(to='"a\x0bBcc:evil@example.com"@example.com')
    deliver_mail(mail.pk)
    assert OutgoingMail.objects.get().status == MailStatus.FAILED
    assert told == [("mail.failed", {"mail_id": mail.pk})]
    assert list_kept_mails() == []


def test_given_line_ends_in_subject_and_senders_name_when_delivered_then_they_are_spaces(db, mailoutbox):
    letter = Letter(subject="hi\r\nBcc: evil@example.com", reason="r")
    sender = Sender(name="Shop\nBcc: evil@example.com")
    deliver_mail(queue_letter(letter, to="kim@example.com", language="ko", kind="test", sender=sender).pk)
    [message] = mailoutbox
    assert message.subject == "hi Bcc: evil@example.com"
    assert message.recipients() == ["kim@example.com"]
    assert message.message()["From"].startswith('"Shop Bcc: evil@example.com"')


@pytest.mark.django_db(transaction=True)
def test_given_a_kill_before_the_event_when_a_mail_was_sent_then_it_does_not_count_as_told(mailoutbox, monkeypatch):
    """A mail noted as sent whose answer nobody told would read "sending" for ever."""
    mail = make_mail()

    def killed(event, **ids):
        raise KeyboardInterrupt

    monkeypatch.setattr("daedap.core.events.publish", killed)
    with pytest.raises(KeyboardInterrupt):
        deliver_mail(mail.pk)
    assert OutgoingMail.objects.get().status == MailStatus.SENDING


@pytest.mark.django_db(transaction=True)
def test_given_a_kill_before_the_job_when_a_letter_is_queued_outside_a_transaction_then_nothing_stays(monkeypatch):
    def killed(name, **ids):
        raise KeyboardInterrupt

    monkeypatch.setattr("daedap.core.jobs.defer", killed)
    with pytest.raises(KeyboardInterrupt):
        make_mail()
    assert not OutgoingMail.objects.exists()


def test_given_no_mail_server_when_delivered_then_the_mail_is_kept_and_can_be_read(
    db, settings, tmp_path, platform_client
):
    # given
    settings.EMAIL_BACKEND = "daedap.core.mail.backends.KeptMailBackend"
    settings.MAIL_FOLDER = tmp_path / "mail"
    # when
    deliver_mail(make_mail().pk)
    # then
    [kept] = list_kept_mails()
    assert kept.subject == LETTER.subject
    assert kept.recipient == "kim@example.com"
    assert LETTER.button_url in kept.text
    assert find_kept_mail("../secret_key") is None
    assert LETTER.subject in platform_client.get("/-/mail/").content.decode()
    page = platform_client.get(f"/-/mail/{kept.name}/").content.decode()
    assert LETTER.button_url in page
    frame = platform_client.get(f"/-/mail/{kept.name}/html/")
    assert "sandbox" in frame.headers["Content-Security-Policy"]
    assert platform_client.get("/-/mail/20260101-000000-000000-abcdef/").status_code == 404


def test_given_many_mails_when_one_is_sought_by_what_it_answers_then_an_index_finds_it(db):
    """Every answer asks once whether it has a mail already, and mails are kept for good."""
    OutgoingMail.objects.bulk_create(
        OutgoingMail(organization_id=1, kind="answer", reference=f"ticket-entry:{number}", message_id=f"<{number}@d>")
        for number in range(1000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE core_outgoingmail")
    plan = OutgoingMail.objects.filter(organization_id=1, reference="ticket-entry:41").explain()
    assert "outgoing_mail_reference" in plan
