"""`daedap check-integration` finds what is wrong with an integration, and says what to mend."""

import base64
import hashlib
import hmac
import io
import json
import os
import subprocess
import sys
import threading
import time
import unicodedata
from contextlib import contextmanager
from dataclasses import astuple, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from django.utils import translation

from daedap.config import cli
from daedap.core.outbound import OutboundResponse
from daedap.members.conformance.diagnosis import explain, explain_text
from daedap.members.conformance.findings import is_kept_by_caches
from daedap.members.conformance.login_status import is_one_site
from daedap.members.reasons import FIXES, MEANINGS
from daedap.members.tokens import MemberClaims, Reason, build_message, sign

KEY = "7cf2828608274a49a3f06152b2188927"
CLAIMS = MemberClaims(
    service="shop",
    usercode="user-1",
    username="홍 길동",
    email="hong+1@example.com",
    phone="",
    memberno="M-1",
    return_url="https://acme.example.com/shop/hc/?from=app",
    time="1760000000000",
)


def check(capsys, *arguments: str) -> tuple[int, dict[str, dict[str, str]], str]:
    """Run the command in this process; return its exit code, the findings by rule and all it printed."""
    capsys.readouterr()
    code = cli.main(["check-integration", "--json", "--language", "en", *arguments])
    printed = capsys.readouterr()
    findings = json.loads(printed.out)["findings"] if printed.out else []
    return code, {each["rule"]: each for each in findings}, printed.out + printed.err


def link(claims: MemberClaims, token: str | None = None, service: str = "shop") -> str:
    fields = {"usercode": claims.usercode, "username": claims.username, "email": claims.email}
    fields |= {"memberno": claims.memberno, "returnUrl": claims.return_url, "time": claims.time}
    fields["token"] = sign(claims, KEY) if token is None else token
    return f"https://acme.oc.example.com/{service}/hc/?{urlencode(fields, quote_via=quote, safe='')}"


def fresh(**over: str) -> MemberClaims:
    return replace(CLAIMS, time=str(int(time.time() * 1000)), **over)


# --- why a signature does not fit ---------------------------------------------------------------------------------


def mac(message: str | bytes, key: str | bytes = KEY) -> bytes:
    as_bytes = [text.encode() if isinstance(text, str) else text for text in (key, message)]
    return hmac.digest(as_bytes[0], as_bytes[1], "sha256")


KEPT = [value for value in astuple(CLAIMS) if value]
MESSAGE = build_message(CLAIMS)


@pytest.mark.parametrize(
    ("token", "word"),
    [
        (mac(MESSAGE, bytes.fromhex(KEY)), "hexadecimal"),
        (mac(MESSAGE, f"{KEY}\n"), "line break"),
        (hashlib.sha256(f"{KEY}{MESSAGE}".encode()).digest(), "plain SHA-256"),
        (mac(KEY, MESSAGE), "swapped"),
        (mac(MESSAGE.encode("cp949")), "another encoding"),
        (mac(quote(MESSAGE, safe="")), "whole message"),
        (mac("".join(KEPT)), "joined"),
        (mac("+".join(KEPT)), "joined"),
        (mac("&".join(astuple(CLAIMS))), "empty value"),
        (mac(f"{MESSAGE}&"), "before or after"),
        (mac(build_message(replace(CLAIMS, phone="null"))), "phone has no value"),
        (mac(build_message(replace(CLAIMS, email="hong%2B1%40example.com"))), "email was signed percent-encoded"),
        (mac(build_message(replace(CLAIMS, email="hong 1@example.com"))), "email was signed with a space for +"),
        (mac(build_message(replace(CLAIMS, usercode="USER-1"))), "usercode was signed in upper case"),
        (
            mac(build_message(replace(CLAIMS, username=unicodedata.normalize("NFD", CLAIMS.username)))),
            "username was signed normalised to NFD",
        ),
        (mac(build_message(replace(CLAIMS, time="1760000000"))), "seconds"),
        (mac(build_message(replace(CLAIMS, return_url=""))), "returnUrl was sent but not signed"),
        (mac("&".join(KEPT[1:])), "service was sent but not signed"),
        (mac("&".join([*KEPT[:-1][::-1], KEPT[-1]])), "in the order returnUrl & memberno & email"),
        (mac(f"service=shop&usercode=user-1&{MESSAGE}"), ""),
        (mac(MESSAGE, "0" * 32), ""),
    ],
)
def test_given_a_usual_slip_when_explained_then_it_is_named(token, word):
    with translation.override("en"):
        sentence = explain(CLAIMS, token, KEY)
    assert (word in sentence) if word else sentence == ""
    assert KEY not in sentence


SPACES = replace(CLAIMS, phone="  ", memberno="")


@pytest.mark.parametrize(
    ("claims", "token", "words"),
    [
        (
            CLAIMS,
            mac(build_message(replace(CLAIMS, email=quote(CLAIMS.email), username=quote(CLAIMS.username)))),
            ("username, email were signed percent-encoded",),
        ),
        (
            CLAIMS,
            mac("&".join(astuple(replace(CLAIMS, time="1760000000")))),
            ("seconds", "empty value"),
        ),
        (CLAIMS, mac("&".join([*KEPT[:2], KEPT[3], KEPT[2], *KEPT[4:]]), f"{KEY}\n"), ("in the order", "line break")),
        (CLAIMS, mac(build_message(replace(CLAIMS, memberno="")), KEY.upper()), ("memberno was sent", "upper case")),
        (SPACES, mac("&".join(value for value in astuple(SPACES) if value)), ("phone has only spaces",)),
    ],
)
def test_given_two_slips_when_explained_then_both_are_named(claims, token, words):
    with translation.override("en"):
        sentence = explain(claims, token, KEY)
    assert all(word in sentence for word in words), sentence
    assert KEY not in sentence


def test_given_a_slip_in_another_format_when_explained_then_both_are_named():
    token = mac(build_message(replace(CLAIMS, email=CLAIMS.email.upper()))).hex()
    with translation.override("en"):
        sentence = explain_text(CLAIMS, token, KEY)
    assert "in hexadecimal" in sentence
    assert "email was signed in upper case" in sentence


def test_given_the_right_hash_in_another_format_when_explained_then_the_format_is_named():
    digest = mac(MESSAGE)
    with translation.override("en"):
        assert "hexadecimal" in explain_text(CLAIMS, digest.hex(), KEY)
        assert "Base64 of its hexadecimal" in explain_text(
            CLAIMS, base64.b64encode(digest.hex().encode()).decode(), KEY
        )
        assert "URL-safe" in explain_text(CLAIMS, base64.urlsafe_b64encode(digest).decode(), KEY)
        assert explain_text(CLAIMS, "not a token at all", KEY) == ""


# --- a pasted link --------------------------------------------------------------------------------------------------


@pytest.fixture
def key_file(tmp_path):
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    return str(file)


def test_given_a_right_link_when_checked_then_all_passes_and_no_secret_is_printed(capsys, key_file):
    code, found, printed = check(capsys, "--link", link(fresh()), "--key-file", key_file)
    assert code == 0
    assert {rule: each["grade"] for rule, each in found.items()} == {
        "link.form": "pass",
        "link.time": "pass",
        "link.signature": "pass",
    }
    assert KEY not in printed


def test_given_no_key_when_a_link_is_checked_then_the_signature_is_skipped_not_passed(capsys, monkeypatch):
    monkeypatch.delenv("OC_KEY", raising=False)
    code, found, _printed = check(capsys, "--link", link(fresh(), token="A" * 42 + "A="))
    assert (code, found["link.signature"]["grade"]) == (0, "skip")


@pytest.mark.parametrize(
    ("pasted", "rule", "fix"),
    [
        (lambda: link(fresh(usercode="a&b")), "link.form", Reason.BAD_CHAR),
        (lambda: link(CLAIMS), "link.time", Reason.EXPIRED),
        (lambda: link(replace(CLAIMS, time="9999999999999")), "link.time", Reason.FUTURE),
    ],
)
def test_given_a_wrong_link_when_checked_then_the_reason_and_its_fix(capsys, key_file, pasted, rule, fix):
    code, found, printed = check(capsys, "--link", pasted(), "--key-file", key_file)
    assert (code, found[rule]["grade"]) == (1, "fail")
    with translation.override("en"):
        assert found[rule]["what"].startswith(str(MEANINGS[fix]))
        assert found[rule]["fix"] == str(FIXES[fix])
    assert sign(fresh(), KEY) not in printed


def test_given_a_token_in_hexadecimal_when_the_link_is_checked_then_it_says_so(capsys, key_file):
    claims = fresh()
    token = mac(build_message(claims)).hex()
    code, found, _printed = check(capsys, "--link", link(claims, token), "--key-file", key_file)
    assert code == 1
    assert "hexadecimal" in found["link.form"]["fix"]


def test_given_another_key_when_the_link_is_checked_then_the_key_is_suspected(capsys, key_file):
    token = base64.b64encode(b"x" * 32).decode()
    code, found, printed = check(capsys, "--link", link(fresh(), token=token), "--key-file", key_file)
    assert (code, failing(found)) == (1, {"link.signature"})
    assert "hmac_mismatch" in found["link.signature"]["what"]
    assert "another Key" in found["link.signature"]["fix"]
    assert sign(fresh(), KEY) not in printed


@pytest.mark.parametrize(("time", "word"), [("1760000000", "seconds. Send"), ("1760000000000000", "microseconds")])
def test_given_another_unit_of_time_when_the_link_is_checked_then_it_is_named(capsys, key_file, time, word):
    code, found, _printed = check(capsys, "--link", link(replace(CLAIMS, time=time)), "--key-file", key_file)
    assert (code, failing(found)) == (1, {"link.time"})
    assert word in found["link.time"]["fix"]
    assert "our clock" not in found["link.time"]["what"]  # how far off it is says nothing


@pytest.mark.parametrize(("hours", "word"), [(9, "off by 9 hours"), (-9, "off by 9 hours"), (-8.5, "NTP"), (30, "NTP")])
def test_given_local_time_instead_of_utc_when_the_link_is_checked_then_it_is_named(capsys, key_file, hours, word):
    claims = replace(CLAIMS, time=str(int((time.time() + hours * 3600) * 1000)))
    _code, found, _printed = check(capsys, "--link", link(claims), "--key-file", key_file)
    assert failing(found) == {"link.time"}
    assert ("off by" in found["link.time"]["fix"]) == (word != "NTP")
    assert word == "NTP" or word in found["link.time"]["fix"]


@pytest.mark.parametrize(
    ("pasted", "what", "fix"),
    [
        (lambda: link(fresh(email="")), "required parameter email is missing", "GET method"),
        (
            lambda: link(fresh()).replace("usercode=", "userCode="),
            "parameter usercode is missing",
            "You sent userCode.",
        ),
        (lambda: link(fresh()).replace("time=", "timestamp="), "parameter time is missing", "Send it."),
        (lambda: link(fresh(), token=quote(sign(fresh(), KEY), safe="")), "standard Base64", "encoded twice"),
        (lambda: link(fresh(), token="a" * 28), "standard Base64", "It has 28 characters."),
    ],
)
def test_given_a_malformed_link_when_checked_then_what_was_sent_is_told(capsys, key_file, pasted, what, fix):
    code, found, _printed = check(capsys, "--link", pasted(), "--key-file", key_file)
    assert (code, failing(found)) == (1, {"link.form"})
    assert what in found["link.form"]["what"]
    assert fix in found["link.form"]["fix"]


def test_given_a_raw_plus_when_the_link_is_checked_then_advice(capsys, key_file):
    pasted = link(fresh()).replace("%2B", "+")
    code, found, _printed = check(capsys, "--link", pasted, "--key-file", key_file)
    assert (code, found["link.signature.plus"]["grade"]) == (0, "advice")


def test_given_a_key_on_the_command_line_when_parsed_then_there_is_no_such_option(capsys):
    with pytest.raises(SystemExit):
        cli.main(["check-integration", "--key", KEY])


def test_given_the_key_where_its_file_belongs_when_run_then_it_is_not_printed(capsys):
    code, _found, printed = check(capsys, "--link", link(fresh()), "--key-file", KEY)
    assert code == 2
    assert "No such file" in printed
    assert KEY not in printed


# --- integrators that are wrong --------------------------------------------------------------------------------------


@contextmanager
def integrator(respond):
    """Serve `respond(handler, path, query) -> (status, headers, body)` on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            url = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            status, headers, body = respond(self, url.path, query)
            raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(status)
            kind = "text/html" if isinstance(body, str) else "application/json"
            for name, value in {"Content-Length": str(len(raw)), "Content-Type": kind, **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)

        def do_OPTIONS(self):
            self.do_GET()

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


TOKEN = sign(CLAIMS, KEY)
NO_STORE = {"Cache-Control": "no-store"}
NO = (200, NO_STORE, {"login": "false", "usercode": None})


def yes(usercode: str):
    return (200, NO_STORE, {"login": "true", "usercode": usercode})


def is_real(query) -> bool:
    return (query["usercode"], query["token"]) == ("user-1", TOKEN)


def verification(capsys, answer) -> tuple[int, dict[str, dict[str, str]]]:
    with integrator(lambda handler, path, query: answer(query)) as url:
        given = ("--verification-url", f"{url}/verify", "--usercode", "user-1", "--token", TOKEN, "--allow-private")
        code, found, _printed = check(capsys, *given)
    return code, found


def failing(found) -> set[str]:
    return {rule for rule, each in found.items() if each["grade"] == "fail"}


def test_given_a_right_verification_url_when_checked_then_all_passes(capsys):
    code, found = verification(capsys, lambda query: yes("user-1") if is_real(query) else NO)
    assert (code, failing(found)) == (0, set())
    assert len(found) == 13


def test_given_html_as_content_type_when_checked_then_advice(capsys):
    sent = {"Content-Type": "text/html; charset=utf-8", **NO_STORE}
    code, found = verification(
        capsys, lambda query: (200, sent, yes("user-1")[2]) if is_real(query) else (200, sent, NO[2])
    )
    assert (code, found["verification.type"]["grade"]) == (0, "advice")
    assert "text/html" in found["verification.type"]["what"]


@pytest.mark.parametrize(
    ("answer", "rules"),
    [
        (
            lambda query: yes(query["usercode"]),  # believes everything
            {"wrong_token", "other_user", "case", "unknown_user", "characters_1", "characters_2", "characters_3"},
        ),
        (lambda query: yes(query["usercode"]) if query["token"] == TOKEN else NO, {"other_user", "case"}),
        (lambda query: yes(query["usercode"]) if query["usercode"] == "user-1" else NO, {"wrong_token"}),
        (  # a database that does not tell upper from lower case
            lambda query: yes("user-1") if (query["usercode"].lower(), query["token"]) == ("user-1", TOKEN) else NO,
            {"case"},
        ),
        (
            lambda query: yes("user-1") if is_real(query) else (401, {}, ""),
            {
                "wrong_token",
                "other_user",
                "case",
                "unknown_user",
                "characters_1",
                "characters_2",
                "characters_3",
            },
        ),
        (lambda query: (302, {"Location": "/login"}, "") if is_real(query) else NO, {"confirms"}),
        (lambda query: yes("somebody") if is_real(query) else NO, {"confirms"}),
        (lambda query: (200, {}, "<html>") if is_real(query) else NO, {"confirms"}),
        (
            lambda query: (200, {"Cache-Control": "public, max-age=60"}, yes("user-1")[2]) if is_real(query) else NO,
            {"caching"},
        ),
        (
            lambda query: (500, {}, "") if " " in query["usercode"] else yes("user-1") if is_real(query) else NO,
            {"characters_1", "characters_3"},
        ),
    ],
)
def test_given_a_wrong_verification_url_when_checked_then_these_rules_fail_and_have_a_fix(capsys, answer, rules):
    code, found = verification(capsys, answer)
    assert code == 1
    assert failing(found) == {f"verification.{rule}" for rule in rules}
    assert all(found[rule]["fix"] for rule in failing(found))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((200, {}, {"result": {"login": True, "usercode": "user-1"}}), 'no "login" at its top level'),
        ((200, {}, {"login": 1, "usercode": "user-1"}), "login was 1."),
        ((200, {}, {"login": "Y", "usercode": "user-1"}), 'login was "Y".'),
        ((200, {}, {"login": "FALSE", "usercode": "user-1"}), "Nothing, if the user is logged out."),
        ((405, {}, ""), "(405)"),
    ],
)
def test_given_an_answer_that_is_no_yes_when_checked_then_what_it_was_is_told(capsys, answer, words):
    _code, found = verification(capsys, lambda query: answer if is_real(query) else NO)
    confirms = found["verification.confirms"]
    assert words in confirms["what"] + confirms["fix"]


def test_given_an_answer_that_nobody_can_read_when_checked_then_it_is_said_once(capsys):
    _code, found = verification(capsys, lambda query: (200, {}, "<html>"))
    assert failing(found) == {"verification.confirms"}
    assert found["verification.others"]["grade"] == "skip"


def test_given_a_token_on_standard_input_when_checked_then_it_is_asked_about(capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{TOKEN}\n"))
    with integrator(lambda handler, path, query: yes("user-1") if is_real(query) else NO) as url:
        given = ("--verification-url", f"{url}/verify", "--usercode", "user-1", "--token", "-", "--allow-private")
        code, found, printed = check(capsys, *given)
    assert (code, found["verification.confirms"]["grade"]) == (0, "pass")
    assert TOKEN not in printed


def test_given_a_token_confirmed_only_once_when_checked_then_that_fails(capsys):
    seen = []

    def answer(query):
        if is_real(query):
            seen.append(query)
        return yes("user-1") if is_real(query) and len(seen) == 1 else NO

    code, found = verification(capsys, answer)
    assert (code, failing(found)) == (1, {"verification.repeats"})


def test_given_a_private_address_without_the_flag_when_checked_then_nothing_is_called(capsys):
    called = []
    with integrator(lambda handler, path, query: called.append(path) or NO) as url:
        code, found, _printed = check(capsys, "--verification-url", url.replace("http://", "https://"))
    assert (code, list(found)) == (1, ["verification.address"])
    assert "--allow-private" in found["verification.address"]["fix"]
    assert called == []


# --- login status -----------------------------------------------------------------------------------------------------

CENTRE = "https://acme.oc.example.com"
CORS = {
    "Access-Control-Allow-Origin": CENTRE,
    "Access-Control-Allow-Credentials": "true",
    "Vary": "Origin",
    "Access-Control-Allow-Headers": "usercode, memberno",
}


def status(capsys, respond, *more: str):
    with integrator(respond) as url:
        given = ["--login-status-url", f"{url}/status", "--help-centre", f"{CENTRE}/shop/hc/", "--allow-private"]
        code, found, _printed = check(capsys, *given, *more)
    return code, found


def right_status(handler, path, query, **over):
    mine = handler.headers.get("Origin") == CENTRE
    body = {"login": True, "usercode": "user-1"} if handler.headers.get("Cookie") else {"login": False}
    return 200, {**(CORS if mine else {"Vary": "Origin"}), **over}, body


def test_given_a_right_login_status_url_when_checked_then_all_passes(capsys, tmp_path):
    (tmp_path / "cookie").write_text("login=x\n")
    given = ("--cookie-file", str(tmp_path / "cookie"), "--header-row", "usercode", "--usercode", "user-1")
    code, found = status(capsys, right_status, *given)
    assert (code, found.pop("status.site")["grade"]) == (0, "advice")  # the test's server is at another address
    assert {each["grade"] for each in found.values()} == {"pass"}
    assert {"status.member", "status.preflight.headers", "status.strangers"} <= set(found)


@pytest.mark.parametrize(
    ("url", "centre", "is_one"),
    [
        ("https://www.example.com/s", "https://help.example.com", True),
        ("https://example.com/s", "https://acme.oc.example.com", True),
        ("https://WWW.Example.co.kr/s", "https://help.example.co.kr", True),
        ("https://shop.co.kr/s", "https://acme.oc.example.co.kr", False),
        ("https://www.shop.com/s", "https://acme.oc.example.com", False),
        ("http://www.example.com/s", "https://help.example.com", False),
        ("http://localhost:8100/s", "http://demo.oc.localhost:8000", False),
        ("http://shop.demo.oc.localhost:8100/s", "http://demo.oc.localhost:8000", True),
        ("http://10.0.0.1/s", "http://11.0.0.1", False),
    ],
)
def test_given_two_addresses_when_compared_then_one_site_or_not(url, centre, is_one):
    assert is_one_site(url, centre) is is_one


def echoes(handler, path, query):
    origin = handler.headers.get("Origin", "")
    return right_status(handler, path, query, **{**CORS, "Access-Control-Allow-Origin": origin})


@pytest.mark.parametrize(
    ("respond", "rules"),
    [
        (echoes, {"strangers"}),
        (lambda *args: right_status(*args, **{"Access-Control-Allow-Origin": "*"}), {"origin", "strangers"}),
        (lambda *args: right_status(*args, **{"Access-Control-Allow-Origin": f"{CENTRE}/"}), {"origin"}),
        (lambda *args: right_status(*args, **{"Access-Control-Allow-Credentials": "True"}), {"credentials"}),
        (lambda *args: (200, CORS, {"login": "true", "usercode": "user-1"}), {"guest"}),
        (lambda *args: (302, {"Location": "/login"}, ""), {"guest", "origin", "credentials"}),
        (lambda *args: (200, CORS, "<html>"), {"guest"}),
        (lambda *args: right_status(*args, **{"Cache-Control": "max-age=600"}), {"caching"}),
    ],
)
def test_given_a_wrong_login_status_url_when_checked_then_these_rules_fail(capsys, respond, rules):
    code, found = status(capsys, respond)
    assert code == 1
    assert failing(found) == {f"status.{rule}" for rule in rules}
    assert all(found[rule]["fix"] for rule in failing(found))


def test_given_an_origin_that_only_looks_like_ours_when_echoed_then_that_fails(capsys):
    def suffix(handler, path, query):
        origin = handler.headers.get("Origin", "")
        is_alike = origin.endswith(CENTRE.removeprefix("https://"))
        return echoes(handler, path, query) if is_alike else right_status(handler, path, query)

    def prefix(handler, path, query):
        is_alike = handler.headers.get("Origin", "").startswith(CENTRE)
        return echoes(handler, path, query) if is_alike else right_status(handler, path, query)

    for careless in (suffix, prefix):
        code, found = status(capsys, careless)
        assert (code, failing(found)) == (1, {"status.strangers"})


def test_given_an_unreadable_answer_when_told_then_of_this_address_and_not_of_another(capsys):
    _code, found = status(capsys, lambda *args: (302, {"Location": "/login"}, ""))
    assert found["status.guest"]["what"] == "It answers with a redirect."
    assert not any("verification" in each["what"] for each in found.values())


def test_given_a_header_for_the_terminal_when_printed_then_it_is_harmless(capsys):
    def respond(*args):
        return right_status(*args, **{"Access-Control-Allow-Origin": "\x9b31mred"})

    with integrator(respond) as url:
        given = ["--login-status-url", url, "--help-centre", f"{CENTRE}/shop/hc/", "--allow-private"]
        assert cli.main(["check-integration", "--language", "en", *given]) == 1
    printed = capsys.readouterr().out
    assert "31mred" in printed
    assert "\x9b" not in printed


def test_given_no_answer_to_options_when_there_are_header_rows_then_the_preflight_fails(capsys):
    def respond(handler, path, query):
        return (405, {}, "") if handler.command == "OPTIONS" else right_status(handler, path, query)

    code, found = status(capsys, respond, "--header-row", "usercode")
    assert (code, failing(found)) == (1, {"status.preflight"})
    code, found = status(capsys, right_status, "--header-row", "email")
    assert (code, failing(found)) == (1, {"status.preflight.headers"})


# --- login page ------------------------------------------------------------------------------------------------------


def login(capsys, tmp_path, respond, *more: str):
    (tmp_path / "cookie").write_text("login=x")
    (tmp_path / "key").write_text(KEY)
    with integrator(respond) as url:
        given = ["--login-url", f"{url}/login", "--help-centre", f"{CENTRE}/shop/hc/", "--allow-private"]
        given += ["--cookie-file", str(tmp_path / "cookie"), "--key-file", str(tmp_path / "key")]
        code, found, _printed = check(capsys, *given, *more)
    return code, found


def form_page(return_url: str, *, action: str = CENTRE, signed_url: str | None = None, **over: str):
    now = str(int(time.time() * 1000))
    claims = MemberClaims(
        service="shop", usercode="user-1", time=now, return_url=return_url if signed_url is None else signed_url
    )
    fields = {"service": "shop", "usercode": "user-1", "time": now, "token": sign(claims, KEY)}
    fields |= {"returnUrl": return_url, **over}
    inputs = "".join(f"<input name='{name}' value='{value.replace('&', '&amp;')}'>" for name, value in fields.items())
    return 200, {}, f"<form method='post' action='{action}/v2/enduser/remote.json'>{inputs}</form>"


LOGIN_PAGE = (200, {}, "<form method='post'><input name='password'></form>")


def is_member(handler, query) -> bool:
    return bool(handler.headers.get("Cookie")) and query.get("returnUrl", "").startswith(CENTRE)


def right_login(handler, path, query):
    return form_page(query["returnUrl"]) if is_member(handler, query) else LOGIN_PAGE


def test_given_a_right_login_url_when_checked_then_all_passes(capsys, tmp_path):
    code, found = login(capsys, tmp_path, right_login)
    assert (code, {each["grade"] for each in found.values()}) == (0, {"pass"})
    assert {"login.signature", "login.return_url", "login.strangers"} <= set(found)


def test_given_a_large_login_page_when_checked_then_it_is_a_page(capsys, tmp_path):
    def respond(handler, path, query):
        return right_login(handler, path, query) if is_member(handler, query) else (200, {}, "x" * 70_000)

    code, found = login(capsys, tmp_path, respond)
    assert (code, failing(found)) == (0, set())


@pytest.mark.parametrize(
    ("page", "rules"),
    [
        (lambda url: LOGIN_PAGE, {"member"}),
        (lambda url: form_page(url.partition("?")[0]), {"return_url"}),
        (lambda url: form_page(url, signed_url=""), {"signature"}),
        (lambda url: form_page(url, service="other"), {"form"}),
        (lambda url: form_page(url, time="1760000000000"), {"time", "signature"}),
        (lambda url: form_page(url, action="https://attacker.example"), {"member"}),
    ],
)
def test_given_a_wrong_form_when_checked_then_these_rules_fail(capsys, tmp_path, page, rules):
    def respond(handler, path, query):
        return page(query["returnUrl"]) if is_member(handler, query) else LOGIN_PAGE

    code, found = login(capsys, tmp_path, respond)
    assert code == 1
    assert failing(found) == {f"login.{rule}" for rule in rules}


def test_given_a_form_with_a_slip_when_checked_then_it_is_named(capsys, tmp_path):
    def what_of(rule, change, *more):
        def respond(handler, path, query):
            if not is_member(handler, query):
                return LOGIN_PAGE
            status_code, headers, page = form_page(query["returnUrl"])
            return status_code, headers, change(page)

        _code, found = login(capsys, tmp_path, respond, *more)
        assert found[rule]["grade"] == "fail"
        return f"{found[rule]['what']} {found[rule]['fix']}"

    assert "where only servers call" in what_of("login.member", lambda page: page.replace("/v2/", "/api/v2/"))
    assert "by GET to" in what_of("login.member", lambda page: page.replace("'post'", "'get'"))
    assert "Send shop." in what_of("login.form", lambda page: page.replace("value='shop'", "value='Shop'"))
    assert "You sent user_code." in what_of("login.form", lambda page: page.replace("'usercode'", "'user_code'"))
    assert "signs the usercode user-1." in what_of("login.usercode", str, "--usercode", "1")


@pytest.mark.parametrize(
    "respond",
    [
        lambda handler, path, query: (302, {"Location": query["returnUrl"]}, ""),
        lambda handler, path, query: form_page(query["returnUrl"]),
    ],
)
def test_given_any_return_url_followed_or_signed_when_checked_then_that_fails(capsys, tmp_path, respond):
    def answer(handler, path, query):
        wants_away = "attacker" in query.get("returnUrl", "")
        return respond(handler, path, query) if wants_away else right_login(handler, path, query)

    code, found = login(capsys, tmp_path, answer)
    assert (code, failing(found)) == (1, {"login.strangers"})


# --- the command -----------------------------------------------------------------------------------------------------


def test_given_a_signer_that_is_wrong_when_checked_then_each_vector_says_how(capsys, tmp_path):
    program = tmp_path / "sign.py"
    program.write_text(
        "import sys, json, hmac, base64\n"
        "def sign(v):\n"
        "    i = v['inputs']\n"
        "    names = ('service', 'usercode', 'username', 'email', 'phone', 'memberno', 'returnUrl')\n"
        "    text = '&'.join([str(i[n]) for n in names if i[n] and i[n].strip()] + [str(i['time'])])\n"
        "    return base64.b64encode(hmac.digest(v['key'].encode(), text.encode(), 'sha256')).decode()\n"
        "vectors = json.load(sys.stdin)\n"
        "assert all(set(v) == {'name', 'key', 'inputs'} for v in vectors)\n"
        "print(json.dumps({v['name']: sign(v) for v in vectors}))\n"
    )
    code, found, _printed = check(capsys, "--sign-command", f"{sys.executable} {program}")
    assert (code, failing(found)) == (1, {"vectors.no-break-space-not-skipped"})  # what strip() gets wrong
    assert "username was sent but not signed" in found["vectors.no-break-space-not-skipped"]["fix"]


def test_given_a_signer_that_breaks_when_checked_then_a_sentence_and_exit_code_2(capsys):
    code, found, printed = check(capsys, "--sign-command", f"{sys.executable} -c 'import sys; sys.exit(3)'")
    assert (code, found) == (2, {})
    assert "exit code 3" in printed


def test_given_nothing_to_check_when_run_then_the_choices_and_exit_code_2(capsys):
    code, _found, printed = check(capsys)
    assert code == 2
    assert "--verification-url" in printed


def test_given_no_settings_and_no_database_when_run_then_it_works_and_speaks_korean(tmp_path):
    source = str(Path(cli.__file__).parents[2])
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": source, "OC_KEY": KEY, "HOME": str(tmp_path)}
    command = [sys.executable, "-m", "daedap.config.cli", "check-integration", "--link", "-", "--language", "ko"]
    asked = f"{link(CLAIMS)}\n".encode()
    done = subprocess.run(command, input=asked, env=environment, cwd=tmp_path, capture_output=True, check=False)
    text = done.stdout.decode()
    assert (done.returncode, done.stderr) == (1, b"")
    assert "조직 Key로 서명한 Token입니다." in text
    assert "FAIL  link.time" in text
    assert "통과 2, 실패 1" in text
    assert KEY not in text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("headers", "is_kept"),
    [
        ([], False),
        ([(b"Cache-Control", b"no-store")], False),
        ([(b"cache-control", b"private, max-age=60")], False),
        ([(b"Cache-Control", b"max-age=0")], False),
        ([(b"Cache-Control", b"max-age=60")], True),
        ([(b"Cache-Control", b"s-maxage=60")], True),
        ([(b"Cache-Control", b"public")], True),
        ([(b"Age", b"3"), (b"Cache-Control", b"no-store")], True),
    ],
)
def test_given_headers_when_asked_whether_caches_keep_it_then_so(headers, is_kept):
    assert is_kept_by_caches(OutboundResponse(200, b"", headers)) is is_kept


def test_given_every_reason_when_looked_up_then_it_has_a_meaning_and_a_fix():
    assert set(MEANINGS) == set(FIXES)
    assert set(Reason) <= set(MEANINGS)
