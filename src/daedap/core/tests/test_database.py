import pytest
from django.db import IntegrityError, transaction

from daedap.core.database import violated_constraint
from tests import factories


def test_given_a_refused_row_when_asked_then_the_constraint_is_named(acme):
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        factories.make_organization(name="Other", domain="acme")
    assert violated_constraint(refused.value) == "organizations_organization_domain_key"


def test_given_an_error_of_our_own_making_when_asked_then_no_constraint():
    assert violated_constraint(IntegrityError("no cause")) == ""
