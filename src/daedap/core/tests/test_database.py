import time
from pathlib import Path

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from procrastinate.contrib.django import app
from psycopg_pool import ConnectionPool, PoolTimeout

from daedap.core.database import cause_of, unhurried, violated_constraint
from daedap.core.jobs import job
from tests import factories


def test_given_a_refused_row_when_asked_then_the_constraint_is_named(acme):
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        factories.make_organization(name="Other", domain="acme")
    assert violated_constraint(refused.value) == "organizations_organization_domain_key"


def test_given_an_error_of_our_own_making_when_asked_then_no_constraint():
    assert violated_constraint(IntegrityError("no cause")) == ""


# --- Limits --------------------------------------------------------------------------------------


def limits():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout'), current_setting('lock_timeout')")
        return cursor.fetchone()


def test_given_a_page_when_it_asks_the_database_then_statements_and_waiting_are_limited(db):
    assert limits() == ("30s", "4s")
    with connection.cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == ("2min",)


@pytest.mark.django_db(transaction=True)
def test_given_time_when_it_is_taken_then_for_the_block_only_even_if_it_fails():
    with unhurried():
        assert limits() == ("0", "4s")
    with unhurried(locks=True):
        assert limits() == ("0", "0")
    factories.make_organization(name="One", domain="acme")
    with pytest.raises(IntegrityError), unhurried():
        factories.make_organization(name="Other", domain="acme")
    assert limits() == ("30s", "4s")


def test_given_a_job_when_it_runs_then_its_statements_may_take_long_but_it_waits_for_nobody(db):
    seen = []
    task = job(name="core.tests.look")(lambda: seen.append(limits()))
    try:
        task()
    finally:
        app.tasks.pop("core.tests.look")
    assert seen == [("0", "4s")]


def test_given_a_statement_that_takes_too_long_when_it_is_ended_then_the_cause_is_named(db):
    with pytest.raises(OperationalError) as ended, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '10ms'; SELECT pg_sleep(5)")
    assert cause_of(ended.value) == "QueryCanceled"


def test_given_an_outage_when_it_is_over_then_the_first_who_asks_is_answered(settings, tmp_path):
    """By itself the pool tries again ever later, and whoever asks meanwhile waits in vain."""
    options = settings.DATABASES["default"]["OPTIONS"]
    address = {"dbname": "daedap", "user": "daedap", "host": str(tmp_path)}
    with ConnectionPool(kwargs=address, open=True, **options["pool"]) as pool:
        with pytest.raises(PoolTimeout):
            pool.getconn(timeout=0.1)
        gone = time.monotonic()
        while pool.get_stats()["pool_size"] and time.monotonic() < gone + 6:
            time.sleep(0.05)
        assert pool.get_stats()["pool_size"] == 0  # nobody sleeps until some later try
        real = Path(connection.settings_dict["HOST"] or options["host"])
        for socket in real.glob(".s.PGSQL.*"):
            (tmp_path / socket.name).symlink_to(socket)
        pool.putconn(pool.getconn(timeout=2))
