import io
import logging
import socket
import threading
import time

import pytest
from django.utils import translation

from daedap.files import actions, scanner
from daedap.files.models import PlatformFile, StoredFile
from daedap.files.scanner import FileInfected, FileUnscanned
from daedap.files.tests import clamd
from daedap.files.tests.samples import upload
from daedap.files.tests.test_actions import bytes_on_disk, store

INFECTED = "바이러스가 발견되어 첨부할 수 없는 파일입니다."
UNSCANNED = "지금은 바이러스 검사를 할 수 없어 파일을 첨부할 수 없습니다. 잠시 후 다시 시도해 주세요."


@pytest.fixture
def stand_in(settings):
    with clamd.running() as found:
        settings.VIRUS_SCANNER = found.address
        yield found


@pytest.fixture(autouse=True)
def impatience(monkeypatch):
    monkeypatch.setattr(scanner, "SECONDS", 0.6)
    monkeypatch.setattr(scanner, "TURN_SECONDS", 0.1)
    monkeypatch.setattr(scanner, "_pulse", scanner._Pulse())


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def test_given_no_scanner_when_stored_then_nobody_is_asked(open_shop, settings, monkeypatch):
    assert settings.VIRUS_SCANNER == ""
    monkeypatch.setattr(scanner, "_connect", None)
    assert store(open_shop, name="a.txt", content=clamd.EICAR).size == len(clamd.EICAR)


def test_given_a_clean_file_when_stored_then_scanned_whole_before(open_shop, stand_in, media):
    content = b"a" * 10_485_760
    store(open_shop, name="a.txt", content=content)
    assert stand_in.received == [content]
    assert len(bytes_on_disk(media)) == 1


def test_given_a_virus_when_stored_then_refused_in_words_and_nothing_stays(open_shop, stand_in, media, caplog):
    with pytest.raises(FileInfected) as refused, caplog.at_level(logging.INFO):
        store(open_shop, name="비밀 문서.txt", content=b"secret" + clamd.EICAR)
    with translation.override("ko"):
        assert str(refused.value.message) == INFECTED
    assert not StoredFile.objects.exists()
    assert bytes_on_disk(media) == []
    logged = [vars(record) for record in caplog.records if record.message == "file.infected"]
    assert [record["signature"] for record in logged] == ["Eicar-Test-Signature"]
    assert not any("비밀" in str(record) or "secret" in str(record) for record in logged)


def test_given_a_virus_in_a_certificate_when_stored_then_refused_like_any_upload(db, stand_in, media):
    with pytest.raises(FileInfected):
        actions.store_platform_file(upload("등록증.pdf", b"%PDF-1.4\n" + clamd.EICAR))
    assert not PlatformFile.objects.exists()
    assert bytes_on_disk(media) == []


@pytest.mark.parametrize("habit", [*clamd.ANSWERS, "silent", "drip", "deaf", "hangs up"])
def test_given_a_scanner_that_misbehaves_when_stored_then_refused_in_time_and_nothing_stays(
    open_shop,
    stand_in,
    media,
    habit,
):
    stand_in.habit = habit
    began = time.monotonic()
    with pytest.raises(FileUnscanned) as refused:
        store(open_shop, name="a.txt", content=b"a" * 5_000_000)
    assert time.monotonic() - began < 2
    with translation.override("ko"):
        assert str(refused.value.message) == UNSCANNED
    assert not StoredFile.objects.exists()
    assert bytes_on_disk(media) == []
    # when it is well again
    stand_in.habit = "honest"
    assert store(open_shop).size > 0


def test_given_a_file_above_the_scanners_limit_when_stored_then_refused(open_shop, stand_in, media):
    stand_in.limit = 1_000_000
    with pytest.raises(FileUnscanned):
        store(open_shop, name="a.txt", content=b"a" * 5_000_000)
    assert bytes_on_disk(media) == []
    assert store(open_shop, name="a.txt", content=b"a" * 900_000).size == 900_000


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:{port}", "unix:///nowhere/clamd.ctl", "tcp://nowhere.invalid:3310"]
)
def test_given_nobody_at_the_address_when_stored_then_refused(open_shop, settings, media, address):
    settings.VIRUS_SCANNER = address.format(port=free_port())
    with pytest.raises(FileUnscanned):
        store(open_shop)
    assert not StoredFile.objects.exists()
    assert bytes_on_disk(media) == []


def test_given_a_socket_of_the_machine_when_scanned_then_asked_there(settings, tmp_path):
    with clamd.running(str(tmp_path / "clamd.ctl")) as found:
        settings.VIRUS_SCANNER = found.address
        scanner.scan(io.BytesIO(b"clean"))
        with pytest.raises(FileInfected):
            scanner.scan(io.BytesIO(clamd.EICAR))
    assert found.received == [b"clean", clamd.EICAR]


def test_given_many_at_once_when_the_scanner_is_slow_then_a_few_wait_for_it_and_the_rest_are_told(stand_in):
    stand_in.habit = "silent"
    results = []

    def scan():
        began = time.monotonic()
        with pytest.raises(FileUnscanned):
            scanner.scan(io.BytesIO(b"x"))
        results.append(time.monotonic() - began)

    threads = [threading.Thread(target=scan) for _each in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert len(results) == 10
    assert stand_in.most_at_once == scanner.AT_ONCE
    assert sum(seconds < 0.4 for seconds in results) == 10 - scanner.AT_ONCE
    stand_in.habit = "honest"
    scanner.scan(io.BytesIO(b"x"))  # every turn was given back


# --- What operators see ------------------------------------------------------------------------------------------


def readyz(client):
    return client.get("/readyz", HTTP_HOST="localhost:8000").json()["impaired"]


def test_given_the_scanner_down_when_asked_then_readyz_names_it_and_does_not_fail_for_it(
    client, db, stand_in, settings
):
    assert readyz(client) == []
    assert readyz(client) == []
    assert stand_in.pings == 1  # whoever asks often does not ask the scanner
    settings.VIRUS_SCANNER = f"tcp://127.0.0.1:{free_port()}"
    found = client.get("/readyz", HTTP_HOST="localhost:8000").json()
    assert found["impaired"] == ["virus_scanner"]
    assert "virus_scanner" not in found["failing"]
    settings.VIRUS_SCANNER = ""
    assert readyz(client) == []
