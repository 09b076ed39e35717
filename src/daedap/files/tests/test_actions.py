import hashlib
import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone

from daedap.core.errors import NotFound
from daedap.core.scoping import organization_scope
from daedap.files import actions, selectors
from daedap.files.checks import FileNameTooLong, FileNotKept, FileRefused, FileTooLarge
from daedap.files.models import PlatformFile, StoredFile
from daedap.files.tests.samples import GENUINE, HTML, upload


def bytes_on_disk(media: Path) -> list[str]:
    return sorted(path.relative_to(media).as_posix() for path in media.rglob("*") if path.is_file())


def store(shop, *, name="사진.png", content=None, uploader="u1"):
    return actions.store_file(
        upload(name, content), organization_id=shop.organization_id, service_id=shop.pk, uploader=uploader
    )


def test_given_genuine_upload_when_stored_then_row_and_bytes_agree_and_nobody_else_reads_them(open_shop, media):
    # when
    file = store(open_shop, name="C:\\tmp\\사진.PNG")
    # then
    content = GENUINE["png"]
    assert (file.name, file.size, file.content_type) == ("사진.PNG", len(content), "image/png")
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    assert len(file.public_id) == 32
    assert int(file.public_id, 16) >= 0
    assert file.bound_at is None
    assert bytes_on_disk(media) == [f"{open_shop.organization_id}/{file.public_id[:2]}/{file.public_id}"]
    assert stat.S_IMODE(selectors.path_of(file).stat().st_mode) == 0o600
    with selectors.open_file(selectors.get_file(file.public_id)) as opened:
        assert opened.read() == content


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("photo.JPG", HTML, FileRefused),
        ("a.exe", b"MZ" + bytes(100), FileRefused),
        ("a.txt", b"", FileRefused),
        ("a.txt", b"a" * 10_485_761, FileTooLarge),
        ("가" * 97 + ".png", GENUINE["png"], FileNameTooLong),
    ],
    ids=["lying", "exe", "empty", "large", "name"],
)
def test_given_refused_upload_when_stored_then_neither_row_nor_bytes_example_30_31(
    open_shop, media, name, content, error
):
    with pytest.raises(error):
        store(open_shop, name=name, content=content)
    assert not StoredFile.objects.exists()
    assert bytes_on_disk(media) == []


def test_given_exactly_10_mib_when_stored_then_kept_example_30(open_shop):
    assert store(open_shop, name="a.txt", content=b"a" * 10_485_760).size == 10_485_760


def test_given_size_that_lies_when_stored_then_counted_while_written(open_shop, media):
    lying = upload("a.txt", b"a" * 10_485_761)
    lying.size = 5
    with pytest.raises(FileTooLarge):
        actions.store_file(lying, organization_id=open_shop.organization_id, service_id=open_shop.pk, uploader="u")
    assert bytes_on_disk(media) == []


def test_given_database_refuses_row_when_stored_then_bytes_go(open_shop, media, monkeypatch):
    def fail(**facts):
        raise RuntimeError("no row")

    monkeypatch.setattr(StoredFile.objects, "create", fail)
    with pytest.raises(RuntimeError):
        store(open_shop)
    assert bytes_on_disk(media) == []


def test_given_file_of_other_tenant_when_asked_for_then_not_found(open_shop, beta):
    file = store(open_shop)
    with organization_scope(beta.pk), pytest.raises(NotFound):
        selectors.get_file(file.public_id)


def test_given_uploads_of_two_visitors_when_listed_then_only_own_unbound_ones_in_the_order_asked(open_shop):
    # given
    first, second, bound = store(open_shop), store(open_shop), store(open_shop)
    other = store(open_shop, uploader="theirs")
    StoredFile.objects.filter(pk=bound.pk).update(bound_at=timezone.now())
    ids = [file.public_id for file in (second, bound, other, first, second)] + ["0" * 32]
    # then
    assert selectors.list_uploads(ids, service_id=open_shop.pk, uploader="u1") == [second, first]
    assert selectors.list_uploads(ids, service_id=open_shop.pk + 1, uploader="u1") == []
    assert selectors.list_uploads(ids, service_id=open_shop.pk, uploader="") == []


def test_given_unbound_uploads_when_purged_then_those_older_than_24_hours_go_with_their_bytes(open_shop, media):
    # given
    with time_machine.travel(timezone.now() - timedelta(hours=24, seconds=2), tick=False):
        old, kept = store(open_shop), store(open_shop)
        StoredFile.objects.filter(pk=kept.pk).update(bound_at=timezone.now())
    young = store(open_shop)
    # when
    assert actions.purge_unbound_files(batch=1) == 1
    # then
    assert set(StoredFile.objects.values_list("pk", flat=True)) == {kept.pk, young.pk}
    assert bytes_on_disk(media) == sorted([kept.path, young.path])
    assert actions.purge_unbound_files() == 0
    assert not StoredFile.objects.filter(pk=old.pk).exists()


def test_given_row_rolled_back_when_swept_a_day_later_then_its_bytes_go_and_others_stay(open_shop, media):
    # given
    kept, certificate = store(open_shop), actions.store_platform_file(upload("등록증.pdf"))
    with transaction.atomic():
        lost = store(open_shop)
        transaction.set_rollback(True)
    assert len(bytes_on_disk(media)) == 3
    assert actions.sweep_orphans() == 0
    # when
    for path in media.rglob("*"):
        os.utime(path, (timezone.now().timestamp() - 90_000,) * 2)
    # then
    assert actions.sweep_orphans() == 1
    assert bytes_on_disk(media) == sorted([kept.path, certificate.path])
    assert lost.path not in bytes_on_disk(media)


def test_given_certificate_when_stored_on_platform_then_only_pdf_and_pictures(db, media):
    assert actions.store_platform_file(upload("등록증.pdf")).content_type == "application/pdf"
    for name in ("등록증.zip", "등록증.docx"):
        with pytest.raises(FileRefused):
            actions.store_platform_file(upload(name))
    with pytest.raises(FileTooLarge):
        actions.store_platform_file(upload("등록증.pdf"), max_bytes=10)
    assert PlatformFile.objects.count() == 1
    assert len(bytes_on_disk(media)) == 1


def test_given_many_files_when_those_of_an_organization_are_deleted_then_an_index_finds_them(db):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = StoredFile._base_manager.filter(organization_id=1).explain()
    assert "stored_file_organization" in plan


def test_given_no_way_to_write_when_stored_then_refused_and_the_log_says_why(open_shop, media, settings, caplog):
    settings.MEDIA_ROOT = media / "no folder"
    media.mkdir(exist_ok=True)
    settings.MEDIA_ROOT.write_bytes(b"")
    with pytest.raises(FileNotKept):
        store(open_shop)
    assert not StoredFile.objects.exists()
    [told] = caplog.records
    assert (told.msg, told.levelname, told.reason) == ("an upload cannot be kept", "ERROR", "Not a directory")
