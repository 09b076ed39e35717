"""Global Management → Organization info, and the organization Key."""

import re

import pytest

from daedap.audit.models import AuditEntry
from daedap.core import events
from daedap.core.actors import SYSTEM
from daedap.core.errors import NotFound
from daedap.organizations.keys import change_key, reveal_key
from tests.factories import make_iam_member

INFO, SHOW, CHANGE = "/admin/organization/", "/admin/organization/key/show/", "/admin/organization/key/change/"


def text(response):
    return response.content.decode()


@pytest.fixture
def client(acme, owner, client_of):
    return client_of(acme, owner)


def entries():
    return list(AuditEntry._base_manager.order_by("pk"))


def test_given_owner_when_info_opened_then_facts_shown_and_key_covered(client, acme):
    page = text(client.get(INFO))
    assert acme.public_id in page
    assert "http://acme.oc.localhost:8000/" in page
    assert acme.key not in page
    assert not entries()


def test_given_owner_when_key_shown_then_it_is_there_and_recorded(client, acme, owner):
    response = client.post(SHOW)
    assert acme.key in text(response)
    assert "no-store" in response["Cache-Control"]
    (entry,) = entries()
    assert (entry.action, entry.organization_id, entry.actor_id) == (
        "organizations.key_revealed",
        acme.pk,
        owner.user.pk,
    )
    assert acme.key not in str(entry.facts)
    assert client.get(SHOW).status_code == 405


def test_given_htmx_when_key_shown_then_only_the_part(client, acme):
    page = text(client.post(SHOW, headers={"hx-request": "true"}))
    assert acme.key in page
    assert "<html" not in page


def test_given_domain_typed_when_key_changed_then_new_key_event_and_record_without_keys(client, acme, monkeypatch):
    published = []
    monkeypatch.setattr(events, "publish", lambda event, **ids: published.append((event, ids)))
    old = acme.key
    assert client.post(CHANGE, {"confirmation": " ACME "}).url == INFO
    acme.refresh_from_db()
    assert re.fullmatch(r"[0-9a-f]{32}", acme.key)
    assert acme.key != old
    assert acme.key_changed_at is not None
    assert published == [("organizations.key_changed", {"organization_id": acme.pk})]
    (entry,) = entries()
    assert (entry.action, entry.facts) == ("organizations.key_changed", {"overlap_hours": 0})


def test_given_consequences_when_change_page_opened_then_named(client, acme):
    page = text(client.get(CHANGE))
    assert "이전 Key는 즉시 사용할 수 없게" in page
    assert acme.key not in page


def test_given_wrong_confirmation_when_key_changed_then_nothing_changes(client, acme):
    old = acme.key
    response = client.post(CHANGE, {"confirmation": "acm"})
    assert response.status_code == 422
    assert 'value="acm"' in text(response)
    acme.refresh_from_db()
    assert (acme.key, acme.key_changed_at) == (old, None)
    assert not entries()


@pytest.mark.parametrize("path", [INFO, SHOW, CHANGE])
def test_given_member_without_rights_or_agent_when_opened_then_403(acme, administrator, client_of, path):
    for who in (make_iam_member(acme, "plain"), administrator):
        client = client_of(acme, who)
        response = client.post(path, {"confirmation": "acme"}) if path != INFO else client.get(path)
        assert response.status_code == 403
    assert not entries()


def test_given_organization_administrator_when_opened_then_shown(acme, client_of):
    assert client_of(acme, make_iam_member(acme, "boss", is_administrator=True)).get(INFO).status_code == 200


def test_given_missing_organization_when_key_asked_then_not_found(db):
    for action in (reveal_key, change_key):
        with pytest.raises(NotFound):
            action(organization_id=0, actor=SYSTEM)
