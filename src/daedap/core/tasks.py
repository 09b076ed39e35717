"""Jobs of the core."""

from __future__ import annotations

from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.contrib.django import app
from procrastinate.jobs import Job

from daedap.core import limits
from daedap.core.jobs import job
from daedap.core.mail import delivery


class _MailRetry(BaseRetryStrategy):
    """Tries again after 1, 5 and 30 minutes (spec 50, 12.5); the mail's row decides when to give up.

    `job.attempts` are those before this one: 0 when the first has failed.
    """

    waits = (60, 300, 1800)

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if not isinstance(exception, delivery.MailPostponed) and job.attempts >= len(self.waits):
            return None
        if isinstance(exception, delivery.MailClaimed):
            return RetryDecision(retry_in={"seconds": int(delivery.LEASE.total_seconds()) + 1})
        return RetryDecision(retry_in={"seconds": self.waits[min(job.attempts, len(self.waits) - 1)]})


@job(name="core.deliver_mail", queue="mail", retry=_MailRetry())
def deliver_mail(mail_id: int) -> None:
    """Hand one queued mail to the mail server."""
    delivery.deliver_mail(mail_id)


@app.periodic(cron="11 3 * * *")
@job(name="core.tidy_limits")
def tidy_limits(timestamp: int = 0) -> None:
    """Every night: counters that count for nothing any more go."""
    limits.tidy()
