"""Django's WSGI application: every request that does not wait."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "daedap.config.settings")

application = get_wsgi_application()
