"""E-mail: answers leave by mail (spec 50, 12.5; spec 55, section 8)."""
