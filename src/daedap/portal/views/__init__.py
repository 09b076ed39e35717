"""Views of the platform site, one module per screen."""
