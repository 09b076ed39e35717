"""Organization administrators and invitations (spec 10, 5.5)."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from daedap.accounts.models import MailLink, User
from daedap.audit.models import AuditEntry, Operation, PermissionChange
from daedap.core.errors import NotFound, TooManyAttempts
from daedap.core.models import OutgoingMail
from daedap.core.scoping import organization_scope
from daedap.organizations import administrators, invitations
from daedap.organizations.members import remove_iam_member
from daedap.organizations.models import CreationType, IamMember, MemberStatus
from tests.factories import PASSWORD, make_iam_member
from tests.jobs import run_jobs

LIST = "/admin/administrators/"
ADD = f"{LIST}add/"
INVITE = f"{LIST}invite/"
NEW = {"name": "박초대", "login_id": "park", "email": "park@shop.example"}


def text(response):
    return response.content.decode()


def changes():
    return list(PermissionChange._base_manager.order_by("pk"))


def fresh(member):
    return IamMember._base_manager.select_related("user").get(pk=member.pk)


def find(login_id):
    return IamMember._base_manager.select_related("user").filter(user__login_id=login_id).first()


@pytest.fixture
def head(acme, owner):
    return make_iam_member(acme, "head", name="오관리", is_administrator=True)


@pytest.fixture
def kim(acme):
    return make_iam_member(acme, "kim", name="김상담", email="kim@shop.example")


@pytest.fixture
def client(acme, head, client_of):
    return client_of(acme, head, REMOTE_ADDR="203.0.113.7")


def invited_link():
    """Return the path of the link in the newest mail."""
    run_jobs()
    return re.search(r"http://acme\.oc\.localhost:8000(/login/password/\S+/)", mail.outbox[-1].body)[1]


# --- Administrators ------------------------------------------------------------------------------


def test_given_administrators_when_listed_then_the_owner_first_and_not_removable_A72(client, owner, head, kim):
    page = text(client.get(LIST))
    rows = page.split("<tbody>")[1]
    assert rows.index("직원 owner") < rows.index("오관리")
    assert "김상담" not in page
    assert "OWNER" in page
    assert f"{LIST}{owner.pk}/remove/" not in page
    assert f"{LIST}{head.pk}/remove/" in page


@pytest.mark.parametrize("method", ["get", "post"])
def test_given_owner_when_removed_then_refused_and_nothing_changed_A72(client, owner, method):
    response = getattr(client, method)(f"{LIST}{owner.pk}/remove/")
    assert response.status_code == 422
    assert "OWNER는 삭제할 수 없습니다." in text(response)
    assert fresh(owner).is_owner
    assert changes() == []


@pytest.mark.parametrize("query", ["?name=&account=&email=", "?name=+&account=&email=%20"])
def test_given_three_empty_boxes_when_searched_then_refused_A69(client, kim, query):
    response = client.get(ADD + query)
    assert response.status_code == 422
    assert "이름, 계정, 이메일 중 하나를 입력해 주세요." in text(response)
    assert "김상담" not in text(response)


@pytest.mark.parametrize("query", ["name=상담", "account=KI", "email=kim@SHOP", "name=김&account=kim&email=example"])
def test_given_part_of_name_account_or_email_when_searched_then_found(client, kim, query):
    assert "김상담" in text(client.get(f"{ADD}?{query}"))


@pytest.mark.parametrize("query", ["name=김&account=lee", "name=오관리", "account=owner", "account=stranger"])
def test_given_others_administrators_or_foreigners_when_searched_then_not_found_but_invite_offered_A70(
    client, kim, stranger, query
):
    page = text(client.get(f"{ADD}?{query}"))
    assert "검색 결과가 없습니다" in page
    assert f"{INVITE}?" in page
    assert "회원 초대" in page
    assert 'name="member"' not in page


def test_given_a_member_who_left_when_searched_or_added_then_unknown(client, acme):
    gone = make_iam_member(acme, "gone", status=MemberStatus.LEFT)
    assert 'name="member"' not in text(client.get(f"{ADD}?account=gone"))
    assert client.post(f"{ADD}?account=gone", {"member": gone.pk}).status_code == 404
    assert not fresh(gone).is_administrator
    assert changes() == []


def test_given_a_candidate_when_saved_then_administrator_at_once_and_logged(client, acme, head, kim, client_of):
    before = client_of(acme, kim)
    assert before.get(LIST).status_code == 403
    assert client.post(f"{ADD}?name=김", {"member": kim.pk}).url == LIST
    now = fresh(kim)
    assert now.is_administrator
    assert now.administrator_added_by == "오관리"
    assert timezone.now() - now.administrator_added_at < timedelta(minutes=1)
    assert before.get(LIST).status_code == 200
    (row,) = changes()
    assert (row.operation, row.organization_id, row.service_id) == (Operation.ADD_ADMINISTRATOR, acme.pk, None)
    assert (row.operator_name, row.operator_account, row.ip) == ("오관리", "head", "203.0.113.7")
    assert (row.target_name, row.target_account) == ("김상담", "kim")
    assert (row.before, row.after) == ([], ["organization_administrator"])
    assert AuditEntry._base_manager.filter(action="organizations.administrator_added").count() == 1


@pytest.mark.parametrize("who", ["owner", "head"])
def test_given_an_administrator_when_added_again_then_refused_with_9007(client, owner, head, who):
    member = {"owner": owner, "head": head}[who]
    with (
        organization_scope(member.organization_id),
        pytest.raises(administrators.AlreadyAdministrator) as refused,
    ):
        administrators.add_administrator(member_id=member.pk, actor=head.user.as_actor())
    assert refused.value.code == 9007
    response = client.post(f"{ADD}?name=x", {"member": member.pk})
    assert response.status_code == 422
    assert "이미 조직관리자로 등록된 멤버입니다." in text(response)
    assert changes() == []


def test_given_a_member_of_another_organization_when_added_or_removed_then_404(client, stranger):
    assert client.post(f"{ADD}?name=x", {"member": stranger.member.pk}).status_code == 404
    for method in (client.get, client.post):
        assert method(f"{LIST}{stranger.member.pk}/remove/").status_code == 404
    assert not fresh(stranger.member).is_administrator
    assert changes() == []


@pytest.mark.parametrize("value", ["", "x", "1" * 30, "-1", "²"])
def test_given_no_choice_or_nonsense_when_saved_then_asked_again(client, kim, value):
    assert client.post(f"{ADD}?name=김", {"member": value}).status_code == 422
    assert changes() == []


def test_given_an_administrator_when_removed_then_their_next_request_is_refused(client, acme, client_of):
    lee = make_iam_member(acme, "lee", name="이관리", is_administrator=True)
    theirs = client_of(acme, lee)
    assert theirs.get(LIST).status_code == 200
    assert "이관리" in text(client.get(f"{LIST}{lee.pk}/remove/"))
    assert fresh(lee).is_administrator  # asking alone does nothing
    assert client.post(f"{LIST}{lee.pk}/remove/").url == LIST
    assert theirs.get(LIST).status_code == 403
    (row,) = changes()
    assert (row.operation, row.target_account) == (Operation.REMOVE_ADMINISTRATOR, "lee")
    assert (row.before, row.after) == (["organization_administrator"], [])


def test_given_oneself_when_removed_then_asked_first_and_closed_at_once(client, head):
    assert "본인을 삭제하려고 합니다." in text(client.get(f"{LIST}{head.pk}/remove/"))
    assert client.post(f"{LIST}{head.pk}/remove/").url == "/"
    assert client.get(LIST).status_code == 403
    assert [row.operation for row in changes()] == [Operation.REMOVE_ADMINISTRATOR]


def test_given_an_administrator_when_taken_out_in_the_console_then_logged_too(acme, founder, head):
    with organization_scope(acme.pk):
        remove_iam_member(organization=acme, member_id=head.pk, actor=founder.as_actor("203.0.113.1"))
    (row,) = changes()
    assert (row.operation, row.target_account) == (Operation.REMOVE_ADMINISTRATOR, "head")
    assert (row.operator_account, row.ip) == ("founder@example.com", "203.0.113.1")


# --- Invitations ---------------------------------------------------------------------------------


def test_given_an_invitation_when_the_password_is_set_then_active_and_can_log_in_A71(client, acme, head, client_of):
    # given
    assert client.post(INVITE, NEW).url == LIST
    park = find("park")
    assert (park.creation_type, park.invited_by_id, park.is_invited) == (CreationType.INVITED, head.user_id, True)
    assert "초대 중" in text(client.get(LIST))
    visitor = client_of(acme)
    assert visitor.post("/login/", {"login_id": "park", "password": PASSWORD}).status_code == 422
    link = invited_link()
    assert OutgoingMail.objects.get(reference=f"iam-member:{park.pk}").kind == "iam-invitation"
    assert mail.outbox[-1].to == ["park@shop.example"]
    assert "Acme의 Online Contact에 초대되었습니다." in mail.outbox[-1].subject
    # when
    assert visitor.get(link).status_code == 200
    assert find("park").is_invited  # opening uses nothing up
    assert visitor.post(link, {"password": PASSWORD, "again": PASSWORD}).url == "/login/"
    # then
    assert not find("park").is_invited
    assert "초대 중" not in text(client.get(LIST))
    assert visitor.post("/login/", {"login_id": "park", "password": PASSWORD}).url == "/"


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"login_id": "head"}, "같은 ID를 가진 멤버가 이미 존재합니다"),
        ({"login_id": "Park"}, ""),
        ({"login_id": "-park"}, ""),
        ({"login_id": "p" * 21}, ""),
        ({"name": " "}, ""),
        ({"name": "가" * 61}, ""),
        ({"email": "park"}, ""),
    ],
)
def test_given_a_broken_rule_of_step_7_when_invited_then_refused_and_nothing_sent(client, facts, sentence):
    count = User.objects.count()
    response = client.post(INVITE, NEW | facts)
    assert response.status_code == 422
    assert sentence in text(response)
    assert User.objects.count() == count
    assert OutgoingMail.objects.count() == 0


def test_given_what_was_searched_when_invite_is_opened_then_it_is_filled_in_A70(client):
    page = text(client.get(f"{INVITE}?name=박초대&login_id=park&email=p@x.example"))
    assert 'value="박초대"' in page
    assert 'value="park"' in page
    assert 'value="p@x.example"' in page


def test_given_an_open_invitation_when_sent_again_then_only_the_new_link_works(client, acme, client_of):
    client.post(INVITE, NEW)
    old = invited_link()
    assert client.post(f"{LIST}{find('park').pk}/invite-again/").url == LIST
    new = invited_link()
    visitor = client_of(acme)
    assert visitor.get(old).status_code == 410
    assert visitor.get(new).status_code == 200


def test_given_five_mails_in_an_hour_when_sent_again_then_refused(acme, head):
    with organization_scope(acme.pk):
        actor = head.user.as_actor()
        park = invitations.invite_member(organization=acme, inviter=head, actor=actor, **NEW)
        for _ in range(5):
            invitations.invite_again(organization=acme, member_id=park.pk, inviter=head, actor=actor)
        with pytest.raises(TooManyAttempts):
            invitations.invite_again(organization=acme, member_id=park.pk, inviter=head, actor=actor)
    assert MailLink.objects.filter(user=park.user).count() == 6


def test_given_an_invitation_older_than_seven_days_when_opened_then_dead_but_still_listed(client, acme, client_of):
    client.post(INVITE, NEW)
    link = invited_link()
    MailLink.objects.update(expires_at=timezone.now())
    assert client_of(acme).get(link).status_code == 410
    assert "초대 중" in text(client.get(LIST))


def test_given_an_open_invitation_when_cancelled_then_the_link_is_dead_and_the_id_free(client, acme, client_of):
    client.post(INVITE, NEW)
    link, park = invited_link(), find("park")
    client.post(f"{ADD}?account=park", {"member": park.pk})
    assert client.get(f"{LIST}{park.pk}/cancel/").status_code == 200
    assert client.post(f"{LIST}{park.pk}/cancel/").url == LIST
    assert client_of(acme).get(link).status_code == 410
    assert find("park") is None
    assert [row.operation for row in changes()] == [Operation.ADD_ADMINISTRATOR, Operation.REMOVE_ADMINISTRATOR]
    assert client.post(INVITE, NEW).url == LIST


def test_given_an_accepted_invitation_when_cancelled_or_sent_again_then_404(client, acme):
    done = make_iam_member(acme, "done", creation_type=CreationType.INVITED, password=PASSWORD)
    registered = make_iam_member(acme, "registered", password=None)
    for member in (done, registered):
        assert client.post(f"{LIST}{member.pk}/cancel/").status_code == 404
        assert client.post(f"{LIST}{member.pk}/invite-again/").status_code == 404
        assert fresh(member).status == MemberStatus.MEMBER
    assert OutgoingMail.objects.count() == 0


def test_given_an_invitation_of_another_organization_when_cancelled_then_not_found(acme, head, beta):
    other = make_iam_member(beta, "other", password=None, creation_type=CreationType.INVITED)
    with organization_scope(acme.pk), pytest.raises(NotFound):
        invitations.cancel_invitation(organization=acme, member_id=other.pk, inviter=head, actor=head.user.as_actor())
    assert fresh(other).status == MemberStatus.MEMBER
