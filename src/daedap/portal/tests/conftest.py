from __future__ import annotations

import re

import pytest

from tests import factories
from tests.jobs import run_jobs


@pytest.fixture
def member_client(platform_client, founder):
    """The founder's browser on the platform site, without a payment method."""
    platform_client.force_login(founder)
    return platform_client


@pytest.fixture
def payer_client(member_client, founder):
    """The founder's browser; the founder has a payment method."""
    factories.make_payment_method(founder)
    return member_client


@pytest.fixture
def mailed_path(mailoutbox):
    """Return the path of the newest mailed link that begins with `prefix`."""

    def find(prefix):
        run_jobs()
        found = re.findall(rf"http://[\w.:-]+({prefix}\S+)", mailoutbox[-1].body)
        assert found, mailoutbox[-1].body
        return found[0]

    return find
