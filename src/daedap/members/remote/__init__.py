"""Remote login (POST type): the company says who its user is, through the browser or its server (spec 20, 7 and 8)."""
