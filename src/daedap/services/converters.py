"""The service ID in paths."""

RESERVED = frozenset(
    {"openapi", "api", "admin", "login", "logout", "console", "static", "assets", "health", "sso", "o", "hc"}
)
"""IDs that would collide with paths (spec 10, 5.1)."""


class ServiceIdConverter:
    """1–45 English letters (spec 10, 5.1)."""

    regex = "[A-Za-z]{1,45}"

    def to_python(self, value: str) -> str:
        if value.lower() in RESERVED:
            raise ValueError(value)
        return value

    def to_url(self, value: str) -> str:
        return value
