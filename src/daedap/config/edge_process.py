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
import socket
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from daedap.config.tether import end_with_parent

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Callable[[], Awaitable[Message]], Send], Awaitable[None]]

QUEUE = 1024
LINE_BYTES = 2**20
ANSWER_SECONDS = 30.0
"""How long a visitor waits for the first line of an answer; the edge's own limits are far below."""

RESTART_SECONDS = 1.0
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
        self._folder = tempfile.TemporaryDirectory(prefix="daedap-edge-")  # of this user alone
        self._address = str(Path(self._folder.name) / "socket")
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(self._address)
        self._socket.listen(QUEUE)
        self._door = asyncio.Semaphore(2)  # a crowd that comes at once comes in between pages

    async def run(self) -> None:
        """Keep the process running until cancelled, then end it."""
        try:
            while True:
                await self._run_once()
                await asyncio.sleep(RESTART_SECONDS)
        finally:
            self._socket.close()
            self._folder.cleanup()

    async def _run_once(self) -> None:
        number = self._socket.fileno()
        command = [sys.executable, "-m", __name__, str(number)]
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, pass_fds=[number], start_new_session=True
            )
        except OSError as error:
            logger.error("the edge cannot be started", extra={"error": type(error).__name__})
            return
        try:
            code = await process.wait()
            logger.error("the edge ended and is started again", extra={"code": code})
        finally:
            if process.returncode is None:  # at once: whoever waited there was waited for already
                process.kill()
                await process.wait()

    async def __call__(self, scope: Message, _receive: object, send: Send) -> None:
        """Answer as the edge does; raise EdgeFailed if it does not."""
        begun = False
        try:
            async with self._door:
                reader, writer = await asyncio.open_unix_connection(self._address, limit=LINE_BYTES)
            try:
                writer.write(_line({name: value for name, value in scope.items() if name in _CARRIED}))
                async with asyncio.timeout(ANSWER_SECONDS) as patience:
                    async for line in reader:
                        patience.reschedule(None)
                        begun = True
                        await send(_message(line))
            finally:
                writer.close()
        except (OSError, ValueError) as error:  # TimeoutError is an OSError
            logger.warning("the edge gave no answer", extra={"error": type(error).__name__})
        if not begun:
            raise EdgeFailed


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
            line = await reader.readline()
            if line:
                await app(_message(line), receive, send)

    server = await asyncio.start_unix_server(answer, sock=listening, backlog=QUEUE, limit=LINE_BYTES)
    await server.serve_forever()


def main() -> None:
    """Serve the edge on the socket whose number is the first argument, as long as the parent lives."""
    end_with_parent()
    os.nice(NICENESS)
    from daedap.config import wsgi  # noqa: F401 - sets Django up; the edge reads its settings

    from daedap.config import edge  # isort: skip

    asyncio.run(serve(edge.application(), socket.socket(fileno=int(sys.argv[1]))))


if __name__ == "__main__":
    main()
