"""Another address for an organization in use (spec 10, 6.5; A68)."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from procrastinate.contrib.django import app

from daedap.accounts.links import issue_link
from daedap.accounts.models import LinkKind, MailLink, SignedInSession
from daedap.audit.models import AuditEntry
from daedap.core.models import OutgoingMail
from daedap.core.scoping import organization_scope
from daedap.organizations import domains, errors, removal
from daedap.organizations.models import Organization, RetiredDomain
from tests import factories
from tests.jobs import queued, run_jobs
from tests.together import together


def change(organization, domain, typed=None):
    with organization_scope(organization.pk):
        return domains.change_domain(
            organization=organization,
            domain=domain,
            typed=organization.domain if typed is None else typed,
            actor=organization.creator.as_actor(),
        )


def save(organization, domain):
    with organization_scope(organization.pk):
        return domains.save_domain(organization=organization, domain=domain, actor=organization.creator.as_actor())


def test_given_domain_changed_when_old_and_new_host_are_opened_then_404_and_answered_A68(acme, owner, client_of):
    old, signed_in = client_of(acme), client_of(acme, owner)
    assert old.get("/login/").status_code == 200
    assert signed_in.get("/admin/organization/").status_code == 200

    changed = change(acme, "Acme-New")

    assert old.get("/login/").status_code == 404
    assert old.get("/shop/hc/").status_code == 404
    assert signed_in.get("/admin/organization/").status_code == 404
    assert not SignedInSession.objects.exists()
    assert client_of(changed).get("/login/").status_code == 200
    page = client_of(changed, owner).get("/admin/organization/")
    assert "http://acme-new.oc.localhost:8000" in page.text
    entry = AuditEntry._base_manager.get(action="organizations.domain_saved")
    assert (entry.facts["was"], entry.facts["now"]) == ("acme", "acme-new")


def test_given_open_links_when_domain_changed_then_void_and_set_up_mail_goes_out_with_the_new_address(
    acme, owner, mailoutbox
):
    waiting = factories.make_iam_member(acme, "kim", password=None)
    for kind, who in ((LinkKind.SET_PASSWORD, waiting), (LinkKind.RESET_PASSWORD, owner)):
        issue_link(kind=kind, lifetime=timedelta(days=1), user=who.user)

    change(acme, "acme-new")
    run_jobs()

    still_open = MailLink.objects.filter(voided_at=None)
    assert [(link.user, link.kind) for link in still_open] == [(waiting.user, LinkKind.SET_PASSWORD)]
    assert len(mailoutbox) == 1
    assert "http://acme-new.oc.localhost:8000/login/password/" in mailoutbox[0].body
    assert mailoutbox[0].to == [waiting.user.email]


def test_given_many_who_wait_when_domain_changed_then_mailed_by_a_job_that_may_run_twice(acme, owner):
    waiting = [factories.make_iam_member(acme, f"kim{number}", password=None) for number in range(3)]

    change(acme, "acme-new")
    assert not OutgoingMail.objects.exists()
    job = queued("organizations.mail_set_up")[0]
    issue_link(kind=LinkKind.SET_PASSWORD, lifetime=timedelta(days=1), user=waiting[0].user)  # mailed anew by hand
    for _ in range(2):
        app.tasks[job.task_name].func(**job.args)

    assert {mail.recipient for mail in OutgoingMail.objects.all()} == {one.user.email for one in waiting[1:]}
    assert OutgoingMail.objects.count() == 2


def test_given_domain_changed_again_before_the_job_ran_then_mails_name_the_last_address_and_come_once(
    acme, owner, mailoutbox
):
    factories.make_iam_member(acme, "kim", password=None)
    change(acme, "acme-new")
    change(acme, "acme-last", typed="acme-new")

    run_jobs()

    assert len(mailoutbox) == 1
    assert "http://acme-last.oc.localhost:8000/" in mailoutbox[0].body


def test_given_organization_deleted_when_its_jobs_run_then_they_end_quietly(acme, owner):
    change(acme, "acme-new")
    gone = {"deleted_at": timezone.now(), "domain": None, "key": "", "activated_at": None}
    Organization.objects.filter(pk=acme.pk).update(**gone)

    run_jobs()

    assert queued() == []
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize("typed", ["", "ACME", "acme-new"])
def test_given_old_domain_not_typed_when_changed_then_refused(acme, typed):
    with pytest.raises(errors.NotTyped):
        change(acme, "acme-new", typed=typed)
    assert Organization.objects.get(pk=acme.pk).domain == "acme"
    assert not RetiredDomain.objects.exists()


@pytest.mark.parametrize("domain", ["beta", "BETA", "console", "a_b", "-abc", "ab", "shop\x00", "acme"])
def test_given_domain_that_cannot_be_used_when_changed_then_refused(acme, beta, domain):
    with pytest.raises(errors.DomainRefused):
        change(acme, domain)
    assert Organization.objects.get(pk=acme.pk).domain == "acme"
    assert not RetiredDomain.objects.exists()


def test_given_retired_domain_when_wanted_by_another_then_refused_for_30_days(acme, beta):
    change(acme, "acme-new")
    young = factories.make_organization(domain=None, key="", activated_at=None)

    assert domains.check_domain("ACME", organization=beta) is not None
    for attempt in (lambda: change(beta, "acme"), lambda: save(young, "acme")):
        with pytest.raises(errors.DomainRefused) as refused:
            attempt()
        assert str(refused.value.message) == "중복된 도메인이 존재합니다."

    with time_machine.travel(timezone.now() + timedelta(days=30, minutes=1), tick=False):
        assert save(young, "acme").domain == "acme"
    assert not RetiredDomain.objects.filter(domain="acme").exists()


def test_given_own_retired_domain_when_taken_back_then_mine_again(acme):
    changed = change(acme, "acme-new")
    assert change(changed, "acme").domain == "acme"
    assert list(RetiredDomain.objects.values_list("domain", flat=True)) == ["acme-new"]


def test_given_domain_never_in_use_when_changed_then_free_at_once(beta):
    young = factories.make_organization(domain="quiet", activated_at=None)
    save(young, "quieter")
    assert change(beta, "quiet").domain == "quiet"


@pytest.mark.django_db(transaction=True)
def test_given_two_that_want_one_new_domain_when_changed_at_once_then_exactly_one_gets_it():
    both = [factories.make_organization() for _ in range(2)]
    outcomes = together(*[lambda one=one: change(one, "wanted") for one in both])
    assert sum(isinstance(outcome, Organization) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, errors.DomainRefused) for outcome in outcomes) == 1
    assert Organization.objects.filter(domain="wanted").count() == RetiredDomain.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_given_domain_given_up_and_taken_at_once_then_the_quarantine_holds():
    for _ in range(5):
        acme, young = factories.make_organization(), factories.make_organization(domain=None, activated_at=None)
        was = acme.domain
        outcomes = together(
            lambda acme=acme: change(acme, f"{acme.domain}-new"), lambda young=young, was=was: save(young, was)
        )
        assert isinstance(outcomes[0], Organization)
        assert isinstance(outcomes[1], errors.DomainRefused)
        assert not Organization.objects.filter(domain=was).exists()


def test_given_quarantine_over_when_tidied_then_forgotten(acme):
    change(acme, "acme-new")
    domains.forget_free_domains()
    assert RetiredDomain.objects.count() == 1
    with time_machine.travel(timezone.now() + timedelta(days=31), tick=False):
        domains.forget_free_domains()
    assert not RetiredDomain.objects.exists()
    assert removal.unfinished() == []


def test_given_ten_changes_in_a_day_when_changed_once_more_then_refused_until_tomorrow(acme):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        changed = acme
        for number in range(10):
            changed = change(changed, f"acme-{number}")
        with pytest.raises(errors.DomainRefused):
            change(changed, "acme-more")
        assert Organization.objects.get(pk=acme.pk).domain == "acme-9"
        assert not RetiredDomain.objects.filter(domain="acme-9").exists()
        clock.shift(timedelta(days=1))
        assert change(changed, "acme-more").domain == "acme-more"
