"""The command line of the check: what it is given, and how it tells what it found."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from daedap.core.outbound import OutboundPolicy
from daedap.members.conformance.findings import Finding, Grade
from daedap.members.conformance.links import PastedLink, check_link, read_link
from daedap.members.conformance.login_status import Browser, check_login_status_url
from daedap.members.conformance.login_url import HelpCentre, check_login_url
from daedap.members.conformance.signer import SignerFailed, check_signer
from daedap.members.conformance.verification_url import check_verification_url
from daedap.members.tokens import DEFAULT_LIFETIME_MS

PACKAGE = Path(__file__).resolve().parents[2]
VECTORS = PACKAGE.parents[1] / "conformance" / "member-token-vectors.json"
ROW_NAMES = ("usercode", "username", "email", "phone", "memberno")
MINUTE_MS = 60_000
HIDDEN = "; - reads a line, which other users of this machine do not see"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Give the parser the options of the check; it looks at whatever it is given."""
    get = parser.add_argument_group("GET type")
    get.add_argument("--verification-url", metavar="URL", help="the Token verification URL")
    get.add_argument("--link", help=f"a freshly signed help-centre link of a logged-in user, in quotes{HIDDEN}")
    get.add_argument("--usercode", default="", help="instead of --link: the user (POST: whose cookie it is)")
    get.add_argument("--token", default="", help=f"instead of --link: the user's token, not percent-encoded{HIDDEN}")
    get.add_argument("--logged-out", action="store_true", help="the user of the link has logged out since")
    get.add_argument("--lifetime", type=int, metavar="MINUTES", help="GET token lifetime; 0 is no limit (default: 5)")
    post = parser.add_argument_group("POST type")
    post.add_argument("--login-url", metavar="URL")
    post.add_argument("--login-status-url", metavar="URL")
    post.add_argument("--help-centre", metavar="URL", help="the help centre: https://{org}.oc.{base}/{service}/hc/")
    post.add_argument("--cookie-file", type=Path, help='file with "name=value" of a logged-in user (or OC_COOKIE)')
    for kind in ("header", "query"):
        text = f"a parameter row in the {kind}; may be given more than once"
        post.add_argument(f"--{kind}-row", action="append", default=[], choices=ROW_NAMES, help=text)
    signing = parser.add_argument_group("signing")
    signing.add_argument("--service", default="", help="the service ID, if the link does not name it")
    signing.add_argument("--key-file", type=Path, help="file with the organization Key (or OC_KEY, OC_KEY_FILE)")
    signing.add_argument("--sign-command", metavar="COMMAND", help="a program to hold against the vectors")
    signing.add_argument("--vectors", type=Path, default=VECTORS, help="another file of vectors")
    parser.add_argument("--allow-private", action="store_true", help="permit http and addresses of your own network")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--language", choices=("ko", "en"), help="default: by LANG")


def run(options: argparse.Namespace) -> int:
    """Play our side of member integration against a company's own, and say what to mend."""
    _prepare()
    language = options.language or ("ko" if os.environ.get("LANG", "").startswith("ko") else "en")
    with translation.override(language):
        try:
            findings = _findings(options)
        except (SignerFailed, OSError, UnicodeDecodeError, ValueError) as error:
            sys.stderr.write(f"daedap: {error}\n")
            return 2
        if not findings:
            sys.stderr.write(
                "daedap: Give --verification-url, --link, --login-url, --login-status-url or --sign-command.\n"
            )
            return 2
        is_ok = all(finding.grade is not Grade.FAIL for finding in findings)
        if options.json:
            _say(json.dumps({"ok": is_ok, "findings": [asdict(each) for each in findings]}, ensure_ascii=False))
        else:
            _say("\n".join(_lines(findings)))
    return 0 if is_ok else 1


def _prepare() -> None:
    """Let texts be translated without the settings of an installation."""
    if not settings.configured:
        folders = [str(PACKAGE / app / "locale") for app in ("core", "members")]
        settings.configure(LOCALE_PATHS=folders, USE_I18N=True)
        django.setup()


def _findings(options: argparse.Namespace) -> list[Finding]:
    policy = OutboundPolicy(allow_private=options.allow_private, allow_http=options.allow_private)
    findings: list[Finding] = []
    if options.sign_command:
        findings += check_signer(options.sign_command, options.vectors)
    link = read_link(_given(options.link)) if options.link else None
    if link:
        service = options.service or link.service
        findings += check_link(link, service=service, keys=_keys(options), lifetime_ms=_lifetime_ms(options))
    return findings + asyncio.run(_calls(options, policy, link))


async def _calls(options: argparse.Namespace, policy: OutboundPolicy, link: PastedLink | None) -> list[Finding]:
    findings: list[Finding] = []
    if options.verification_url:
        findings += await check_verification_url(
            options.verification_url,
            policy=policy,
            usercode=link.usercode if link else options.usercode,
            token=(link.token if link else _given(options.token)).replace(" ", "+"),
            logged_out=options.logged_out,
        )
    if options.login_url or options.login_status_url:
        help_centre = _help_centre(options)
        browser = Browser(
            origin=help_centre.origin,
            cookie=_secret("OC_COOKIE", options.cookie_file),
            usercode=options.usercode,
            header_rows=tuple(options.header_row),
            query_rows=tuple(options.query_row),
        )
        if options.login_status_url:
            findings += await check_login_status_url(options.login_status_url, policy=policy, browser=browser)
        if options.login_url:
            findings += await check_login_url(
                options.login_url, policy=policy, browser=browser, help_centre=help_centre
            )
    return findings


def _help_centre(options: argparse.Namespace) -> HelpCentre:
    parts = urlsplit(options.help_centre or "")
    segments = parts.path.split("/")
    service = segments[segments.index("hc") - 1] if "hc" in segments[2:] else options.service
    if not parts.netloc or not service:
        raise ValueError(_("Give the help centre with --help-centre, as https://{org}.oc.{base}/{service}/hc/."))
    return HelpCentre(origin=f"{parts.scheme}://{parts.netloc}", service=service, keys=_keys(options))


def _given(argument: str) -> str:
    """Return what was given, or for "-" the first line of standard input, which no list of processes shows."""
    return sys.stdin.readline().strip() if argument == "-" else argument


def _keys(options: argparse.Namespace) -> list[str]:
    named = os.environ.get("OC_KEY_FILE")
    key = _secret("OC_KEY", options.key_file or (Path(named) if named else None))
    return [key] if key else []


def _secret(variable: str, file: Path | None) -> str:
    """Read a secret from its file or the environment; an argument would stand in the list of processes."""
    if file is None:
        return os.environ.get(variable, "").strip()
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:  # its text names the file, and some would give the secret itself
        raise ValueError(f"{variable}: {error.strerror}") from None


def _lifetime_ms(options: argparse.Namespace) -> int | None:
    if options.lifetime is None:
        return DEFAULT_LIFETIME_MS
    return options.lifetime * MINUTE_MS if options.lifetime > 0 else None


def _lines(findings: list[Finding]) -> Iterator[str]:
    marks = {Grade.PASS: "pass", Grade.ADVICE: "note", Grade.FAIL: "FAIL", Grade.SKIP: "skip"}
    width = max(len(finding.rule) for finding in findings)
    for finding in findings:
        yield f"{marks[finding.grade]}  {finding.rule:<{width}}  {_printable(finding.what)}"
        if finding.fix:
            yield f"      {'':<{width}}  → {finding.fix}"
    counts = {grade: sum(finding.grade is grade for finding in findings) for grade in Grade}
    yield ""
    yield _("%(pass)d passed, %(fail)d failed, %(advice)d to improve, %(skip)d not looked at") % counts


def _printable(text: str) -> str:
    """Take out what a terminal would obey: some sentences quote the answer of a server."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
