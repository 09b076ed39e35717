"""Members in the console: editing, OWNER, unlocking; platform members and their roles (spec 10, 7.3 and 2.3)."""

import pytest

from daedap.accounts import approvals, limits
from daedap.accounts.links import LinkRefused
from daedap.accounts.models import MailLink
from daedap.audit.models import AuditEntry, PermissionChange
from daedap.core.errors import NotFound, PermissionRefused, TooManyAttempts
from daedap.core.models import OutgoingMail
from daedap.core.scoping import organization_scope
from daedap.organizations import console_members, errors, members, owners
from daedap.organizations.models import ConsoleMember, ConsoleRole, IamMember
from tests import factories
from tests.together import together

ROLES = list(ConsoleRole)


def edit(organization, member, **facts):
    user = member.user
    known = {"login_id": user.login_id, "name": user.name, "email": user.email, "mobile": "", "mobile_country": ""}
    with organization_scope(organization.pk):
        return members.edit_iam_member(
            organization=organization,
            member_id=member.pk,
            actor=organization.creator.as_actor(),
            **(known | facts),
        )


def move(organization, member):
    with organization_scope(organization.pk):
        return owners.move_owner(organization=organization, member_id=member.pk, actor=organization.creator.as_actor())


def add(organization, email, role="MEMBER", by=None):
    by = by or organization.creator
    with organization_scope(organization.pk):
        return console_members.add_console_member(
            organization=organization, email=email, role=role, by=by, actor=by.as_actor()
        )


# --- IAM members ---------------------------------------------------------------------------------


def test_given_new_id_when_edited_then_logs_in_with_it(acme, owner, client_of):
    edited = edit(acme, owner, login_id="boss", name="대표", mobile="010-1234-5678", mobile_country="kr")

    assert (edited.user.login_id, edited.user.name) == ("boss", "대표")
    assert (edited.mobile_country, edited.mobile) == ("KR", "+821012345678")
    answer = client_of(acme).post("/login/", {"login_id": "boss", "password": factories.PASSWORD})
    assert answer.status_code == 302
    entry = AuditEntry._base_manager.get(action="organizations.member_edited")
    assert entry.facts == {"changed": ["login_id", "name"]}


@pytest.mark.parametrize(
    ("facts", "code", "field"),
    [
        ({"login_id": "kim"}, -200204, "login_id"),
        ({"login_id": "Kim"}, -200202, "login_id"),
        ({"login_id": "a" * 21}, -200201, "login_id"),
        ({"name": " "}, -200203, "name"),
        ({"email": "x"}, 400, "email"),
        ({"mobile": "010-1234-5678"}, 400, "mobile_country"),
        ({"mobile": "010-1234-5678", "mobile_country": "KOR"}, 400, "mobile_country"),
        ({"mobile": "12", "mobile_country": "KR"}, 400, "mobile"),
        ({"mobile": "010-1234-5678", "mobile_country": "QQ"}, 400, "mobile"),
    ],
)
def test_given_fact_that_breaks_a_rule_when_edited_then_refused_with_its_code(acme, owner, facts, code, field):
    factories.make_iam_member(acme, "kim")
    with pytest.raises(errors.IamMemberRefused) as refused:
        edit(acme, owner, **facts)
    assert (refused.value.code, refused.value.field) == (code, field)
    owner.user.refresh_from_db()
    assert (owner.user.login_id, owner.user.email) == ("owner", "owner@example.com")


def test_given_waiting_member_when_address_changes_then_the_old_link_dies_and_a_mail_goes_to_the_new(acme):
    kim = factories.make_iam_member(acme, "kim", password=None)
    with organization_scope(acme.pk):
        members.resend_password_mail(organization=acme, member_id=kim.pk, actor=acme.creator.as_actor())

    edit(acme, kim, email="new@example.com")

    assert MailLink.objects.filter(user=kim.user, voided_at=None).count() == 1
    assert OutgoingMail.objects.latest("pk").recipient == "new@example.com"


def test_given_member_when_address_changes_then_the_old_one_is_told_without_the_new(acme, owner):
    edit(acme, owner, name="대표")
    assert not OutgoingMail.objects.exists()

    edit(acme, owner, email="new@example.com")

    mail = OutgoingMail.objects.get(kind="iam-address-changed")
    assert (mail.recipient, mail.organization_id) == ("owner@example.com", acme.pk)
    assert "new@example.com" not in mail.content
    assert acme.creator.name in mail.content


def test_given_too_many_mails_to_the_old_address_when_changed_then_refused_and_address_kept(acme, owner, monkeypatch):
    monkeypatch.setattr(members, "SETUP_MAILS_PER_ADDRESS", 0)

    with pytest.raises(TooManyAttempts):
        edit(acme, owner, email="new@example.com")

    owner.user.refresh_from_db()
    assert owner.user.email == "owner@example.com"
    assert not OutgoingMail.objects.exists()


def test_given_member_of_another_organization_when_touched_then_not_found(acme, beta):
    theirs = factories.make_iam_member(beta, "kim")
    for attempt in (lambda: edit(acme, theirs, name="x"), lambda: move(acme, theirs)):
        with pytest.raises(NotFound):
            attempt()
    with organization_scope(acme.pk), pytest.raises(NotFound):
        members.unlock_iam_member(organization=acme, member_id=theirs.pk, actor=acme.creator.as_actor())


def test_given_locked_member_when_unlocked_then_logs_in(acme, owner, client_of):
    for _ in range(6):
        client_of(acme).post("/login/", {"login_id": "owner", "password": "Wrong!12"})
    assert limits.lock_left(realm=acme.public_id, login_id="owner")
    with organization_scope(acme.pk):
        members.unlock_iam_member(organization=acme, member_id=owner.pk, actor=acme.creator.as_actor())
    answer = client_of(acme).post("/login/", {"login_id": "owner", "password": factories.PASSWORD})
    assert answer.status_code == 302


def test_given_owner_when_mark_is_moved_then_one_owner_and_both_in_the_log_D12(acme, owner):
    kim = factories.make_iam_member(acme, "kim", is_administrator=True)

    move(acme, kim)

    with organization_scope(acme.pk):
        assert [member.pk for member in IamMember.objects.filter(is_owner=True)] == [kim.pk]
        rows = [(row.target_account, row.before, row.after) for row in PermissionChange.objects.order_by("pk")]
    assert rows == [
        ("owner", ["owner"], []),
        ("kim", ["organization_administrator"], ["owner", "organization_administrator"]),
    ]
    with organization_scope(acme.pk):
        members.remove_iam_member(organization=acme, member_id=owner.pk, actor=acme.creator.as_actor())


@pytest.mark.django_db(transaction=True)
def test_given_mark_moved_to_two_at_once_then_exactly_one_owner_and_a_log_in_step():
    organization = factories.make_organization()
    first = factories.make_iam_member(organization, is_owner=True)
    others = [factories.make_iam_member(organization) for _ in range(2)]

    together(*[lambda who=who: move(organization, who) for who in others])

    with organization_scope(organization.pk):
        owner = IamMember.objects.get(is_owner=True)
        lost = list(
            PermissionChange.objects.filter(operation="remove_administrator")
            .order_by("pk")
            .values_list("target_account", flat=True)
        )
    assert owner.pk in {member.pk for member in others}
    assert lost == [first.user.login_id, next(who.user.login_id for who in others if who.pk != owner.pk)]


# --- Platform members ----------------------------------------------------------------------------


def test_given_platform_id_when_added_then_listed_and_told(acme):
    guest = factories.make_platform_member(email="guest@example.com")

    add(acme, " Guest@example.com ", role="ADMIN")

    with organization_scope(acme.pk):
        people = console_members.list_people(acme)
    assert [(person.user, person.role) for person in people] == [(acme.creator, "OWNER"), (guest, "ADMIN")]
    assert console_members.get_organization(user=guest, public_id=acme.public_id) == (acme, ConsoleRole.ADMIN)
    assert OutgoingMail.objects.get(kind="console-member-added").recipient == "guest@example.com"


def test_given_nobody_iam_member_or_member_already_when_added_then_refused(acme, owner):
    factories.make_console_member(acme, email="in@example.com")
    for email in ("nobody@example.com", "owner", "in@example.com", ""):
        with pytest.raises(errors.ConsoleMemberRefused):
            add(acme, email)
    with pytest.raises(errors.CreatorKept) as refused:
        add(acme, "founder@example.com", role="NONE")
    assert refused.value.code == 22013
    with organization_scope(acme.pk):
        assert ConsoleMember.objects.count() == 1


@pytest.mark.parametrize(
    ("giver", "may_give"),
    [
        ("OWNER", {"OWNER", "ADMIN", "ORG_MEMBER_ADMIN", "MEMBER", "NONE"}),
        ("ADMIN", {"ADMIN", "ORG_MEMBER_ADMIN", "MEMBER", "NONE"}),
        ("ORG_MEMBER_ADMIN", {"ORG_MEMBER_ADMIN", "MEMBER", "NONE"}),
        ("MEMBER", set()),
        ("NONE", set()),
    ],
)
def test_given_role_when_others_are_given_or_taken_then_never_above_ones_own(acme, giver, may_give):
    by = factories.make_console_member(acme, giver).user
    for role in ROLES:
        target = factories.make_console_member(acme, role)
        guest = factories.make_platform_member()
        common = {"organization": acme, "by": by, "actor": by.as_actor()}
        attempts = (
            lambda guest=guest, role=role: add(acme, guest.email, role=role, by=by),
            lambda target=target, c=common: console_members.change_console_role(member_id=target.pk, role="NONE", **c),
            lambda target=target, c=common: console_members.remove_console_member(member_id=target.pk, **c),
        )
        with organization_scope(acme.pk):
            for number, attempt in enumerate(attempts):
                if role in may_give:
                    attempt()
                else:
                    with pytest.raises(PermissionRefused):
                        attempt()
                    assert ConsoleMember.objects.get(pk=target.pk).role == role, number
            assert ConsoleMember.objects.filter(pk=target.pk).exists() == (role not in may_give)


def test_given_unknown_role_or_foreign_row_when_changed_then_refused(acme, beta):
    theirs = factories.make_console_member(beta, "MEMBER")
    mine = factories.make_console_member(acme, "MEMBER")
    common = {"organization": acme, "by": acme.creator, "actor": acme.creator.as_actor()}
    with organization_scope(acme.pk):
        with pytest.raises(NotFound):
            console_members.change_console_role(member_id=theirs.pk, role="ADMIN", **common)
        with pytest.raises(NotFound):
            console_members.remove_console_member(member_id=theirs.pk, **common)
        with pytest.raises(errors.ConsoleMemberRefused):
            console_members.change_console_role(member_id=mine.pk, role="BILLING_VIEWER", **common)
        assert ConsoleMember.objects.get().role == "MEMBER"
    assert ConsoleMember._base_manager.get(pk=theirs.pk).role == "MEMBER"


# --- Mail that nobody asked for ------------------------------------------------------------------


def register(organization, login_id, email):
    with organization_scope(organization.pk):
        return members.register_iam_member(
            organization=organization, login_id=login_id, name="김", email=email, actor=organization.creator.as_actor()
        )


def test_given_ten_setup_mails_to_one_address_when_one_more_member_gets_it_then_refused_and_nothing_stored(acme):
    for number in range(10):
        register(acme, f"kim{number}", "victim@example.com")
    with pytest.raises(TooManyAttempts) as refused:
        register(acme, "kim10", "Victim@example.com")
    assert refused.value.field == "email"
    assert OutgoingMail.objects.count() == 10
    assert not IamMember._base_manager.filter(user__login_id="kim10").exists()
    register(acme, "lee", "lee@example.com")


def test_given_ten_setup_mails_when_sent_again_or_the_id_is_edited_then_refused_and_the_last_link_lives(acme):
    kim = register(acme, "kim", "kim@example.com")
    with organization_scope(acme.pk):
        for _number in range(9):
            members.resend_password_mail(organization=acme, member_id=kim.pk, actor=acme.creator.as_actor())
        with pytest.raises(TooManyAttempts):
            members.resend_password_mail(organization=acme, member_id=kim.pk, actor=acme.creator.as_actor())
    with pytest.raises(TooManyAttempts):
        edit(acme, kim, login_id="kim2")
    assert OutgoingMail.objects.count() == 10
    assert MailLink.objects.filter(user=kim.user, voided_at=None).count() == 1
    kim.user.refresh_from_db()
    assert kim.user.login_id == "kim"


def test_given_twenty_addresses_tried_when_one_more_is_added_to_the_console_then_refused_whoever_it_is(acme):
    guest = factories.make_platform_member()
    for number in range(20):
        with pytest.raises(errors.ConsoleMemberRefused):
            add(acme, f"nobody{number}@example.com")
    with pytest.raises(TooManyAttempts):
        add(acme, guest.email)
    assert not ConsoleMember._base_manager.exists()
    assert not OutgoingMail.objects.exists()


def test_given_a_log_in_that_waits_when_the_address_changes_then_the_button_in_the_old_mailbox_is_dead(acme, owner):
    token = approvals.issue(owner.user, mark="wait")
    edit(acme, owner, email="new@example.com")
    with pytest.raises(LinkRefused):
        approvals.approve(token, realm=acme.public_id, may_enter=lambda _user: True, ip="")
    assert not approvals.is_approved(owner.user, mark="wait")
