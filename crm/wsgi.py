import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
application = get_wsgi_application()

if os.environ.get("ATRIUM_WORKER_INSIDE"):
    from crm.celery import start_inside

    start_inside()
