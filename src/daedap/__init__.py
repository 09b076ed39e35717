"""Daedap: an open, self-hostable, multi-tenant contact centre."""

__version__ = "0.1.0"
