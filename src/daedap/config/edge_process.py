"""The edge in a process of its own, so that a crowd there computes beside the pages and not between them.

`daedap serve` starts it. A request takes one connection over a Unix socket that only this user can open: a line of JSON
carries its ASGI scope over, lines of JSON carry the messages of the answer back. Requests of the edge have no body.
The listening socket stays the parent's: while the edge starts, or starts again, visitors wait in its queue.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import select
import shutil
import socket
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from daedap.config.tether import end_with_parent

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Callable[[], Awaitable[Message]], Send], Awaitable[None]]

QUEUE = 1024
LINE_BYTES = 2**22
"""More than the server takes of a request, six letters for each of its bytes."""

ANSWER_SECONDS = 30.0
"""How long a visitor waits for the first line of an answer; the edge's own limits are below (core/threads.py)."""

RESTART_SECONDS = 1.0
LONGEST_RESTART_SECONDS = 30.0
STEADY_SECONDS = 10.0
"""A process that has lived so long can work; one that ended before has failed."""

FAILURES = 3
"""So many processes have failed one after the other: visitors need not wait for the next one."""

FOLDER = "daedap-edge-"
FULL_SECONDS = 0.05
"""How long to wait for a place in a full queue before looking again."""

NICENESS = 10
"""Pages go first where both want the same core."""

_CARRIED = {"type", "asgi", "http_version", "method", "scheme", "path", "root_path"} | {
    "query_string", "headers", "client", "server",
}  # fmt: skip

logger = logging.getLogger(__name__)


class EdgeFailed(Exception):
    """The edge gave no answer; nothing was sent to the visitor yet."""


# --- the parent's side ------------------------------------------------------------------------------------------


class EdgeProcess:
    """An ASGI application whose requests another process answers, while `run` runs."""

    def __init__(self) -> None:
        """Open the queue; visitors may come already."""
        _sweep()
        self._folder = tempfile.TemporaryDirectory(prefix=FOLDER)  # of this user alone
        self._address = str(Path(self._folder.name) / "socket")
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(self._address)
        self._socket.listen(QUEUE)
        self._door = asyncio.Semaphore(2)  # a crowd that comes at once comes in between pages
        self._process: Process | None = None
        self._failures = 0
        self._heard_at = 0.0

    @property
    def is_down(self) -> bool:
        """Whether no process stays alive: visitors are refused at once until one does."""
        return self._failures >= FAILURES

    async def run(self) -> None:
        """Keep the process running until cancelled, then end it."""
        try:
            while True:
                await self._run_once()
                await asyncio.sleep(min(RESTART_SECONDS * 2 ** (self._failures - 1), LONGEST_RESTART_SECONDS))
        finally:
            self._socket.close()
            self._folder.cleanup()

    async def _run_once(self) -> None:
        number = self._socket.fileno()
        command = [sys.executable, "-m", __name__, str(number)]
        self._heard_at = asyncio.get_running_loop().time()
        try:
            process = self._process = await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, pass_fds=[number], start_new_session=True
            )
        except OSError as error:
            self._failures += 1
            logger.error("the edge cannot be started", extra={"error": type(error).__name__})
            return
        try:
            code = await self._end_of(process)
            self._failures += 1
            logger.error("the edge ended and is started again", extra={"code": code, "failures": self._failures})
        finally:
            self._process = None
            if process.returncode is None:  # at once: whoever waited there was waited for already
                process.kill()
                await process.wait()

    async def _end_of(self, process: Process) -> int:
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(process.wait(), STEADY_SECONDS)
        self._failures = 0
        return await process.wait()

    async def __call__(self, scope: Message, _receive: object, send: Send) -> None:
        """Answer as the edge does; raise EdgeFailed if it does not."""
        if self.is_down:
            raise EdgeFailed
        begun = False
        try:
            async with asyncio.timeout(ANSWER_SECONDS) as patience, self._place() as (reader, writer):
                writer.write(_line({name: value for name, value in scope.items() if name in _CARRIED}))
                async for line in reader:
                    patience.reschedule(None)
                    self._heard_at = asyncio.get_running_loop().time()
                    begun = True
                    await send(_message(line))
        except TimeoutError:
            logger.warning("the edge gave no answer in time")
            self._end_if_silent()
        except (OSError, ValueError) as error:
            logger.warning("the edge gave no answer", extra={"error": type(error).__name__})
        if not begun:
            raise EdgeFailed

    @contextlib.asynccontextmanager
    async def _place(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """Hold a place in the queue for the length of the block; wait while it is full."""
        async with self._door:
            while (connection := self._connect()) is None:
                await asyncio.sleep(FULL_SECONDS)
            reader, writer = await asyncio.open_unix_connection(sock=connection, limit=LINE_BYTES)
        with contextlib.closing(writer):
            yield reader, writer

    def _connect(self) -> socket.socket | None:
        """Return a new connection; None while the queue is full, which asyncio would take for a connection."""
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(0)
            connection.connect(self._address)
        except BlockingIOError:
            connection.close()
            return None
        except OSError:
            connection.close()
            raise
        return connection

    def _end_if_silent(self) -> None:
        """End a process that has answered nobody while somebody lost patience; another is started then."""
        silent = asyncio.get_running_loop().time() - self._heard_at
        if self._process is not None and silent >= ANSWER_SECONDS:
            logger.error("the edge is silent and is ended", extra={"seconds": round(silent)})
            self._heard_at += silent
            self._process.kill()


def _sweep() -> None:
    """Remove what servers left behind that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER}*"):
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:  # others' folders stay closed
            if time.time() - folder.stat().st_mtime < 60:  # its server may be about to listen
                continue
            try:
                probe.connect(str(folder / "socket"))
            except ConnectionRefusedError:
                shutil.rmtree(folder)


# --- the line ---------------------------------------------------------------------------------------------------


def _line(message: Message) -> bytes:
    return json.dumps(message, default=lambda octets: octets.decode("latin-1")).encode() + b"\n"


def _message(line: bytes) -> Message:
    message: Message = json.loads(line)
    for name in ("query_string", "body"):
        if name in message:
            message[name] = message[name].encode("latin-1")
    if "headers" in message:
        message["headers"] = [(key.encode("latin-1"), value.encode("latin-1")) for key, value in message["headers"]]
    return message


# --- the edge's side --------------------------------------------------------------------------------------------


async def serve(app: App, listening: socket.socket) -> None:
    """Answer requests with `app` for ever."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bodies: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> Message:
            if bodies:
                return bodies.pop()
            await reader.read()  # until the visitor is gone
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            writer.write(_line(message))
            await writer.drain()

        with contextlib.suppress(ConnectionError), contextlib.closing(writer):
            try:
                line = await reader.readline()
            except ValueError:
                logger.warning("a request is too long for the edge")
                return
            if line and not _has_left(writer):
                await app(_message(line), receive, send)

    server = await asyncio.start_unix_server(answer, sock=listening, backlog=QUEUE, limit=LINE_BYTES)
    await server.serve_forever()


def _has_left(writer: asyncio.StreamWriter) -> bool:
    """Tell whether the visitor's end is closed: the queue of an edge that was ended holds many who wait no more."""
    poll = select.poll()
    poll.register(writer.get_extra_info("socket"), select.POLLHUP)
    return bool(poll.poll(0))


def main() -> None:
    """Serve the edge on the socket whose number is the first argument, as long as the parent lives."""
    end_with_parent()
    os.nice(NICENESS)
    logging.captureWarnings(capture=True)  # as JSON lines, like the rest of the log
    from daedap.config import wsgi  # noqa: F401 - sets Django up; the edge reads its settings

    from daedap.config import edge  # isort: skip

    asyncio.run(serve(edge.application(), socket.socket(fileno=int(sys.argv[1]))))


if __name__ == "__main__":
    main()
