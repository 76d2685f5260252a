"""SQLite whose transactions wait for their turn when they begin, and not when it is too late."""

from django.db.backends.signals import connection_created
from django.db.backends.sqlite3 import base


class DatabaseWrapper(base.DatabaseWrapper):
    def _start_transaction_under_autocommit(self):
        self.cursor().execute("BEGIN IMMEDIATE")


def prepare(connection, **_):
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = OFF")  # nothing here has to outlive the container


connection_created.connect(prepare)
