"""`daedap check-integration`: our side of member integration, played against a company's own.

Runs without a database and without settings, so that an integrator can use it on any machine. What it accepts is what
the product accepts: it calls `members.tokens`, `members.verification` and `core.outbound`, and has no second rules.
"""
