"""Small genuine files of every type that may be attached, made in memory."""

from __future__ import annotations

import io
import struct
import wave
import zipfile

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
HTML = b"<!DOCTYPE html><html><body><script>alert(1)</script></body></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
EXE = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00" + bytes(200)


def image(format_name: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (3, 2), "teal").save(out, format=format_name)
    return out.getvalue()


def archive(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name in names:
            file.writestr(name, "x")
    return out.getvalue()


def ole(*names: str) -> bytes:
    """An OLE compound file whose directory holds these names: header, one allocation sector, one directory sector."""
    header = bytearray(512)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    struct.pack_into("<HHHHH", header, 24, 0x3E, 3, 0xFFFE, 9, 6)
    struct.pack_into("<I", header, 48, 1)
    struct.pack_into("<109I", header, 76, 0, *[0xFFFFFFFF] * 108)
    table = struct.pack("<128I", 0xFFFFFFFD, 0xFFFFFFFE, *[0xFFFFFFFF] * 126)
    directory = b""
    for number, name in enumerate(("Root Entry", *names)):
        raw = (name + "\0").encode("utf-16-le")
        directory += struct.pack("<64sHB61x", raw, len(raw), 5 if number == 0 else 2)
    return bytes(header) + table + directory.ljust(512, b"\0")


def sound() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(160))
    return out.getvalue()


def mp3(*, tagged: bool = True) -> bytes:
    frame = b"\xff\xfb\x90\x00" + bytes(413)  # MPEG 1 layer III, 128 kbit/s, 44.1 kHz: 417 bytes
    tag = b"ID3\x04\x00\x00\x00\x00\x00\x0a" + bytes(10) if tagged else b""
    return tag + frame * 3


GENUINE = {
    "jpg": image("JPEG"),
    "jpeg": image("JPEG"),
    "png": image("PNG"),
    "gif": image("GIF"),
    "bmp": image("BMP"),
    "tif": image("TIFF"),
    "tiff": image("TIFF"),
    "pdf": PDF,
    "txt": "안녕하세요. 주문 <b>번호</b>는 1 < 2 입니다.\r\n".encode(),
    "hwp": ole("FileHeader", "DocInfo", "BodyText"),
    "xls": ole("Workbook"),
    "xlsx": archive("[Content_Types].xml", "xl/workbook.xml"),
    "doc": ole("WordDocument", "1Table"),
    "docx": archive("[Content_Types].xml", "word/document.xml"),
    "ppt": ole("PowerPoint Document"),
    "pptx": archive("[Content_Types].xml", "ppt/presentation.xml"),
    "mp3": mp3(),
    "wav": sound(),
    "zip": archive("a.txt"),
}


def upload(name: str = "사진.png", content: bytes | None = None) -> SimpleUploadedFile:
    """An upload; of a genuine file if no content is given."""
    if content is None:
        content = GENUINE[name.rpartition(".")[2].lower()]
    return SimpleUploadedFile(name, content, content_type="application/octet-stream")
