from __future__ import annotations

import email
import email.policy
import json
import socket

import pytest
from aiosmtpd.controller import Controller

from daedap.connectors.email import tasks
from daedap.core.mail.delivery import MailPostponed, deliver_mail
from daedap.core.models import MailStatus, OutgoingMail
from daedap.core.scoping import no_scope, service_scope
from daedap.tickets import actions
from daedap.tickets.models import Entry, EventCode, MailState, Status, TicketEvent
from tests import factories
from tests.jobs import queued, run_jobs


def make_answer(service, agent, *, to=Status.SOLVED, body="<p>확인했습니다.<br>내일 도착합니다.</p>", **facts):
    with service_scope(service.organization_id, service.pk):
        ticket = factories.make_ticket(service, **facts)
        actor = agent.as_actor()
        ticket = actions.take_ticket(ticket_id=ticket.ticket_id, agent=agent, actor=actor)
        return actions.answer_ticket(
            ticket_id=ticket.ticket_id, agent=agent, to=to, body=body, version=ticket.version, request_id=None,
            actor=actor,
        )  # fmt: skip


def letter():
    return json.loads(OutgoingMail.objects.get().content)


def codes():
    return list(TicketEvent.objects.values_list("code", flat=True))


class Server:
    """A real SMTP server on loopback that answers RCPT as told, and keeps what it took."""

    def __init__(self):
        self.answers, self.taken = [], []

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):
        self.taken.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"


@pytest.fixture
def smtp(settings):
    server = Server()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(server, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_TIMEOUT = 5
    yield server
    controller.stop()


def test_given_answer_when_delivered_then_customer_has_one_mail_and_entry_is_sent_A10(open_shop, agent, smtp):
    entry = make_answer(open_shop, agent)
    with no_scope():
        run_jobs()

    assert len(smtp.taken) == 1
    message = smtp.taken[0]
    assert message["Subject"].strip() == f"Re: 배송이 안 왔어요 [#{entry.ticket.ticket_id}]"
    assert message["To"] == "hong@example.com"
    assert message["From"].addresses[0].display_name == "쇼핑몰"
    text = message.get_body(("plain",)).get_content()
    assert "> 확인했습니다.\n> 내일 도착합니다." in text.replace("\r\n", "\n")
    assert "<p>확인했습니다.<br>내일 도착합니다.</p>" in message.get_body(("html",)).get_content()
    entry.refresh_from_db()
    assert entry.mail_state == MailState.SENT
    assert codes() == [EventCode.ASSIGNED, EventCode.SOLVED, EventCode.MAIL_SENT]
    mail = OutgoingMail.objects.get()
    assert (mail.status, mail.recipient, mail.content) == (MailStatus.SENT, "", "")


def test_given_interim_answer_when_delivered_then_one_mail_A11(open_shop, agent, smtp):
    make_answer(open_shop, agent, to=Status.REPLY)
    with no_scope():
        run_jobs()
    assert len(smtp.taken) == 1
    assert codes()[-2:] == [EventCode.HELD, EventCode.MAIL_SENT]


def test_given_server_busy_when_tried_again_then_sent_once(open_shop, agent, smtp):
    smtp.answers = ["451 try later"]
    entry = make_answer(open_shop, agent)
    with no_scope():
        with pytest.raises(MailPostponed):
            run_jobs()
        mail = OutgoingMail.objects.get()
        entry.refresh_from_db()
        assert (mail.status, mail.tries, entry.mail_state) == (MailStatus.QUEUED, 1, MailState.QUEUED)
        assert smtp.taken == []

        deliver_mail(mail.pk)
        run_jobs()

    assert len(smtp.taken) == 1
    entry.refresh_from_db()
    assert entry.mail_state == MailState.SENT
    assert codes().count(EventCode.MAIL_SENT) == 1


def test_given_address_refused_when_delivered_then_failed_and_state_stands(open_shop, agent, smtp):
    smtp.answers = ["550 no such user"]
    entry = make_answer(open_shop, agent)
    with no_scope():
        run_jobs()

    assert smtp.taken == []
    entry.refresh_from_db()
    assert (entry.mail_state, entry.ticket.status) == (MailState.FAILED, Status.SOLVED)
    assert codes()[-1] == EventCode.MAIL_FAILED
    assert OutgoingMail.objects.get().status == MailStatus.FAILED


def test_given_server_down_for_good_when_all_tries_are_used_then_failed(open_shop, agent, smtp):
    smtp.answers = ["451 try later"] * 9
    entry = make_answer(open_shop, agent)
    with no_scope():
        with pytest.raises(MailPostponed):
            run_jobs()
        mail = OutgoingMail.objects.get()
        for _ in range(2):
            with pytest.raises(MailPostponed):
                deliver_mail(mail.pk)
        deliver_mail(mail.pk)
        run_jobs()
    entry.refresh_from_db()
    assert entry.mail_state == MailState.FAILED
    assert codes().count(EventCode.MAIL_FAILED) == 1


def test_given_job_runs_twice_when_composed_then_one_mail_A36(open_shop, agent):
    entry = make_answer(open_shop, agent)
    (job,) = queued("connectors.mail_answer")
    for _ in range(2):
        tasks.mail_answer_job.func(**job.args)
    assert OutgoingMail.objects.get().reference == f"ticket-entry:{entry.pk}"
    assert len(queued("core.deliver_mail")) == 1


def test_given_result_told_twice_when_noted_then_one_event(open_shop, agent):
    make_answer(open_shop, agent)
    (job,) = queued("connectors.mail_answer")
    tasks.mail_answer_job.func(**job.args)
    OutgoingMail.objects.update(status=MailStatus.SENT)
    with no_scope():
        for _ in range(2):
            tasks.note_mail_job.func(mail_id=OutgoingMail.objects.get().pk)
    assert codes().count(EventCode.MAIL_SENT) == 1


def test_given_mail_names_entry_of_another_tenant_when_noted_then_untouched(open_shop, agent, beta):
    entry = make_answer(open_shop, agent)
    forged = OutgoingMail.objects.create(
        organization_id=beta.pk, kind="x", reference=f"ticket-entry:{entry.pk}", message_id="<x>", recipient="",
        content="", status=MailStatus.FAILED,
    )  # fmt: skip
    with no_scope():
        tasks.note_mail_job.func(mail_id=forged.pk)
    entry.refresh_from_db()
    assert entry.mail_state == MailState.QUEUED


def test_given_no_address_when_answered_then_no_mail(open_shop, agent):
    entry = make_answer(open_shop, agent, customer_email="")
    with no_scope():
        run_jobs()
    assert OutgoingMail.objects.count() == 0
    entry.refresh_from_db()
    assert entry.mail_state == MailState.NO_ADDRESS


def test_given_comment_when_jobs_run_then_no_mail_A12(open_shop, agent):
    ticket = factories.make_ticket(open_shop)
    actions.add_comment(ticket_id=ticket.ticket_id, agent=agent, body="<p>메모</p>", actor=agent.as_actor())
    with no_scope():
        run_jobs()
    assert OutgoingMail.objects.count() == 0


def test_given_member_when_mailed_then_link_to_enquiry_and_guest_gets_none(open_shop, agent):
    entry = make_answer(open_shop, agent, member=factories.make_member(open_shop))
    (job,) = queued("connectors.mail_answer")
    tasks.mail_answer_job.func(**job.args)
    address = f"http://acme.oc.localhost:8000/shop/hc/ticket/list/{entry.ticket.ticket_id}/"
    assert address in letter()["text"]
    OutgoingMail.objects.all().delete()

    make_answer(open_shop, agent)
    job = queued("connectors.mail_answer")[-1]
    tasks.mail_answer_job.func(**job.args)
    assert "/hc/" not in letter()["text"]


def test_given_english_ticket_when_mailed_then_in_english(open_shop, agent):
    make_answer(open_shop, agent, language="en", body="<p>It will arrive tomorrow.</p>")
    (job,) = queued("connectors.mail_answer")
    tasks.mail_answer_job.func(**job.args)
    assert "쇼핑몰 has answered your enquiry." in letter()["text"]


def test_given_script_slipped_into_the_database_when_mailed_then_cleaned(open_shop, agent):
    entry = make_answer(open_shop, agent)
    Entry.objects.filter(pk=entry.pk).update(body="<p>안녕</p><script>alert(1)</script>")
    (job,) = queued("connectors.mail_answer")
    tasks.mail_answer_job.func(**job.args)
    assert "alert" not in letter()["html"] + letter()["text"]


def test_given_line_break_in_subject_when_mailed_then_one_header_line(open_shop, agent):
    make_answer(open_shop, agent, subject="제목\nBcc: x@example.com")
    (job,) = queued("connectors.mail_answer")
    tasks.mail_answer_job.func(**job.args)
    assert "\n" not in letter()["subject"]
