from daedap.core.mail import Letter, queue_letter
from daedap.core.models import MailStatus, OutgoingMail
from tests.jobs import queued, run_jobs


def test_given_queued_letter_when_jobs_run_then_it_is_sent_and_emptied(db, mailoutbox):
    # given
    queue_letter(Letter(subject="안녕하세요", reason="시험입니다."), to="a@example.com", language="ko", kind="test")
    assert [job.task_name for job in queued()] == ["core.deliver_mail"]
    # when
    assert run_jobs() == 2  # the mail, and the connector that hears of it
    # then
    mail = OutgoingMail.objects.get()
    assert (mail.status, mail.recipient, mail.content) == (MailStatus.SENT, "", "")
    assert [(message.subject, message.to) for message in mailoutbox] == [("안녕하세요", ["a@example.com"])]
