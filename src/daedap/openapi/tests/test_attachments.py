import pytest
from django.utils import timezone

from daedap.core.scoping import service_scope
from daedap.files import actions
from daedap.files.models import StoredFile
from daedap.files.tests.samples import GENUINE, upload
from tests import factories


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture
def stored(shop):
    """Return a bound file of the shop."""

    def make(name="사진.png", **facts):
        with service_scope(shop.organization_id, shop.pk):
            file = actions.store_file(
                upload(name), organization_id=shop.organization_id, service_id=shop.pk, uploader="somebody"
            )
            StoredFile.objects.filter(pk=file.pk).update(**({"bound_at": timezone.now()} | facts))
        return file

    return make


def address(file, query="", service="shop"):
    return f"/{service}/api/v2/ticket/attachments/{file.public_id}{query}"


def body_of(response):
    return b"".join(response.streaming_content)


INLINE = {"jpg", "jpeg", "png", "gif", "bmp", "tif", "tiff", "pdf", "txt", "mp3", "wav"}


@pytest.mark.parametrize("extension", sorted(GENUINE))
def test_given_bound_file_when_opened_then_bytes_inline_only_for_harmless_types(acme, stored, client_of, extension):
    file = stored(f"a.{extension}")
    response = client_of(acme).get(address(file))
    assert response.status_code == 200
    assert response["Content-Disposition"].split(";")[0] == ("inline" if extension in INLINE else "attachment")
    assert response["X-Content-Type-Options"] == "nosniff"
    directives = response["Content-Security-Policy"].split("; ")
    if extension in {"mp3", "wav"}:
        assert directives[:3] == ["sandbox allow-same-origin", "default-src 'none'", "media-src 'self'"]
    else:
        assert directives == ["sandbox", "default-src 'none'", "style-src 'unsafe-inline'"]
    assert not any("script" in directive for directive in directives)
    assert response["Content-Type"] == file.content_type
    assert body_of(response) == GENUINE[extension]


def test_given_type_download_when_asked_for_then_saved_under_its_korean_name(acme, stored, client_of):
    response = client_of(acme).get(address(stored('영수증 "1".png'), "?type=download"))
    assert response["Content-Disposition"] == "attachment; filename*=utf-8''%EC%98%81%EC%88%98%EC%A6%9D%20%221%22.png"
    body_of(response)


def test_given_content_type_that_is_active_when_opened_then_saved_never_shown(acme, stored, client_of):
    for content_type in ("text/html", "image/svg+xml", "application/xhtml+xml", "text/javascript"):
        response = client_of(acme).get(address(stored(content_type=content_type), "?type=open"))
        assert response["Content-Disposition"].startswith("attachment")
        body_of(response)


@pytest.mark.parametrize("facts", [{"bound_at": None}, {"is_public": False}])
def test_given_unbound_or_not_public_file_when_asked_for_then_404(acme, stored, client_of, facts):
    assert client_of(acme).get(address(stored(**facts))).status_code == 404


def test_given_file_of_other_tenant_or_service_or_unknown_when_asked_for_then_404(
    acme, beta, stored, client_of, beta_shop
):
    file = stored()
    factories.make_service(acme, "market")
    assert client_of(beta).get(address(file)).status_code == 404
    assert client_of(acme).get(address(file, service="market")).status_code == 404
    assert client_of(acme).get(f"/shop/api/v2/ticket/attachments/{'0' * 32}").status_code == 404
    assert client_of(acme).get("/shop/api/v2/ticket/attachments/../../etc/passwd").status_code == 404


def test_given_own_upload_when_the_same_browser_asks_then_served_and_to_no_other(acme, shop, client_of):
    # given
    mine, other = client_of(acme), client_of(acme)
    mine.get("/shop/hc/ticket/")
    other.get("/shop/hc/ticket/")
    file_id = mine.post("/shop/hc/ticket/files/", {"file": upload("사진.png")}).json()["id"]
    # then
    response = mine.get(f"/shop/api/v2/ticket/attachments/{file_id}")
    assert response.status_code == 200
    assert body_of(response) == GENUINE["png"]
    assert other.get(f"/shop/api/v2/ticket/attachments/{file_id}").status_code == 404
    assert client_of(acme).get(f"/shop/api/v2/ticket/attachments/{file_id}").status_code == 404


def test_given_bytes_are_gone_when_asked_for_then_404(acme, stored, client_of, settings):
    file = stored()
    (settings.MEDIA_ROOT / file.path).unlink()
    assert client_of(acme).get(address(file)).status_code == 404


def test_given_post_when_sent_then_405_and_head_without_body(acme, stored, client_of):
    file = stored()
    assert client_of(acme).post(address(file)).status_code == 405
    head = client_of(acme).head(address(file))
    assert (head.status_code, head["Content-Length"]) == (200, str(file.size))
    head.close()
