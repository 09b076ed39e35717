from __future__ import annotations

from collections import defaultdict

import pytest

from daedap.core import events
from daedap.core.jobs import job


@job(name="tests.hear", retry=None)
def hear(**ids: int) -> None:
    """Stands for a subscriber of a higher floor."""


@pytest.fixture
def subscribed(monkeypatch):
    """Have `tests.hear` told of answers, and nobody else."""
    monkeypatch.setattr(events, "_subscribers", defaultdict(list, {"tickets.answered": ["tests.hear"]}))
