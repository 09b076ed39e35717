"""A stand-in that speaks clamd's protocol as clamd(8) has it, and misbehaves on demand. Never a real scanner."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-" + b"STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"

ANSWERS = {
    "error": b"stream: Can't allocate memory ERROR\0",
    "nonsense": b"220 mail.example.com ESMTP\r\n",
    "nonsense with an end": b"HTTP/1.1 200 OK\0",
    "other file": b"/etc/passwd: OK\0",
    "half": b"stream: O",
    "two answers": b"stream: OK\0stream: Eicar FOUND\0",
    "endless": b"x" * 100_000,
    "unknown command": b"UNKNOWN COMMAND\0",
    "nothing": b"",
}
"""What it says to every INSTREAM instead of an honest answer, before it hangs up."""


@dataclass
class StandIn:
    """`habit` is "honest", "silent" (never answers), "drip" (a byte now and then), "deaf" (never reads), "hangs up"
    (in the middle of the file), or one of ANSWERS. `received` are the files it read."""

    address: str = ""
    habit: str = "honest"
    limit: int = 25 * 1024 * 1024
    received: list[bytes] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    pings: int = 0
    over: threading.Event = field(default_factory=threading.Event)


class _TooLarge(Exception):
    pass


class _Talk(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        scanner: StandIn = self.server.scanner  # type: ignore[attr-defined]
        if scanner.habit == "deaf":
            scanner.over.wait(30)
            return
        command = self._until_nul()
        if command == b"zPING":
            scanner.pings += 1
            self.wfile.write(b"PONG\0")
        elif command == b"zINSTREAM":
            scanner.at_once += 1
            scanner.most_at_once = max(scanner.most_at_once, scanner.at_once)
            try:
                self._instream(scanner)
            finally:
                scanner.at_once -= 1
        else:
            self.wfile.write(b"UNKNOWN COMMAND\0")

    def _until_nul(self) -> bytes:
        read = b""
        while not read.endswith(b"\0"):
            byte = self.rfile.read(1)
            if not byte:
                break
            read += byte
        return read.rstrip(b"\0")

    def _instream(self, scanner: StandIn) -> None:
        try:
            content = b"".join(self._chunks(scanner))
        except _TooLarge:
            self.wfile.write(b"INSTREAM size limit exceeded. ERROR\0")
            return
        scanner.received.append(content)
        match scanner.habit:
            case "honest":
                self.wfile.write(b"stream: Eicar-Test-Signature FOUND\0" if EICAR in content else b"stream: OK\0")
            case "silent":
                scanner.over.wait(30)
            case "drip":
                for _each in range(100):
                    self.wfile.write(b"s")
                    if scanner.over.wait(0.1):
                        break
            case habit:
                self.wfile.write(ANSWERS[habit])

    def _chunks(self, scanner: StandIn) -> Iterator[bytes]:
        size = 0
        while length := struct.unpack("!L", self.rfile.read(4))[0]:
            size += length
            if size > scanner.limit:
                raise _TooLarge
            yield self.rfile.read(length)
            if scanner.habit == "hangs up":
                raise ConnectionAbortedError


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Those who asked have left, which the tests know."""


class _UnixServer(_Server):
    address_family = socket.AF_UNIX


@contextlib.contextmanager
def running(path: str = "") -> Iterator[StandIn]:
    """Run a stand-in on a free port of loopback, or on a socket at `path`."""
    scanner = StandIn()
    server = _UnixServer(path, _Talk) if path else _Server(("127.0.0.1", 0), _Talk)  # type: ignore[arg-type]
    server.scanner = scanner  # type: ignore[attr-defined]
    scanner.address = f"unix://{path}" if path else f"tcp://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield scanner
    finally:
        scanner.over.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
