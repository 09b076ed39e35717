"""Forms of the platform site: the shape of what people type. Rules are in the actions."""
