import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
application = get_wsgi_application()
gc.freeze()  # what is loaded by now stays
gc.set_threshold(50_000)  # each request makes thousands of objects, and few of them refer to each other
