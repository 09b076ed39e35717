"""Each sample signs every vector right, and passes `daedap check-integration` over HTTP with both login types."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from daedap.config import cli
from daedap.members.tokens import POST_REQUIRED, REMOTE_LIFETIME_MS, TokenRefused, check, read_entry

SAMPLES = Path(__file__).resolve().parents[1]
KEY = "7cf2828608274a49a3f06152b2188927"
START_SECONDS = 60


@dataclass(frozen=True)
class Sample:
    """One language: the tool it needs, and how it signs vectors and serves."""

    name: str
    tool: str
    sign: tuple[str, ...]

    def serve(self, port: int) -> list[str]:
        if self.name == "php":
            return [self.tool, "-q", "-d", "error_log=/dev/stderr", "-S", f"127.0.0.1:{port}", self.sign[1]]
        return list(self.sign[:-1])


def sample(name: str, tool: str, file: str) -> Sample:
    return Sample(name, tool, (tool, str(SAMPLES / name / file), "vectors"))


ALL = [
    sample("python", sys.executable, "member.py"),
    sample("node", "node", "member.mjs"),
    sample("java", "java", "Member.java"),
    sample("php", "php", "member.php"),
]


@pytest.fixture(scope="module", params=ALL, ids=lambda each: each.name)
def language(request, tmp_path_factory) -> Sample:
    needed = {"java": "javac"}.get(request.param.tool, request.param.tool)
    if shutil.which(needed) is None:
        pytest.skip(f"{needed} is not installed")
    if request.param.name != "java":
        return request.param
    folder = tmp_path_factory.mktemp("java")  # `java Member.java` would compile it anew for every start
    subprocess.run(["javac", "-encoding", "UTF-8", "-d", folder, SAMPLES / "java" / "Member.java"], check=True)
    return Sample("java", "java", ("java", "-XX:TieredStopAtLevel=1", "-cp", str(folder), "Member", "vectors"))


def check_integration(capsys, *arguments: str) -> tuple[int, dict[str, str], str]:
    """Run the command; return its exit code, the grades by rule, and everything it printed."""
    capsys.readouterr()
    code = cli.main(["check-integration", "--json", "--language", "en", *arguments])
    printed = capsys.readouterr()
    findings = json.loads(printed.out)["findings"]
    return code, {each["rule"]: each["grade"] for each in findings}, printed.out + printed.err


def test_given_every_vector_when_a_sample_signs_it_then_message_and_token_are_right(language, capsys):
    code, grades, printed = check_integration(capsys, "--sign-command", " ".join(language.sign))
    assert code == 0, printed
    assert len(grades) == 22
    assert set(grades.values()) == {"pass"}


# --- over HTTP -----------------------------------------------------------------------------------------------------


class HelpCentre(ThreadingHTTPServer):
    """Stands in for the server-side remote login: reads and checks the form as the product does."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), RemoteLogin)
        self.taken: list[str] = []
        self.origin = f"http://127.0.0.1:{self.server_port}"


class RemoteLogin(BaseHTTPRequestHandler):
    def do_POST(self):
        form = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            assert self.path == "/api/v2/enduser/remote.json"
            assert b"returnUrl" not in form
            entry = read_entry(form, "shop", required=POST_REQUIRED, takes_return_url=False)
            verified = check(entry, [KEY], int(time.time() * 1000), REMOTE_LIFETIME_MS)
        except (AssertionError, TokenRefused) as no:
            self.send_response(400)
            self.send_header("X-OC-Error-Detail", getattr(no, "reason", "Invalid parameter"))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.server.taken.append(verified.claims.usercode)
        body = json.dumps({"header": {"resultCode": 200}, "result": {"content": "access+token/1"}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def help_centre():
    with HelpCentre() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(language: Sample, folder: Path, base: str, **more: str) -> Iterator[str]:
    """Start the sample; give its address once it answers."""
    port = free_port()
    environment = os.environ | {"OC_BASE_URL": base, "OC_SERVICE": "shop", "OC_KEY": KEY, "PORT": str(port)}
    environment |= {"STORE": str(folder / "store"), "OC_HANDOVER": "browser", **more}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(language.serve(port), env=environment, stdout=log, stderr=log, cwd=folder)
    try:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(httpx.TransportError):
                httpx.get(address)
                break
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def log_in(address: str, login: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address) as client:
        answer = client.post("/login", data={"login": login, "password": "demo"})
        assert answer.status_code == 303
        yield client


def cookie_file(client: httpx.Client, folder: Path) -> str:
    file = folder / "cookie"
    file.write_text(f"login={client.cookies['login']}\n")
    return str(file)


@pytest.mark.server
def test_given_a_sample_when_checked_with_get_type_then_every_rule_passes(language, help_centre, tmp_path, capsys):
    with running(language, tmp_path, help_centre.origin) as address:
        for login in ("hong", "sora"):
            with log_in(address, login) as client:
                link = client.get("/oc/open", params={"page": "list"}).headers["location"]
                assert urlsplit(link).path == "/shop/hc/ticket/list/"
                (tmp_path / "key").write_text(f"{KEY}\n")
                given = ("--link", link, "--key-file", str(tmp_path / "key"), "--allow-private")
                given += ("--verification-url", f"{address}/oc/verify")
                code, grades, printed = check_integration(capsys, *given)
                assert code == 0, printed
                assert grades.pop("link.https") == "advice"
                assert set(grades.values()) == {"pass"}, printed
                assert {"link.signature", "verification.confirms", "verification.repeats"} <= set(grades)
                assert KEY not in printed
                assert parse_qs(urlsplit(link).query)["token"][0] not in printed

                client.post("/logout")
                code, grades, printed = check_integration(capsys, *given, "--logged-out")
                assert (code, grades["verification.logged_out"]) == (0, "pass"), printed
                code, grades, printed = check_integration(capsys, *given)
                assert (code, grades["verification.confirms"]) == (1, "fail"), printed


@pytest.mark.server
def test_given_a_sample_when_checked_with_post_type_then_every_rule_passes(language, help_centre, tmp_path, capsys):
    with running(language, tmp_path, help_centre.origin) as address, log_in(address, "sora") as client:
        given = ["--login-url", f"{address}/login", "--login-status-url", f"{address}/oc/login-status"]
        given += ["--help-centre", f"{help_centre.origin}/shop/hc/", "--allow-private", "--usercode", "회원 +0002"]
        given += ["--cookie-file", cookie_file(client, tmp_path), "--header-row", "usercode", "--query-row", "email"]
        (tmp_path / "key").write_text(KEY)
        code, grades, printed = check_integration(capsys, *given, "--key-file", str(tmp_path / "key"))
        assert code == 0, printed
        assert set(grades.values()) == {"pass"}, printed
        assert {"login.signature", "login.return_url", "login.strangers", "status.member"} <= set(grades)
        assert {"status.preflight.headers", "status.strangers"} <= set(grades)
        assert KEY not in printed
        assert client.cookies["login"] not in printed


@pytest.mark.server
def test_given_a_sample_when_its_server_hands_over_then_the_form_is_accepted(language, help_centre, tmp_path, capsys):
    with (
        running(language, tmp_path, help_centre.origin, OC_HANDOVER="server") as address,
        log_in(address, "sora") as client,
    ):
        given = ["--login-url", f"{address}/login", "--help-centre", f"{help_centre.origin}/shop/hc/"]
        given += ["--allow-private", "--cookie-file", cookie_file(client, tmp_path)]
        code, grades, printed = check_integration(capsys, *given)
        assert code == 0, printed
        assert set(grades.values()) == {"pass"}, printed
        assert help_centre.taken == ["회원 +0002"]
        address = client.get("/oc/remote-server").headers["location"]
        assert address == f"{help_centre.origin}/shop/hc/?accessToken=access%2Btoken%2F1"


@pytest.mark.server
def test_given_another_key_when_a_sample_hands_over_then_a_sentence_and_the_reason_in_its_log(
    language, help_centre, tmp_path
):
    wrong = tmp_path / "wrong"
    wrong.write_text("0" * 32)
    with (
        running(language, tmp_path, help_centre.origin, OC_KEY_FILE=str(wrong)) as address,
        log_in(address, "hong") as client,
    ):
        assert client.get("/oc/remote-server").status_code == 502
    assert help_centre.taken == []
    assert "hmac_mismatch" in (tmp_path / "log").read_text(errors="replace")


@pytest.mark.server
def test_given_a_sample_when_attacked_then_nothing_leaks(language, help_centre, tmp_path):
    with running(language, tmp_path, help_centre.origin) as address, log_in(address, "hong") as client:
        wrong = httpx.post(f"{address}/login", data={"login": "hong", "password": "wrong"})
        assert wrong.status_code == 422
        assert "set-cookie" not in wrong.headers
        foreign = client.get("/oc/remote", params={"returnUrl": f"{help_centre.origin}.attacker.example/shop/"})
        assert (foreign.status_code, foreign.headers["location"]) == (303, "/login")
        split = client.get("/oc/remote-server", params={"returnUrl": f"{help_centre.origin}/shop/hc/\r\nX-Evil: 1"})
        assert "x-evil" not in split.headers
        wanted = f"{help_centre.origin}/shop/hc/ticket/?a=1&hcstate=x"
        guest = httpx.get(f"{address}/oc/remote", params={"returnUrl": wanted}).headers["location"]
        assert parse_qs(urlsplit(guest).query) == {"returnUrl": [wanted]}
        page = httpx.get(f"{address}/login", params={"returnUrl": '"><script>alert(1)</script>'})
        assert "<script>alert" not in page.text
        status = client.get("/oc/login-status", headers={"Origin": "https://attacker.example"})
        assert "access-control-allow-origin" not in status.headers
        link = client.get("/oc/open").headers["location"]
        token = parse_qs(urlsplit(link).query)["token"][0]
        yes = {"usercode": "user-0001", "token": token}
        assert httpx.get(f"{address}/oc/verify", params=yes).json() == {"login": True, "usercode": "user-0001"}
        no = httpx.get(f"{address}/oc/verify", params={**yes, "usercode": "회원 +0002"})
        assert no.json() == {"login": False, "usercode": None}
    assert token not in (tmp_path / "log").read_text(errors="replace")
    assert KEY not in (tmp_path / "log").read_text(errors="replace")
