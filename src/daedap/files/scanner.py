"""The virus scanner behind the door that all uploads pass: clamd, asked by its command INSTREAM (spec 30, 8.4).

A client of our own, because those at hand limit a silence and not the whole scan, so that a scanner which answers by
drops would hold a page's thread for good; the one that is kept well is GPL besides. Whatever is not plainly "clean" is
no: while the scanner is down, slow, full or unintelligible, nothing is stored.
"""

from __future__ import annotations

import logging
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, NoReturn
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from prometheus_client import Counter

from daedap.files.checks import MAX_BYTES, FileRefused

SECONDS = 20.0
"""How long one scan may take, whatever the scanner does meanwhile."""
CONNECT_SECONDS = 3.0
PING_SECONDS = 2.0
AT_ONCE = 4
"""Scans of this process at one time: half of the threads that serve pages, so that the other half never waits."""
TURN_SECONDS = 3.0
REMEMBERED_SECONDS = 10.0

_CHUNK = 64 * 1024
_LONGEST_ANSWER = 1024
_FOUND = re.compile(rb"stream: (.+) FOUND")
_TEST_VIRUS = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-" + b"STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"  # not whole in our code

logger = logging.getLogger(__name__)
_scans = Counter("daedap_virus_scans", "Uploads scanned", ["result"])
_turns = threading.BoundedSemaphore(AT_ONCE)


class FileInfected(FileRefused):
    """The scanner knows a virus in the file."""

    message = _("A virus was found in this file, so it cannot be attached.")


class FileUnscanned(FileRefused):
    """The scanner gave no answer that can be trusted; the same file may pass later."""

    code = 503
    message = _("Files cannot be checked for viruses right now. Please try again in a moment.")


class _NoAnswer(Exception):
    """The scanner said neither clean nor infected; the text says why, for the log."""


def scan(file: BinaryIO) -> None:
    """Have the scanner read a file from its start; raise FileInfected or FileUnscanned. Nothing happens without one."""
    if not settings.VIRUS_SCANNER:
        return
    if not _turns.acquire(timeout=TURN_SECONDS):
        _refuse("too many scans at once")
    try:
        file.seek(0)
        signature = _ask_about(iter(lambda: file.read(_CHUNK), b""))
    except (_NoAnswer, OSError) as error:
        _refuse(_cause(error))
    finally:
        _turns.release()
    _scans.labels("infected" if signature else "clean").inc()
    if signature:
        logger.warning("file.infected", extra={"signature": signature})
        raise FileInfected


def _refuse(cause: str) -> NoReturn:
    _scans.labels("failed").inc()
    logger.error("file.unscanned", extra={"cause": cause})
    raise FileUnscanned


def _cause(error: Exception) -> str:
    return "timeout" if isinstance(error, TimeoutError) else str(error)


def is_well() -> bool:
    """Whether the scanner answers, or none is set; the answer is remembered for a few seconds."""
    return not settings.VIRUS_SCANNER or _pulse.is_felt()


def find_fault() -> str:
    """Try the scanner out with a test virus and with the largest upload; say in English how to mend it, or ""."""
    try:
        if not _ask_about(iter([_TEST_VIRUS])):
            return "It does not recognise the EICAR test file: load its signatures (freshclam)."
    except (_NoAnswer, OSError) as error:
        return (
            f"No answer ({_cause(error)}): nobody can attach files. Check DAEDAP_VIRUS_SCANNER and whether clamd runs."
        )
    try:
        _ask_about(bytes(_CHUNK) for _count in range(MAX_BYTES // _CHUNK))
    except (_NoAnswer, OSError) as error:
        return f"It takes no file of 10 MiB ({_cause(error)}): raise StreamMaxLength in clamd.conf."
    return ""


# --- What is said to clamd (clamd(8), "COMMANDS") ----------------------------------------------------------------


def _ask_about(chunks: Iterator[bytes]) -> str:
    """Return the name of the virus in what the chunks make up, "" for none; raise _NoAnswer or OSError."""
    with _connection(SECONDS) as (connection, patiently):
        patiently()
        connection.sendall(b"zINSTREAM\0")
        try:
            for chunk in chunks:
                patiently()
                connection.sendall(struct.pack("!L", len(chunk)) + chunk)
            patiently()
            connection.sendall(struct.pack("!L", 0))
        except (BrokenPipeError, ConnectionResetError):
            pass  # too large for it: then it says so and reads no further
        answer = _answer(connection, patiently)
    if answer == b"stream: OK":
        return ""
    if found := _FOUND.fullmatch(answer):
        return found[1].decode("ascii", "replace")[:100]
    raise _NoAnswer("size limit" if b"size limit" in answer else "unknown answer" if answer else "empty answer")


def _ping() -> bool:
    try:
        with _connection(PING_SECONDS) as (connection, patiently):
            patiently()
            connection.sendall(b"zPING\0")
            return _answer(connection, patiently) == b"PONG"
    except (_NoAnswer, OSError):
        return False


@contextmanager
def _connection(seconds: float) -> Iterator[tuple[socket.socket, Callable[[], None]]]:
    """Yield a connection and what to call before each use of it: TimeoutError once `seconds` are over in all."""
    ends = time.monotonic() + seconds
    with _connect(min(CONNECT_SECONDS, seconds)) as connection:

        def patiently() -> None:
            left = ends - time.monotonic()
            if left <= 0:
                raise TimeoutError
            connection.settimeout(left)

        yield connection, patiently


def _connect(seconds: float) -> socket.socket:
    address = urlsplit(settings.VIRUS_SCANNER)
    if address.scheme == "tcp":
        return socket.create_connection((address.hostname or "", address.port or 0), timeout=seconds)
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(seconds)
        connection.connect(address.path)
    except BaseException:
        connection.close()
        raise
    return connection


def _answer(connection: socket.socket, patiently: Callable[[], None]) -> bytes:
    """Return the answer without the NUL at its end; without an end, or with something after it, it is none."""
    received = b""
    while len(received) <= _LONGEST_ANSWER:
        patiently()
        more = connection.recv(_LONGEST_ANSWER)
        if not more:
            break
        received += more
        answer, end, more = received.partition(b"\0")
        if end and not more:
            return answer
    raise _NoAnswer("cut off" if received else "no answer")


class _Pulse:
    """Remembers whether the scanner answered. While one asks, others get the last answer."""

    def __init__(self) -> None:
        self._asking = threading.Lock()
        self._address, self._until, self._felt = "", 0.0, True

    def is_felt(self) -> bool:
        is_known = self._address == settings.VIRUS_SCANNER and time.monotonic() < self._until
        if not is_known and self._asking.acquire(blocking=False):
            try:
                self._felt = _ping()
                self._address, self._until = settings.VIRUS_SCANNER, time.monotonic() + REMEMBERED_SECONDS
            finally:
                self._asking.release()
        return self._felt


_pulse = _Pulse()
