"""The databases that the conversations are tried on as well."""

from tests.integration.conversations.conftest import address, conversations
from tests.support.postgres import database, pgbouncer, postgres

__all__ = ["address", "conversations", "database", "pgbouncer", "postgres"]
