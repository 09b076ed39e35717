"""Attachments of a service that requires sign-in: for their owner and agents, for all others as if missing."""

import re

import pytest
from django.utils import timezone

from daedap.core.actors import SYSTEM
from daedap.core.scoping import organization_scope, service_scope
from daedap.files.actions import store_file
from daedap.files.models import StoredFile
from daedap.files.tests.samples import GENUINE, upload
from daedap.helpcenter.actions import set_composition
from daedap.members.models import LoginType
from daedap.members.sessions import cookie_name, open_session
from daedap.organizations.models import LoginSecurity
from daedap.services.models import Agent, ServiceLanguage, ServiceState
from daedap.tickets.models import Attachment, Entry, EntryType, Source, Ticket
from tests import factories

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"}
PICTURE = {"Accept": "image/avif,image/webp,image/png,*/*;q=0.8"}
FORM = "/shop/hc/ticket/"


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"


def require(service, *, on=True):
    with service_scope(service.organization_id, service.pk):
        set_composition(service=service, company_information_id=None, attachments_need_sign_in=on, actor=SYSTEM)


@pytest.fixture
def member(shop):
    factories.integrate(shop)
    return factories.make_member(shop, "hong1")


def attach(service, ticket, *, entry=None, uploader="somebody", **facts):
    owned = {"organization_id": service.organization_id, "service_id": service.pk}
    with service_scope(service.organization_id, service.pk):
        file = store_file(upload("사진.png"), uploader=uploader, **owned)
        StoredFile.objects.filter(pk=file.pk).update(**({"bound_at": timezone.now()} | facts))
        Attachment.objects.create(**owned, ticket=ticket, entry=entry, file=file)
    return file


@pytest.fixture
def private(shop, member):
    """Return a file of the member's enquiry, where sign-in is required."""
    require(shop)
    return attach(shop, factories.make_ticket(shop, member=member))


@pytest.fixture
def signed_in(client_of):
    def make(member, service, login_type=LoginType.GET):
        client = client_of(service.organization)
        with service_scope(service.organization_id, service.pk):
            client.cookies[cookie_name()] = open_session(service=service, member=member, login_type=login_type)
        return client

    return make


def address(file, query="", service="shop"):
    return f"/{service}/api/v2/ticket/attachments/{file.public_id}{query}"


def is_served(client, file, **given):
    response = client.get(address(file, **given))
    if response.status_code == 200:
        assert b"".join(response.streaming_content) == GENUINE["png"]
        assert response["Cache-Control"] == "private, no-store"
        return True
    missing = client.get(f"/shop/api/v2/ticket/attachments/{'0' * 32}")
    assert (response.status_code, response.content) == (404, missing.content)
    assert response["Cache-Control"] == "no-store"
    return False


# --- Members -----------------------------------------------------------------------------------------------------


def test_given_the_owner_when_signed_in_then_opened_saved_and_asked_for_by_head(signed_in, shop, member, private):
    client = signed_in(member, shop)
    assert is_served(client, private)
    assert is_served(client, private, query="?type=download")
    head = client.head(address(private))
    assert (head.status_code, head["Content-Length"]) == (200, str(private.size))
    head.close()


def test_given_anybody_else_when_asked_for_then_as_if_missing(
    client_of, acme, beta, signed_in, shop, beta_shop, private
):
    market = factories.make_service(acme, "market")
    for service in (market, beta_shop):
        factories.integrate(service)
    everybody = [
        client_of(acme),
        client_of(beta),
        signed_in(factories.make_member(shop, "other"), shop),
        signed_in(factories.make_member(market, "hong1"), market),
        signed_in(factories.make_member(beta_shop, "hong1"), beta_shop),
    ]
    for client in everybody:
        assert not is_served(client, private)
        assert client.head(address(private)).status_code == 404
        assert client.get(address(private, "?type=download")).status_code == 404
        assert client.get(address(private), headers={"Range": "bytes=0-9"}).status_code == 404
        assert client.get(address(private), headers=PICTURE).status_code == 404
    assert not is_served(signed_in(factories.make_member(market, "hong2"), market), private, service="market")


def test_given_the_owner_when_logged_out_then_404_also_in_the_browser_of_the_upload(
    client_of, acme, shop, member, signed_in
):
    # given an enquiry sent by the form of the help centre
    require(shop)
    client = signed_in(member, shop)
    client.get(FORM)
    file_id = client.post(f"{FORM}files/", {"file": upload("사진.png")}).json()["id"]
    path = f"/shop/api/v2/ticket/attachments/{file_id}"
    assert client.get(path).status_code == 200  # an upload of this browser, not yet sent
    with service_scope(shop.organization_id, shop.pk):
        file = StoredFile.objects.get(public_id=file_id)
    ticket = factories.make_ticket(shop, member=member)
    with service_scope(shop.organization_id, shop.pk):
        StoredFile.objects.filter(pk=file.pk).update(bound_at=timezone.now())
        Attachment.objects.create(organization_id=acme.pk, service=shop, ticket=ticket, file=file)
    assert is_served(client, file)
    # when
    client.post("/shop/hc/logout/")
    # then
    assert client.cookies["hcvisitor"].value
    assert not is_served(client, file)


def test_given_member_integration_off_when_the_owner_asks_then_nobody_is_a_member(signed_in, shop, member, private):
    client = signed_in(member, shop)
    factories.integrate(shop, enabled=False)
    assert not is_served(client, private)


@pytest.mark.parametrize("facts", [{"is_spam": True}, {"source": Source.CALL}])
def test_given_an_enquiry_that_no_list_shows_when_its_customer_asks_then_404(signed_in, shop, member, private, facts):
    Ticket._base_manager.update(**facts)
    assert not is_served(signed_in(member, shop), private)


def test_given_a_file_of_a_comment_or_not_public_when_the_customer_asks_then_404_and_the_agent_sees_it(
    signed_in, client_of, acme, shop, member, agent
):
    require(shop)
    ticket = factories.make_ticket(shop, member=member)
    with service_scope(shop.organization_id, shop.pk):
        entries = {
            kind: Entry.objects.create(
                organization_id=acme.pk,
                service=shop,
                ticket=ticket,
                type=kind,
                body="",
                author_name="김",
                created_at=timezone.now(),
            )
            for kind in (EntryType.COMMENT, EntryType.ENDUSER)
        }
    comment = attach(shop, ticket, entry=entries[EntryType.COMMENT])
    question = attach(shop, ticket, entry=entries[EntryType.ENDUSER])
    hidden = attach(shop, ticket, is_public=False)
    owner, staff = signed_in(member, shop), client_of(acme, agent)
    assert [is_served(owner, file) for file in (comment, question, hidden)] == [False, True, False]
    assert all(is_served(staff, file) for file in (comment, question, hidden))


# --- Guests ------------------------------------------------------------------------------------------------------


def test_given_a_guests_enquiry_when_asked_for_then_only_the_browser_it_came_from(client_of, acme, shop, offered_form):
    require(shop)
    mine, other = client_of(acme), client_of(acme)
    mine.get(FORM)
    other.get(FORM)
    assert mine.post(FORM, offered_form(files=[upload("사진.png")])).status_code == 302
    with service_scope(shop.organization_id, shop.pk):
        file = Attachment.objects.select_related("file").get().file
    assert is_served(mine, file)
    assert not is_served(other, file)
    assert not is_served(client_of(acme), file)
    del mine.cookies["hcvisitor"]
    assert not is_served(mine, file)


@pytest.fixture
def offered_form(shop):
    from daedap.tickets.models import Category

    with service_scope(shop.organization_id, shop.pk):
        category = Category.objects.get()

    def fill(**facts):
        return {
            "form_id": "0123456789abcdef" * 2,
            "category": str(category.pk),
            "name": "김손님",
            "email": "guest@example.com",
            "phone": "",
            "subject": "배송이 안 왔어요",
            "content": "언제 오나요?",
            "personal_agree": "on",
        } | facts

    return fill


def test_given_an_upload_not_yet_sent_when_sign_in_is_required_then_still_its_browsers_alone(
    client_of, acme, shop, agent
):
    require(shop)
    mine = client_of(acme)
    mine.get(FORM)
    file_id = mine.post(f"{FORM}files/", {"file": upload("사진.png")}).json()["id"]
    path = f"/shop/api/v2/ticket/attachments/{file_id}"
    assert mine.get(path).status_code == 200
    assert client_of(acme).get(path).status_code == 404
    assert client_of(acme, agent).get(path).status_code == 404


# --- Staff -------------------------------------------------------------------------------------------------------


def test_given_staff_when_they_ask_then_agents_of_this_service_with_tickets_only(
    client_of, acme, beta, shop, agent, administrator, owner, stranger, private
):
    assert is_served(client_of(acme, agent), private)
    assert is_served(client_of(acme, administrator), private)
    market = factories.make_service(acme, "market")
    elsewhere = factories.make_agent(market, "elsewhere")
    strangers = [client_of(acme, elsewhere), client_of(acme, owner), client_of(beta, stranger)]
    for client in strangers:
        assert not is_served(client, private)
    # a session of another organization on this host
    assert not is_served(client_of(acme, stranger), private)
    # when the right is taken, while the session stays
    client = client_of(acme, agent)
    Agent._base_manager.filter(pk=agent.pk).update(may_tickets=False)
    assert not is_served(client, private)
    Agent._base_manager.filter(pk=agent.pk).update(may_tickets=True, removed_at=timezone.now())
    assert not is_served(client, private)


def test_given_an_address_off_the_list_when_an_agent_asks_then_nobody(client_of, acme, agent, private):
    client = client_of(acme, agent)
    with organization_scope(acme.pk):
        LoginSecurity.objects.update_or_create(
            organization=acme, defaults={"limits_addresses": True, "addresses": ["203.0.113.7"]}
        )
    assert not is_served(client, private)


# --- The switch --------------------------------------------------------------------------------------------------


def test_given_the_switch_when_turned_then_it_holds_at_once_for_open_sessions(client_of, acme, shop, signed_in, member):
    file = attach(shop, factories.make_ticket(shop, member=member))
    guest, own = client_of(acme), signed_in(member, shop)
    for on in (False, True, False, True):
        require(shop, on=on)
        assert is_served(guest, file) is not on
        assert is_served(own, file)


def test_given_a_paused_service_when_anybody_asks_then_403_as_before(client_of, acme, shop, signed_in, member, private):
    type(shop)._base_manager.filter(pk=shop.pk).update(state=ServiceState.PAUSED)
    assert signed_in(member, shop).get(address(private)).status_code == 403
    assert client_of(acme).get(address(private)).status_code == 403


# --- The page ----------------------------------------------------------------------------------------------------


def page_of(client, path, **headers):
    response = client.get(path, headers=BROWSER | headers)
    assert response.status_code == 404
    assert "no-store" in response["Cache-Control"]
    assert response["X-Robots-Tag"] == "noindex"
    assert "script-src 'self'" in response["Content-Security-Policy"]
    return response.text


def without_differences(page, file):
    """The page without what differs each time it is asked for."""
    return re.sub(r'"X-CSRFToken": "\w+"', "", page.replace(file.public_id, "0" * 32))


def test_given_a_link_when_a_guest_follows_it_then_a_page_says_where_to_log_in_and_is_the_same_for_a_missing_file(
    client_of, acme, shop, private
):
    factories.integrate(shop, login_type=LoginType.POST, login_url="https://shop.example.com/login")
    missing = f"/shop/api/v2/ticket/attachments/{'0' * 32}"
    page = page_of(client_of(acme), address(private))
    assert "로그인한 뒤 문의내역에서 열어 주세요." in page
    assert "/shop/hc/login/?next=%2Fshop%2Fhc%2Fticket%2Flist%2F&amp;anew=1" in page
    assert without_differences(page, private) == without_differences(page_of(client_of(acme), missing), private)
    assert "사진" not in page
    with service_scope(acme.pk, shop.pk):
        ServiceLanguage.objects.create(organization_id=acme.pk, service=shop, code="en", name="English", order=1)
    assert "Only the person who asked" in page_of(client_of(acme), address(private, "?language=en"))


def test_given_other_ways_in_when_a_link_is_followed_then_each_is_told_its_own(
    client_of, acme, shop, signed_in, private
):
    assert "이용하시는 앱이나 사이트에 로그인한 뒤" in page_of(client_of(acme), address(private))
    other = signed_in(factories.make_member(shop, "other"), shop)
    assert "다른 계정으로 문의하셨다면" in page_of(other, address(private))
    factories.integrate(shop, enabled=False)
    assert "문의를 보낸 브라우저에서 열어 주세요." in page_of(client_of(acme), address(private))
    require(shop, on=False)
    page = page_of(client_of(acme), f"/shop/api/v2/ticket/attachments/{'0' * 32}")
    assert "주소" in page
    assert "문의하신 분만" not in page


def test_given_an_unknown_service_when_a_browser_asks_then_the_plain_envelope(client_of, acme):
    response = client_of(acme).get(f"/nowhere/api/v2/ticket/attachments/{'0' * 32}", headers=BROWSER)
    assert response.status_code == 404
    assert response.json()["header"]["resultMessage"] == "Not Data Found"


# --- Frames ------------------------------------------------------------------------------------------------------

IN_FRAME = {"Sec-Fetch-Dest": "iframe"}


def test_given_a_member_in_a_frame_when_saving_then_known_by_the_cookie_of_frames(
    client_of, acme, shop, member, private
):
    client = client_of(acme)
    with service_scope(shop.organization_id, shop.pk):
        secret = open_session(service=shop, member=member, login_type=LoginType.GET)
    client.cookies[f"{cookie_name()}-frame"] = secret
    response = client.get(address(private, "?type=download"), headers=BROWSER | IN_FRAME)
    assert response.status_code == 200
    assert response["Content-Disposition"].startswith("attachment")
    assert b"".join(response.streaming_content) == GENUINE["png"]
    client.cookies[f"{cookie_name()}-frame"] = "x" * 43
    assert client.get(address(private), headers=IN_FRAME).status_code == 404


def test_given_a_frame_when_own_enquiries_are_shown_then_files_are_saved_out_of_it_where_sign_in_is_required(
    signed_in, shop, member, private
):
    client = signed_in(member, shop)
    with service_scope(shop.organization_id, shop.pk):
        ticket = Ticket.objects.get()
    path = f"{FORM}list/{ticket.ticket_id}/"
    opened = f'href="{address(private)}" target="_blank"'
    assert opened in client.get(path).text
    framed = client.get(path, headers=IN_FRAME).text
    assert opened not in framed
    assert framed.count(f'href="{address(private)}?type=download"') == 2
    require(shop, on=False)
    assert opened in client.get(path, headers=IN_FRAME).text
