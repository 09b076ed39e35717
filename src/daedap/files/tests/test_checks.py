import io
import struct
import unicodedata
import zipfile

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from daedap.files.checks import (
    ENQUIRY_EXTENSIONS,
    MAX_BYTES,
    FileEmpty,
    FileNameRefused,
    FileNameTooLong,
    FileRefused,
    FileTooLarge,
    check_bytes,
    check_content,
    clean_name,
    extension_of,
)
from daedap.files.tests import samples


def test_given_the_list_of_the_specification_when_compared_then_exactly_these_types_are_allowed():
    listed = "jpg, png, gif, bmp, jpeg, tif, tiff, pdf, txt, hwp, xls, xlsx, doc, docx, ppt, pptx, mp3, wav, zip"
    assert set(ENQUIRY_EXTENSIONS) == set(listed.split(", "))
    assert MAX_BYTES == 10_485_760


@pytest.mark.parametrize(
    ("extension", "content_type"),
    [
        ("jpg", "image/jpeg"),
        ("jpeg", "image/jpeg"),
        ("png", "image/png"),
        ("gif", "image/gif"),
        ("bmp", "image/bmp"),
        ("tif", "image/tiff"),
        ("tiff", "image/tiff"),
        ("pdf", "application/pdf"),
        ("txt", "text/plain; charset=utf-8"),
        ("hwp", "application/x-hwp"),
        ("xls", "application/vnd.ms-excel"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("doc", "application/msword"),
        ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("ppt", "application/vnd.ms-powerpoint"),
        ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
        ("mp3", "audio/mpeg"),
        ("wav", "audio/wav"),
        ("zip", "application/zip"),
    ],
)
def test_given_genuine_file_when_checked_then_its_own_type(extension, content_type):
    assert check_bytes(samples.GENUINE[extension], extension=extension) == content_type


@pytest.mark.parametrize("extension", ENQUIRY_EXTENSIONS)
@pytest.mark.parametrize(
    "content",
    [
        samples.HTML,
        samples.SVG,
        b"\xef\xbb\xbf  <script>alert(1)</script>",
        b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>',
        b"<!-- hello --> <html>",
        "<html><script>1</script></html>".encode("utf-16"),
        b"\n\n<img src=x onerror=alert(1)>",
        samples.EXE,
    ],
    ids=["html", "svg", "bom-script", "xhtml", "comment-html", "utf16-html", "img", "exe"],
)
def test_given_active_content_under_any_name_when_checked_then_refused_example_31(extension, content):
    with pytest.raises(FileRefused):
        check_bytes(content, extension=extension)


FAMILIES = [
    {"jpg", "jpeg"}, {"png"}, {"gif"}, {"bmp"}, {"tif", "tiff"}, {"pdf"}, {"txt"}, {"hwp"}, {"xls"}, {"doc"}, {"ppt"},
    {"xlsx", "zip"}, {"docx", "zip"}, {"pptx", "zip"}, {"zip"}, {"mp3"}, {"wav"},
]  # fmt: skip


@pytest.mark.parametrize("claimed", ENQUIRY_EXTENSIONS)
@pytest.mark.parametrize("really", ENQUIRY_EXTENSIONS)
def test_given_file_under_another_types_name_when_checked_then_refused(really, claimed):
    same = claimed == really or any(really in family and claimed in family for family in FAMILIES[:5])
    if same or (claimed == "zip" and really in ("xlsx", "docx", "pptx")):
        check_bytes(samples.GENUINE[really], extension=claimed)
        return
    if claimed == "txt" and really == "pdf":  # plain ASCII that a browser shows as text
        assert check_bytes(samples.GENUINE[really], extension=claimed) == "text/plain; charset=utf-8"
        return
    with pytest.raises(FileRefused):
        check_bytes(samples.GENUINE[really], extension=claimed)


@pytest.mark.parametrize("extension", ["exe", "html", "svg", "js", "hwpx", "heic", "webp", "", "php", "htm", "xml"])
def test_given_type_not_listed_when_checked_then_refused_whatever_it_holds(extension):
    with pytest.raises(FileRefused):
        check_bytes(samples.GENUINE["png"], extension=extension)


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        ("한글 메모".encode(), "text/plain; charset=utf-8"),
        ("한글 메모".encode("utf-8-sig"), "text/plain; charset=utf-8"),
        ("한글 메모".encode("cp949"), "text/plain; charset=euc-kr"),
        ("한글 메모".encode("utf-16"), "text/plain; charset=utf-16"),
        (b"1 < 2 and <3", "text/plain; charset=utf-8"),
    ],
)
def test_given_text_in_a_usual_encoding_when_checked_then_served_in_it(content, content_type):
    assert check_bytes(content, extension="txt") == content_type


@pytest.mark.parametrize("content", [b"a\x00b", b"\xff\xff\xff\xff", b"\x1b[31m\x07", b"\xc3\x28\xa0\xa1\xff"])
def test_given_bytes_that_are_no_text_when_checked_as_txt_then_refused(content):
    with pytest.raises(FileRefused):
        check_bytes(content, extension="txt")


def test_given_untagged_mp3_and_old_hwp_when_checked_then_accepted():
    assert check_bytes(samples.mp3(tagged=False), extension="mp3") == "audio/mpeg"
    assert check_bytes(b"HWP Document File V3.00 \x1a\x01\x02\x03\x04\x05" + bytes(100), extension="hwp")
    assert check_bytes(samples.ole("EncryptionInfo", "EncryptedPackage"), extension="docx")


def test_given_no_bytes_when_checked_then_refused_as_empty():
    with pytest.raises(FileEmpty):
        check_bytes(b"", extension="txt")


def test_given_certificate_types_when_zip_is_offered_then_refused():
    with pytest.raises(FileRefused):
        check_content(io.BytesIO(samples.GENUINE["zip"]), extension="zip", allowed=("pdf", "jpg", "png"))


@given(st.binary(max_size=3000), st.sampled_from(ENQUIRY_EXTENSIONS))
def test_given_any_bytes_under_any_name_when_checked_then_a_type_or_a_refusal(content, extension):
    try:
        content_type = check_bytes(content, extension=extension)
    except FileRefused:
        return
    assert content_type.split("/")[0] in ("image", "text", "audio", "application")


@given(
    st.binary(max_size=600), st.sampled_from(["doc", "hwp", "xls", "docx", "pptx", "zip", "mp3", "wav", "tif", "bmp"])
)
def test_given_genuine_head_and_broken_rest_when_checked_then_a_type_or_a_refusal(rest, extension):
    try:
        check_bytes(samples.GENUINE[extension][:40] + rest, extension=extension)
    except FileRefused:
        return


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("사진.png", "사진.png"),
        ("/etc/passwd/../a.png", "a.png"),
        ("C:\\Users\\홍길동\\영수증 1.PDF", "영수증 1.PDF"),
        ("..\\..\\a.png", "a.png"),
        (unicodedata.normalize("NFD", "한글.txt"), "한글.txt"),
        ("😀.gif", "😀.gif"),
    ],
)
def test_given_raw_name_when_cleaned_then_last_part_in_nfc(raw, name):
    assert clean_name(raw) == name


@pytest.mark.parametrize(
    "raw", ["", "   ", ".", "..", "a/", "a\x00.png", "a\n.png", "a\u202egpj.exe", "a\u2028.png", "\x7f.png"]
)
def test_given_unusable_name_when_cleaned_then_refused(raw):
    with pytest.raises(FileNameRefused):
        clean_name(raw)


def test_given_100_and_101_characters_when_cleaned_then_kept_and_refused_example_30():
    assert clean_name("가" * 96 + ".png") == "가" * 96 + ".png"
    with pytest.raises(FileNameTooLong):
        clean_name("가" * 97 + ".png")


@pytest.mark.parametrize(
    ("name", "extension"),
    [("a.PNG", "png"), ("a.tar.gz", "gz"), ("a", ""), (".png", ""), ("a.", ""), ("a.png.exe", "exe")],
)
def test_given_name_when_asked_for_extension_then_last_one_in_lower_case(name, extension):
    assert extension_of(name) == extension


@given(st.text(max_size=150))
def test_given_any_text_as_name_when_cleaned_then_one_printable_part_or_refused(raw):
    try:
        name = clean_name(raw)
    except FileRefused:
        return
    assert 1 <= len(name) <= 100
    assert "/" not in name
    assert "\\" not in name
    assert not any(unicodedata.category(character) == "Cc" for character in name)
    assert clean_name(name) == name


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (FileTooLarge, "10MB 이하의 파일만 첨부할 수 있습니다."),
        (FileNameTooLong, "파일명 최대 길이 초과.(100)"),
        (FileRefused, "해당 파일 격식은 첨부할 수 없습니다."),
    ],
)
def test_given_refusal_when_shown_in_korean_then_sentence_of_the_specification_example_30(error, sentence):
    with translation.override("ko"):
        assert str(error().message) == sentence


def archive_of(entries, *, zip64=False):
    """An archive that is only a table of contents of `entries` empty files."""
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    table = entry * entries
    far = b""
    if zip64:
        far = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, entries, entries, len(table), 4)
        far += struct.pack("<4sLQL", b"PK\x06\x07", 0, 4 + len(table), 1)
    count, size, start = (0xFFFF, 100, 4) if zip64 else (entries, len(table), 4)
    return b"PK\x03\x04" + table + far + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, size, start, 0)


def test_given_an_archive_of_thousands_of_files_when_checked_then_taken():
    assert check_bytes(archive_of(20_000), extension="zip") == "application/zip"


@pytest.mark.parametrize(
    "content",
    [archive_of(60_000), archive_of(200_000, zip64=True), archive_of(10, zip64=True), b"PK\x03\x04" + b"\0" * 50],
    ids=["too many", "far too many", "for larger archives", "no table"],
)
def test_given_an_archive_whose_table_would_take_seconds_to_read_when_checked_then_refused_unread(content, monkeypatch):
    monkeypatch.setattr("zipfile.ZipFile", None)
    for extension in ("zip", "docx"):
        with pytest.raises(FileRefused):
            check_bytes(content, extension=extension)


def test_given_an_archive_that_unpacks_to_very_much_when_checked_then_nothing_is_unpacked(monkeypatch):
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * 50_000_000)
    for name in ("open", "read", "extract"):
        monkeypatch.setattr(zipfile.ZipFile, name, None)
    assert check_bytes(bomb.getvalue(), extension="zip") == "application/zip"


def test_given_an_archive_with_a_comment_when_checked_then_taken():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.txt", "a")
        archive.comment = "설명".encode()
    assert check_bytes(packed.getvalue(), extension="zip") == "application/zip"
