"""A small web shop that lends its members to a help centre: the integrator's side of member integration."""
