"""The jobs of every channel, found here by the worker."""

from daedap.connectors.email import tasks as email_tasks

__all__ = ["email_tasks"]
