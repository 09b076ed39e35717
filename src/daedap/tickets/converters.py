"""The ticket ID in paths."""


class TicketIdConverter:
    """`T`, 13 digits, five letters or digits; the case matters (spec 50, section 5)."""

    regex = r"T\d{13}[0-9A-Za-z]{5}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value
