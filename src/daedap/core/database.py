"""What PostgreSQL says about a refused change."""

from __future__ import annotations

from django.db import IntegrityError


def violated_constraint(error: IntegrityError) -> str:
    """Return the name of the constraint that a refused change would have broken; "" if PostgreSQL names none."""
    return str(getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or "")
