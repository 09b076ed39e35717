"""Mail: a letter is queued with the change that causes it and delivered by a job."""

from daedap.core.mail.letters import Letter, Sender, queue_letter

__all__ = ["Letter", "Sender", "queue_letter"]
