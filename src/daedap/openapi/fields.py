"""Reading parameters and JSON bodies of calls (spec 40, 5.7)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from daedap.openapi.envelope import ApiRefused

_INTEGER = re.compile(r"-?[0-9]{1,18}")


class InvalidParameter(ApiRefused):
    """A parameter or a key of the body is missing or malformed."""

    def __init__(self, name: str) -> None:
        super().__init__(400, detail=f"Invalid parameter: {name}")


class Fields:
    """The parameters of a call by name: those of query and form, and those of its JSON body, which win.

    The body is parsed when first asked for; null equals absent, unknown names are nobody's business. Readers raise
    ApiRefused if the body is no JSON object in UTF-8, InvalidParameter if a value does not fit.
    """

    def __init__(self, parameters: dict[str, str], body: bytes = b"") -> None:
        self.parameters = parameters
        self._body = body
        self._object: Mapping[str, Any] | None = None

    def get(self, name: str) -> Any:
        """Return the value as it came, or None."""
        if self._object is None:
            self._object = read_object(self._body) if self._body.strip() else {}
        value = self._object.get(name)
        return value if value is not None else self.parameters.get(name)

    def body_text(self, name: str) -> str:
        """Return the whole body as text, where it is the value of `name`; raise InvalidParameter unless it is UTF-8."""
        try:
            return self._body.decode("utf-8")
        except UnicodeDecodeError:
            raise InvalidParameter(name) from None

    def text(self, name: str, *, required: bool = False, longest: int = 1000) -> str:
        """Return a text, "" if absent. Numbers count as their digits."""
        value = self.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if value is None:
            value = ""
        if not isinstance(value, str) or len(value) > longest or "\0" in value or (required and not value.strip()):
            raise InvalidParameter(name)
        return value

    def integer(self, name: str, default: int | None = None) -> int | None:
        """Return a whole number, also from digits in a text; `default` if absent."""
        value = self.get(name)
        if value is None or value == "":
            return default
        if isinstance(value, str) and _INTEGER.fullmatch(value):
            return int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise InvalidParameter(name)
        return value

    def list(self, name: str) -> list[Any] | None:
        """Return a list as it came; a text is a list of what stands between its commas; None if absent."""
        value = self.get(name)
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        if value is not None and not isinstance(value, list):
            raise InvalidParameter(name)
        return value


def read_object(body: bytes) -> Mapping[str, Any]:
    """Return the JSON object of a body; of duplicate keys the last wins. Raise ApiRefused if it is none."""
    try:
        found = json.loads(body.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise ApiRefused(400) from None
    if not isinstance(found, dict):
        raise ApiRefused(400)
    return found


def _refuse(name: str) -> Any:
    raise ValueError(name)
