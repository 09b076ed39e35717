"""A sample of every mail, written by the functions that write the real ones. For `{base}/-/mail/templates/`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from daedap.core.mail.letters import Letter, Sender

_samples: dict[str, Sample] = {}


@dataclass(frozen=True)
class Sample:
    """A mail of this `kind` (the word of `queue_letter`). `compose` writes it in the language it is given."""

    kind: str
    compose: Callable[[str], Letter]
    sender: Sender


def add_sample(kind: str, compose: Callable[[str], Letter], *, sender: str = "") -> None:
    """Show the mail `kind` among the samples. Called in `AppConfig.ready`; `sender` is the name it is sent under."""
    _samples[kind] = Sample(kind, compose, Sender(name=sender))


def list_samples() -> list[Sample]:
    """Return all samples by their kind."""
    return sorted(_samples.values(), key=lambda sample: sample.kind)


def find_sample(kind: str) -> Sample | None:
    """Return the sample of this kind, or None."""
    return _samples.get(kind)
