"""A signing function of any language, held against the published vectors."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from daedap.members.conformance.diagnosis import explain, explain_text
from daedap.members.conformance.findings import Finding, failed, passed
from daedap.members.tokens import MemberClaims, TokenRefused, parse_token

SECONDS = 60


class SignerFailed(Exception):
    """The program gave no answer that could be read; the text says why."""


def check_signer(command: str, vectors_file: Path) -> list[Finding]:
    """Give the inputs and keys of all vectors to the program and compare what it signs.

    The program reads a JSON array of `{"name", "key", "inputs"}` from standard input and writes one JSON object
    `{name: token}`. The expected messages and tokens are not given to it. Raise SignerFailed or OSError.
    """
    vectors: list[dict[str, Any]] = json.loads(vectors_file.read_text(encoding="utf-8"))
    questions = [{name: vector[name] for name in ("name", "key", "inputs")} for vector in vectors]
    tokens = _run(command, json.dumps(questions, ensure_ascii=False))
    return [_judge(vector, tokens.get(vector["name"])) for vector in vectors]


def _run(command: str, questions: str) -> dict[str, Any]:
    try:
        done = subprocess.run(  # noqa: S603 - the user's own program, without a shell
            shlex.split(command), input=questions.encode("utf-8"), capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise SignerFailed(_("The program did not end within a minute.")) from None
    if done.returncode != 0:
        raise SignerFailed(done.stderr.decode("utf-8", "replace").strip()[-2000:] or f"exit code {done.returncode}")
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise SignerFailed(_("The program did not write a JSON object of names and tokens."))
    return answer


def _judge(vector: dict[str, Any], token: object) -> Finding:
    rule = f"vectors.{vector['name']}"
    if token == vector["token"]:
        return passed(rule, _("The token is right."))
    claims = _claims(vector["inputs"])
    why = ""
    if isinstance(token, str):
        try:
            why = explain(claims, parse_token(token), vector["key"])
        except TokenRefused:
            why = explain_text(claims, token, vector["key"])
    other_key = _("None of the usual slips fits. Sign each vector with the Key that comes with it.")
    return failed(rule, _("The token is wrong."), why or other_key)


def _claims(inputs: dict[str, Any]) -> MemberClaims:
    texts = {name: inputs[name] or "" for name in ("usercode", "username", "email", "phone", "memberno")}
    return MemberClaims(
        service=inputs["service"], time=str(inputs["time"]), return_url=inputs["returnUrl"] or "", **texts
    )
