"""NHN Cloud's SMS API of our own on a local port: takes messages, and misbehaves when told to."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class NhnCloud:
    """What was sent, and what goes wrong next: "timeout", "500", "html", "refused", "bad-number" or "" for nothing."""

    def __init__(self) -> None:
        self.url = ""
        self.trouble = ""
        self.calls: list[tuple[str, str | None, dict]] = []

    def answer(self) -> tuple[int, str]:
        ok = {"isSuccessful": True, "resultCode": 0, "resultMessage": "success"}
        result = {"recipientNo": "01012345678", "resultCode": 0, "resultMessage": "success", "recipientSeq": 1}
        if self.trouble == "500":
            return 500, "{}"
        if self.trouble == "html":
            return 200, "<html>proxy</html>"
        if self.trouble == "refused":
            return 200, json.dumps({"header": {"isSuccessful": False, "resultCode": -1000, "resultMessage": "appKey"}})
        if self.trouble == "bad-number":
            result |= {"resultCode": -2021, "resultMessage": "01012345678 is wrong"}
        return 200, json.dumps({"header": ok, "body": {"data": {"requestId": "1", "sendResultList": [result]}}})


@contextmanager
def serve():
    """Run it for the length of the block."""
    cloud = NhnCloud()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            cloud.calls.append((self.path, self.headers.get("X-Secret-Key"), body))
            if cloud.trouble == "timeout":
                time.sleep(1)
            status, text = cloud.answer()
            self.send_response(status)
            self.send_header("Content-Type", "application/json;charset=UTF-8")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    cloud.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield cloud
    finally:
        server.shutdown()
        server.server_close()
