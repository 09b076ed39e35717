import pytest
from django.db import connection

from daedap.accounts.models import LinkKind, MailLink, MembershipType, User, Verification
from daedap.audit.models import AuditEntry
from daedap.core.errors import NotFound
from daedap.core.models import OutgoingMail
from daedap.core.scoping import organization_scope
from daedap.organizations import activation, domains, errors, founding, members
from daedap.organizations.models import IamMember, MemberStatus, Organization, name_key
from daedap.payments.actions import LastMethodKept
from tests import factories
from tests.jobs import queued, run_jobs
from tests.together import together


@pytest.fixture
def payer(founder):
    factories.make_payment_method(founder)
    return founder


@pytest.fixture
def young(payer):
    """An organization without a domain, its scope open."""
    organization = create(payer, "새 조직")
    with organization_scope(organization.pk):
        yield organization


@pytest.fixture
def named(young, payer):
    """An organization with the domain `new-shop`, not yet activated."""
    return domains.save_domain(organization=young, domain="new-shop", actor=payer.as_actor())


def create(user, name):
    return founding.create_organization(user=user, name=name, actor=user.as_actor())


def save(organization, domain):
    return domains.save_domain(organization=organization, domain=domain, actor=organization.creator.as_actor())


def register(organization, login_id="kim.lee", name="김이", email="kim@example.com"):
    return members.register_iam_member(
        organization=organization,
        login_id=login_id,
        name=name,
        email=email,
        actor=organization.creator.as_actor(),
    )


def activate(organization, member_id):
    return activation.activate(
        organization=organization, owner_member_id=member_id, actor=organization.creator.as_actor()
    )


# --- Organization --------------------------------------------------------------------------------


def test_given_no_payment_method_when_created_then_refused_with_70024_A12(founder):
    with pytest.raises(errors.PaymentMethodMissing) as refused:
        create(founder, "예스24")

    assert refused.value.code == 70024
    assert not Organization.objects.exists()


def test_given_payment_method_when_created_then_16_character_id_and_creator_A13(payer):
    organization = create(payer, "  예스24 & Co. ")

    assert organization.name == "예스24 & Co."
    assert len(organization.public_id) == 16
    assert organization.public_id.isalnum()
    assert organization.public_id.isascii()
    assert organization.creator == payer
    assert (organization.domain, organization.key, organization.is_active) == (None, "", False)
    with organization_scope(organization.pk):
        assert AuditEntry.objects.get().action == "organizations.created"


@pytest.mark.parametrize("name", ["가" * 71, "", "   ", "a\x07b", "a\nb", "a\u202eb", "a\u200bb", "ΐ" * 70])
def test_given_name_that_breaks_a_rule_when_created_then_refused_A14(payer, name):
    with pytest.raises(errors.NameRefused) as refused:
        create(payer, name)

    assert refused.value.field == "name"
    assert not Organization.objects.exists()


@pytest.mark.parametrize("name", ["가" * 70, "가족 👨‍👩‍👧", "ß" * 70, "A_b!@#"])
def test_given_unusual_name_within_the_rules_when_created_then_kept_as_typed(payer, name):
    assert create(payer, name).name == name


@pytest.mark.parametrize("name", [" acme ", "ACME", "Acme"])
def test_given_same_name_in_other_case_when_created_then_refused_A15(payer, acme, name):
    with pytest.raises(errors.NameRefused) as refused:
        create(factories.make_organization().creator, name)

    assert str(refused.value.message) == "이미 사용 중인 조직 이름입니다."


def test_given_decomposed_hangul_when_created_then_equal_to_composed(payer):
    create(payer, "가나")
    with pytest.raises(errors.NameRefused):
        create(payer, "\u1100\u1161\u1102\u1161")


def test_given_individual_with_three_organizations_when_one_more_then_refused_A16(payer):
    for number in range(3):
        create(payer, f"조직 {number}")
    with pytest.raises(errors.QuotaReached):
        create(payer, "하나 더")
    assert Organization.objects.count() == 3


def test_given_business_when_sixth_is_created_then_refused(db):
    user = factories.make_platform_member(
        membership_type=MembershipType.BUSINESS,
        company_name="예스",
        business_number="1168200276",
        verification=Verification.APPROVED,
    )
    factories.make_payment_method(user)
    for number in range(5):
        create(user, f"조직 {number}")
    with pytest.raises(errors.QuotaReached):
        create(user, "하나 더")


def test_given_two_organizations_when_renamed_to_the_others_name_then_refused(payer):
    first, second = create(payer, "하나"), create(payer, "둘")

    with pytest.raises(errors.NameRefused):
        founding.rename_organization(organization=second, name="하나 ", actor=payer.as_actor())
    assert Organization.objects.get(pk=second.pk).name == "둘"

    assert founding.rename_organization(organization=second, name="셋", actor=payer.as_actor()).name_key == "셋"
    assert first.name_key == name_key("하나")


# --- Domain --------------------------------------------------------------------------------------


@pytest.mark.parametrize("domain", ["my-shop1", "1shop", "abc", "a" * 40, "a--b"])
def test_given_valid_domain_when_saved_then_stored_with_key_A17_A20(young, domain):
    saved = save(young, domain)

    assert Organization.objects.get(pk=young.pk).domain == domain
    assert saved.url == f"http://{domain}.oc.localhost:8000/"
    assert len(saved.key) == 32
    int(saved.key, 16)


@pytest.mark.parametrize(
    "domain",
    [
        "",
        "ab",
        "a" * 41,
        "-shop",
        "shop_1",
        "쇼핑",
        "shop-",
        "xn--abc",
        "sh op",
        "sh.op",
        "\u212a-shop",
        "\u017fhop",
        "shop\x00",
    ],
)
def test_given_domain_that_breaks_a_rule_when_saved_then_refused_A18_A19(young, domain):
    with pytest.raises(errors.DomainRefused) as refused:
        save(young, domain)

    assert refused.value.field == "domain"
    kept = Organization.objects.get(pk=young.pk)
    assert (kept.domain, kept.key) == (None, "")


@pytest.mark.parametrize(
    "domain",
    ["www", "api", "admin", "console", "oc", "mail", "static", "cdn", "support", "help", "status", "login", "CONSOLE"],
)
def test_given_reserved_domain_when_saved_then_refused_A23(young, domain):
    with pytest.raises(errors.DomainRefused):
        save(young, domain)
    assert Organization.objects.get(pk=young.pk).domain is None


def test_given_domain_taken_when_saved_in_capitals_then_refused_A21(young, acme):
    with pytest.raises(errors.DomainRefused) as refused:
        save(young, "ACME")

    assert str(refused.value.message) == "중복된 도메인이 존재합니다."
    kept = Organization.objects.get(pk=young.pk)
    assert (kept.domain, kept.key) == (None, "")


def test_given_domain_when_checked_then_reason_or_none(young, acme):
    assert str(domains.check_domain("Acme")) == "중복된 도메인이 존재합니다."
    assert domains.check_domain("acme", organization=acme) is None
    assert domains.check_domain("free-one") is None
    assert domains.check_domain("ab") is not None


def test_given_domain_saved_when_saved_again_then_key_stays_and_setup_mails_go_out_anew(named):
    key, member = named.key, register(named)

    changed = save(named, "other-shop")
    run_jobs()

    assert (changed.domain, changed.key) == ("other-shop", key)
    assert MailLink.objects.filter(user=member.user, kind=LinkKind.SET_PASSWORD).count() == 2
    assert MailLink.objects.filter(user=member.user, voided_at=None).count() == 1


def test_given_active_organization_when_domain_saved_then_refused(acme):
    with pytest.raises(errors.DomainRefused):
        save(acme, "other")
    assert Organization.objects.get(pk=acme.pk).domain == "acme"


@pytest.mark.django_db(transaction=True)
def test_given_one_domain_when_saved_twice_at_once_then_exactly_one_wins_A22():
    rivals = [factories.make_organization(domain=None, key="", activated_at=None) for _ in range(4)]

    outcomes = together(*[lambda rival=rival: save(rival, "Shop") for rival in rivals])

    won = [outcome for outcome in outcomes if isinstance(outcome, Organization)]
    lost = [outcome for outcome in outcomes if isinstance(outcome, errors.DomainRefused)]
    assert (len(won), len(lost)) == (1, 3)
    assert [str(refused.message) for refused in lost] == ["중복된 도메인이 존재합니다."] * 3
    assert Organization.objects.get(domain="shop").pk == won[0].pk
    assert [o.key for o in Organization.objects.filter(domain=None)] == [""] * 3


@pytest.mark.django_db(transaction=True)
def test_given_one_name_when_created_twice_at_once_then_exactly_one_wins():
    users = [factories.make_platform_member() for _ in range(3)]
    for user in users:
        factories.make_payment_method(user)

    outcomes = together(*[lambda user=user: create(user, "예스24") for user in users])

    assert sum(isinstance(outcome, Organization) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, errors.NameRefused) for outcome in outcomes) == 2
    assert Organization.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_given_quota_of_three_when_four_are_created_at_once_then_three_exist():
    user = factories.make_platform_member()
    factories.make_payment_method(user)

    outcomes = together(*[lambda number=number: create(user, f"조직 {number}") for number in range(4)])

    assert sum(isinstance(outcome, errors.QuotaReached) for outcome in outcomes) == 1
    assert Organization.objects.filter(creator=user).count() == 3


# --- IAM members ---------------------------------------------------------------------------------


def test_given_domain_when_member_registered_then_listed_and_mail_e2_queued_at_once_A24(named, mailoutbox):
    member = register(named)

    assert (member.status, member.creation_type, member.is_owner) == ("member", "registred", False)
    assert (member.user.realm, member.user.login_id) == (named.public_id, "kim.lee")
    assert not member.user.has_usable_password()
    assert len(queued("core.deliver_mail")) == 1
    run_jobs()
    mail = mailoutbox[0]
    assert mail.to == ["kim@example.com"]
    assert mail.subject == "[Daedap IAM]의 서비스 이용을 위해 비밀번호를 설정해주세요."
    assert "http://new-shop.oc.localhost:8000/login/password/" in mail.body
    assert "kim.lee" in mail.body
    assert "변경하기" in mail.body
    assert MailLink.objects.get(user=member.user).kind == LinkKind.SET_PASSWORD


@pytest.mark.parametrize("login_id", ["Kim", "-kim", "kim.", "_kim", "k" * 21, "", "k im", "김", "kim@x", "kim\n-"])
def test_given_id_that_breaks_a_rule_when_registered_then_refused_A25(named, login_id):
    with pytest.raises(errors.IamMemberRefused) as refused:
        register(named, login_id=login_id)

    assert refused.value.field == "login_id"
    assert refused.value.code in (-200201, -200202)
    assert not IamMember.objects.exists()
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize("login_id", ["k", "k" * 20, "kim.lee", "k-1_a", "1"])
def test_given_id_within_the_rules_when_registered_then_accepted(named, login_id):
    assert register(named, login_id=login_id).user.login_id == login_id


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "김" * 61}, "name"),
        ({"email": "kim"}, "email"),
        ({"email": ""}, "email"),
        ({"email": f"{'k' * 250}@example.com"}, "email"),
        ({"email": "kim@example.com\r\nBcc: x@example.com"}, "email"),
        ({"email": '"a\x0bBcc:x@example.com"@example.com'}, "email"),
    ],
)
def test_given_wrong_name_or_email_when_registered_then_refused(named, facts, field):
    with pytest.raises(errors.IamMemberRefused) as refused:
        register(named, **facts)

    assert refused.value.field == field
    assert not IamMember.objects.exists()


def test_given_id_taken_here_when_registered_then_refused_with_200204_A26(named):
    register(named, login_id="kim")

    with pytest.raises(errors.IamMemberRefused) as refused:
        register(named, login_id="kim")

    assert refused.value.code == -200204
    assert str(refused.value.message) == "같은 ID를 가진 멤버가 이미 존재합니다"
    assert IamMember.objects.count() == 1
    assert OutgoingMail.objects.count() == 1


def test_given_id_taken_elsewhere_when_registered_then_accepted_A27(named, acme):
    factories.make_iam_member(acme, "kim")

    assert register(named, login_id="kim").user.login_id == "kim"
    assert User.objects.filter(login_id="kim").count() == 2


def test_given_no_domain_when_member_registered_then_refused(young):
    with pytest.raises(errors.DomainRefused):
        register(young)
    assert not IamMember.objects.exists()


def test_given_registered_member_when_mail_resent_then_older_link_is_void(named, payer):
    member = register(named)

    members.resend_password_mail(organization=named, member_id=member.pk, actor=payer.as_actor())

    links = MailLink.objects.filter(user=member.user).order_by("pk")
    assert [link.voided_at is None for link in links] == [False, True]
    assert OutgoingMail.objects.count() == 2


def test_given_member_of_another_organization_when_touched_then_not_found(named, acme, payer):
    foreign = factories.make_iam_member(acme, "kim")

    for action in (members.resend_password_mail, members.remove_iam_member):
        with pytest.raises(NotFound):
            action(organization=named, member_id=foreign.pk, actor=payer.as_actor())
    with organization_scope(acme.pk):
        assert IamMember.objects.get().status == MemberStatus.MEMBER


def test_given_wizard_when_member_removed_then_the_id_is_free_again(named, payer):
    member = register(named)

    members.remove_iam_member(organization=named, member_id=member.pk, actor=payer.as_actor())

    assert not IamMember.objects.exists()
    assert not User.objects.filter(realm=named.public_id).exists()
    register(named)


def test_given_active_organization_when_member_removed_then_left_and_cannot_enter(acme, owner, open_acme):
    member = register(acme)

    members.remove_iam_member(organization=acme, member_id=member.pk, actor=acme.creator.as_actor())

    member.refresh_from_db()
    assert member.status == MemberStatus.LEFT
    assert not User.objects.get(pk=member.user_id).is_active
    assert not MailLink.objects.filter(user_id=member.user_id, voided_at=None).exists()
    with pytest.raises(errors.OwnerKept):
        members.remove_iam_member(organization=acme, member_id=owner.pk, actor=acme.creator.as_actor())


# --- Activation ----------------------------------------------------------------------------------


def test_given_nobody_ticked_when_activated_then_refused_and_not_enabled_A28(named):
    register(named, login_id="kim")
    register(named, login_id="lee")

    for owner_member_id in (None, 0, 10**9):
        with pytest.raises(errors.OwnerMissing):
            activate(named, owner_member_id)

    assert not Organization.objects.get(pk=named.pk).is_active
    assert not IamMember.objects.filter(is_owner=True).exists()


def test_given_one_ticked_when_activated_then_enabled_owner_stored_and_mail_e10_A29(named, mailoutbox):
    member = register(named)

    activate(named, member.pk)

    organization = Organization.objects.get(pk=named.pk)
    assert organization.is_active
    assert IamMember.objects.get(is_owner=True).pk == member.pk
    run_jobs()
    mail = next(mail for mail in mailoutbox if mail.to == [organization.creator.email])
    assert "http://new-shop.oc.localhost:8000/" in mail.body
    assert "kim.lee" in mail.body


def test_given_enabled_when_activated_again_then_refused_with_13002_A30(acme, owner, open_acme):
    other = factories.make_iam_member(acme, "kim")

    with pytest.raises(errors.AlreadyEnabled) as refused:
        activate(acme, other.pk)

    assert refused.value.code == 13002
    assert IamMember.objects.get(is_owner=True).pk == owner.pk


def test_given_owner_of_another_organization_when_activated_then_refused(named, acme):
    with pytest.raises(errors.OwnerMissing):
        activate(named, factories.make_iam_member(acme, "kim").pk)
    assert not Organization.objects.get(pk=named.pk).is_active


def test_given_payment_method_gone_when_activated_then_refused(named, payer):
    member = register(named)
    founding.delete_payment_method(user=payer, method_id=payer.payment_methods.get().pk, actor=payer.as_actor())

    with pytest.raises(errors.PaymentMethodMissing):
        activate(named, member.pk)
    assert not IamMember.objects.filter(is_owner=True).exists()


def test_given_active_organization_when_only_payment_method_deleted_then_kept(acme):
    with pytest.raises(LastMethodKept):
        founding.delete_payment_method(
            user=acme.creator, method_id=acme.creator.payment_methods.get().pk, actor=acme.creator.as_actor()
        )
    assert acme.creator.payment_methods.count() == 1


@pytest.mark.django_db(transaction=True)
def test_given_two_owners_ticked_at_once_when_activated_then_exactly_one_is_owner():
    organization = factories.make_organization(domain="twice", activated_at=None)
    members = [factories.make_iam_member(organization, f"m{number}") for number in range(2)]

    def enable(member):
        with organization_scope(organization.pk):
            return activate(organization, member.pk)

    outcomes = together(*[lambda member=member: enable(member) for member in members])

    assert sum(isinstance(outcome, errors.AlreadyEnabled) for outcome in outcomes) == 1
    with organization_scope(organization.pk):
        assert IamMember.objects.filter(is_owner=True).count() == 1


def test_given_key_when_stored_then_it_is_encrypted(named):
    with connection.cursor() as cursor:
        cursor.execute("SELECT key FROM organizations_organization WHERE id = %s", [named.pk])
        assert named.key not in cursor.fetchone()[0]
