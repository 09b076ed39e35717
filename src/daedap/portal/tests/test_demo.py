import json

import pytest

from daedap.core.scoping import service_scope
from daedap.members.models import IntegrationSettings
from daedap.organizations.models import Organization
from daedap.portal.demo import fill_demo
from daedap.services.models import Service
from daedap.tickets.models import Ticket
from tests.jobs import run_jobs


@pytest.fixture
def filled(db):
    return fill_demo()


def test_given_empty_installation_when_demo_filled_then_the_promised_facts(filled, client_of, platform_client):
    assert set(filled) == {
        "base_url",
        "platform_member",
        "organization",
        "owner",
        "administrator",
        "agent",
        "service",
        "post_service",
        "integrator",
    }
    json.dumps(filled)
    organization = Organization.objects.get(domain="demo")
    assert filled["organization"]["key"] == organization.key
    assert filled["integrator"] == {
        "url": "http://localhost:8100/",
        "token_verification_url": "http://localhost:8100/oc/verify",
        "post_url": "http://shop.demo.oc.localhost:8100/",
        "login_url": "http://shop.demo.oc.localhost:8100/login",
        "login_status_url": "http://shop.demo.oc.localhost:8100/oc/login-status",
    }
    assert filled["post_service"]["helpcenter_url"].endswith("/web/hc/")
    login = {"email": filled["platform_member"]["email"], "password": filled["platform_member"]["password"]}
    assert platform_client.post("/login/", login).url == "/console/"


@pytest.mark.parametrize("who", ["owner", "administrator", "agent"])
def test_given_demo_when_its_people_sign_in_then_they_get_in(filled, client_of, who):
    browser = client_of(Organization.objects.get(domain="demo"))
    assert browser.login(
        username=filled[who]["id"], password=filled[who]["password"], realm=filled["organization"]["id"]
    )


def test_given_demo_when_filled_again_then_nothing_changes(filled):
    organization = Organization.objects.get(domain="demo")
    with service_scope(organization.pk, _service(organization).pk):
        before = list(Ticket.objects.order_by("pk").values_list("pk", "status", "version"))

        assert fill_demo() == filled

        assert list(Ticket.objects.order_by("pk").values_list("pk", "status", "version")) == before
        assert len(before) == 21
        assert {status for _, status, _ in before} == {"new", "open", "reply", "solved", "closed"}
        integration = IntegrationSettings.objects.get()
        assert (integration.enabled, integration.login_type) == (True, "get")
        assert integration.token_verification_url == "http://localhost:8100/oc/verify"
    run_jobs()


def test_given_settings_that_people_changed_when_demo_filled_again_then_they_stay_but_for_the_shops_port(
    filled, monkeypatch
):
    organization = Organization.objects.get(domain="demo")
    with service_scope(organization.pk, _service(organization).pk):
        IntegrationSettings.objects.update(guest_enquiries=False)
        monkeypatch.setenv("SHOP_PORT", "8111")
        fill_demo()
        integration = IntegrationSettings.objects.get()
        assert integration.guest_enquiries is False
        assert integration.token_verification_url == "http://localhost:8111/oc/verify"
        IntegrationSettings.objects.update(token_verification_url="https://shop.example/verify")
        fill_demo()
        assert IntegrationSettings.objects.get().token_verification_url == "https://shop.example/verify"


def _service(organization):
    return Service._base_manager.get(organization=organization, service_id="shop")


def test_given_demo_when_filled_then_a_second_service_is_connected_by_post(filled):
    organization = Organization.objects.get(domain="demo")
    by_post = Service._base_manager.get(organization=organization, service_id="web")
    with service_scope(organization.pk, by_post.pk):
        integration = IntegrationSettings.objects.get()
    assert (integration.enabled, integration.login_type) == (True, "post")
    assert integration.login_url == filled["integrator"]["login_url"]
    assert integration.login_status_url == filled["integrator"]["login_status_url"]
