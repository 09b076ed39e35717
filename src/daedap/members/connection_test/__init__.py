"""*Test connection* on the settings screen: each step's result and what differs (spec 20, 2.4)."""
