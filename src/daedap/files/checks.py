"""What may be uploaded: name, size, and content that is what the name says (spec 30, 8.4).

The browser's word for the type is never used. A guess from the first bytes alone is not enough either: many types share
a container (doc, xls, ppt and hwp; docx, xlsx, pptx and zip), and text has no signature. So each extension has a check
of its own that answers "is this content what the name says?" and returns the type the file is served with.

The threat: a file that a browser would run as a page of our host. Hence nothing is kept that is HTML, SVG or XML by
content, whatever it is called, and what is kept is served with sniffing off (see `openapi.attachments`).
"""

from __future__ import annotations

import io
import re
import struct
import unicodedata
import zipfile
from collections.abc import Callable, Mapping
from typing import BinaryIO

from django.utils.translation import gettext_lazy as _
from PIL import Image

from daedap.core.errors import DaedapError

MAX_BYTES = 10 * 1024 * 1024
"""10,485,760 bytes, inclusive."""

MAX_NAME_LENGTH = 100
"""In code points, inclusive."""


class FileRefused(DaedapError):
    """The upload may not be kept; nothing was stored."""

    code = 400
    message = _("Files of this format cannot be attached.")


class FileTooLarge(FileRefused):
    """The file has more bytes than allowed."""

    message = _("Only files of up to 10 MB can be attached.")


class FileNameTooLong(FileRefused):
    """The name has more than 100 characters."""

    message = _("Maximum file name length exceeded. (100)")


class FileNameRefused(FileRefused):
    """The name holds characters that would hide what it says."""

    message = _("The file name contains characters that cannot be used.")


class FileEmpty(FileRefused):
    """The file has no bytes."""

    message = _("Empty files cannot be attached.")


class FileNotKept(FileRefused):
    """The file is fine, but there is no room for it or no way to write it; who runs the server reads why in the log."""

    message = _("The file cannot be kept right now. Send without it, or try again later.")


# --- Names ---------------------------------------------------------------------------------------

_TEXT_DIRECTION = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})


def clean_name(raw: str) -> str:
    """Return the last part of a path as NFC text; raise FileRefused if it is no usable name of at most 100 characters.

    Control characters and marks that turn the writing direction are refused, not removed: "exe.gpj" must not read as
    "jpg.exe".
    """
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", raw)[-1].strip(" "))
    if any(c in _TEXT_DIRECTION or unicodedata.category(c) in _REFUSED_CATEGORIES for c in name):
        raise FileNameRefused
    if name.strip(". ") == "":
        raise FileNameRefused
    if len(name) > MAX_NAME_LENGTH:
        raise FileNameTooLong
    return name


def extension_of(name: str) -> str:
    """Return what follows the last dot, in lower case; "" if there is none."""
    stem, dot, extension = name.rpartition(".")
    return extension.lower() if dot and stem else ""


# --- Contents ------------------------------------------------------------------------------------

Check = Callable[[BinaryIO], str | None]
"""Reads an opened file and returns its content type, or None if it is not what it claims to be."""

_MARKUP = re.compile(
    rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype|!entity|\?xml|\?php|html|head|body|script|style|svg|math|iframe|object|embed|"
    rb"link|meta|base|form|table|title|div|span|font|img|a|b|p|br|h[1-6])(?:[\s/>?:]|$)",
    re.IGNORECASE | re.DOTALL,
)
_BYTE_ORDER_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


def looks_like_markup(head: bytes) -> bool:
    """Whether a browser that sniffs could take these first bytes for HTML, SVG or XML."""
    for mark, codec in _BYTE_ORDER_MARKS.items():
        if head.startswith(mark):
            head = head.removeprefix(mark)
            if codec.startswith("utf-16"):
                head = head[: len(head) // 2 * 2].decode(codec, "replace").encode("utf-8", "replace")
            break
    return bool(_MARKUP.match(head))


def _image(format_name: str, content_type: str) -> Check:
    def check(file: BinaryIO) -> str | None:
        try:
            with Image.open(file, formats=[format_name]) as image:
                width, height = image.size
        except Exception:  # noqa: BLE001  damaged files make its readers raise nearly anything
            return None
        return content_type if width > 0 and height > 0 else None

    return check


def _pdf(file: BinaryIO) -> str | None:
    return "application/pdf" if file.read(1024).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"%PDF-") else None


_TEXT_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def _text(file: BinaryIO) -> str | None:
    raw = file.read(MAX_BYTES + 1)
    for mark, codec in _BYTE_ORDER_MARKS.items():
        if raw.startswith(mark):
            candidates = [(codec, "utf-16" if codec.startswith("utf-16") else "utf-8")]
            break
    else:
        candidates = [("utf-8", "utf-8"), ("cp949", "euc-kr")]
    for codec, charset in candidates:
        try:
            text = raw.decode(codec)
        except UnicodeDecodeError:
            continue
        return None if _TEXT_CONTROLS.search(text) else f"text/plain; charset={charset}"
    return None


_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_ENTRY = struct.Struct("<64sHB")


def ole_entries(file: BinaryIO) -> set[str]:
    """Return the names in the directory of an OLE compound file; empty if it is none or damaged.

    Follows the directory's chain of sectors only as far as the first allocation table reaches, which covers files of
    this size.
    """
    header = file.read(512)
    if len(header) < 512 or not header.startswith(_OLE):
        return set()
    shift = struct.unpack_from("<H", header, 30)[0]
    if shift not in (9, 12):
        return set()
    size = 1 << shift
    table: list[int] = []
    for sector in struct.unpack_from("<109I", header, 76):
        if sector >= 0xFFFFFFFA:
            break
        file.seek((sector + 1) * size)
        block = file.read(size)
        if len(block) < size:
            return set()
        table.extend(struct.unpack(f"<{size // 4}I", block))
    names: set[str] = set()
    sector, seen = struct.unpack_from("<I", header, 48)[0], set[int]()
    while sector < 0xFFFFFFFA and sector not in seen and len(seen) < 1024:
        seen.add(sector)
        file.seek((sector + 1) * size)
        block = file.read(size)
        for start in range(0, len(block) - 127, 128):
            raw, length, kind = _OLE_ENTRY.unpack_from(block, start)
            if kind and 2 <= length <= 64:
                names.add(raw[: length - 2].decode("utf-16-le", "replace"))
        sector = table[sector] if sector < len(table) else 0xFFFFFFFE
    return names


def _ole(content_type: str, *names: str) -> Check:
    wanted = frozenset(names)

    def check(file: BinaryIO) -> str | None:
        return content_type if wanted & ole_entries(file) else None

    return check


def _hwp(file: BinaryIO) -> str | None:
    head = file.read(32)
    if head.startswith(b"HWP Document File V"):
        return "application/x-hwp"
    file.seek(0)
    names = ole_entries(file)
    return "application/x-hwp" if {"FileHeader", "DocInfo"} <= names else None


def _ooxml(content_type: str, folder: str) -> Check:
    def check(file: BinaryIO) -> str | None:
        if file.read(4) != b"PK\x03\x04":
            file.seek(0)
            return content_type if {"EncryptionInfo", "EncryptedPackage"} <= ole_entries(file) else None
        names = _zip_names(file) or []
        fits = "[Content_Types].xml" in names and any(name.startswith(folder) for name in names)
        return content_type if fits else None

    return check


_MAX_DIRECTORY = 1024 * 1024
"""Bytes of an archive's table of contents, some ten thousand files: reading ten times as much takes seconds."""


def _zip(file: BinaryIO) -> str | None:
    if file.read(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
        return None
    return "application/zip" if _zip_names(file) is not None else None


def _zip_names(file: BinaryIO) -> list[str] | None:
    """Return the names in an archive, of which nothing is unpacked; None if it is damaged or has too many."""
    if not 0 <= _directory_size(file) <= _MAX_DIRECTORY:
        return None
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, struct.error):
        return None


def _directory_size(file: BinaryIO) -> int:
    """Return how long the archive says its table of contents is; -1 without one, or with one for larger archives."""
    start = max(0, file.seek(0, io.SEEK_END) - 22 - 0xFFFF)
    file.seek(start)
    tail = file.read()
    ends_here = tail[-22:-18] == b"PK\x05\x06" and tail[-2:] == b"\0\0"  # where zipfile looks first
    end = len(tail) - 22 if ends_here else tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) < end + 22 or tail[max(0, end - 20) : end].startswith(b"PK\x06\x07"):
        return -1
    size: int = struct.unpack_from("<L", tail, end + 12)[0]
    return size


def _wav(file: BinaryIO) -> str | None:
    head = file.read(4096)
    return "audio/wav" if head[:4] == b"RIFF" and head[8:12] == b"WAVE" and b"fmt " in head[12:] else None


_MP3_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_MP3_BITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MP3_BITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)


def _mp3_frame_length(header: bytes) -> int:
    """Return the length of the MPEG audio layer III frame that starts here; 0 if none does."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    bits, rate = header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or layer != 1 or bits in (0, 15) or rate == 3:
        return 0
    kilobits = (_MP3_BITS_1 if version == 3 else _MP3_BITS_2)[bits]
    samples = 144 if version == 3 else 72
    return samples * kilobits * 1000 // _MP3_RATES[version][rate] + (header[2] >> 1 & 1)


def _mp3(file: BinaryIO) -> str | None:
    head = file.read(10)
    start = 0
    if head.startswith(b"ID3") and len(head) == 10:
        if any(byte & 0x80 for byte in head[6:10]):
            return None
        start = 10 + (head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]) + (10 if head[5] & 0x10 else 0)
    file.seek(start)
    area = file.read(8192)
    first = next((offset for offset in range(len(area) - 3) if area[offset] == 0xFF and _two_frames(area, offset)), -1)
    if first < 0 or (start == 0 and first > 0):  # without a tag the sound starts at once
        return None
    return "audio/mpeg"


def _two_frames(area: bytes, offset: int) -> bool:
    length = _mp3_frame_length(area[offset : offset + 4])
    following = area[offset + length : offset + length + 4]
    return length > 0 and (_mp3_frame_length(following) > 0 or offset + length == len(area))


_JPEG = _image("JPEG", "image/jpeg")
_TIFF = _image("TIFF", "image/tiff")

ENQUIRY_TYPES: Mapping[str, Check] = {
    "jpg": _JPEG,
    "jpeg": _JPEG,
    "png": _image("PNG", "image/png"),
    "gif": _image("GIF", "image/gif"),
    "bmp": _image("BMP", "image/bmp"),
    "tif": _TIFF,
    "tiff": _TIFF,
    "pdf": _pdf,
    "txt": _text,
    "hwp": _hwp,
    "xls": _ole("application/vnd.ms-excel", "Workbook", "Book"),
    "xlsx": _ooxml("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xl/"),
    "doc": _ole("application/msword", "WordDocument"),
    "docx": _ooxml("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "word/"),
    "ppt": _ole("application/vnd.ms-powerpoint", "PowerPoint Document"),
    "pptx": _ooxml("application/vnd.openxmlformats-officedocument.presentationml.presentation", "ppt/"),
    "mp3": _mp3,
    "wav": _wav,
    "zip": _zip,
}
"""The types of spec 30, 8.4, by extension."""

ENQUIRY_EXTENSIONS = tuple(ENQUIRY_TYPES)
DOCUMENT_EXTENSIONS = ("pdf", "jpg", "jpeg", "png")
"""What a certificate may be (business registration)."""


def check_content(file: BinaryIO, *, extension: str, allowed: tuple[str, ...] = ENQUIRY_EXTENSIONS) -> str:
    """Return the content type of a file whose name ends in `extension`; raise FileRefused if it is not what it says."""
    check = ENQUIRY_TYPES.get(extension) if extension in allowed else None
    if check is None:
        raise FileRefused
    file.seek(0)
    head = file.read(2048)
    if not head:
        raise FileEmpty
    if looks_like_markup(head):
        raise FileRefused
    file.seek(0)
    content_type = check(file)
    if content_type is None:
        raise FileRefused
    return content_type


def check_bytes(content: bytes, *, extension: str) -> str:
    """Return the content type of bytes in memory, as `check_content` does."""
    return check_content(io.BytesIO(content), extension=extension)
