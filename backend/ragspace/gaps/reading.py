"""The report over the configured database."""

import asyncio
from datetime import UTC, datetime, timedelta

from ragspace.conversations.database import Database
from ragspace.conversations.failures import StatementRefused
from ragspace.errors import RagspaceError
from ragspace.gaps.outcomes import outcomes
from ragspace.gaps.report import Report, report
from ragspace.parts import choose_embedder
from ragspace.settings import Settings

NOTHING_KEPT = "No conversation is kept there yet."
NOTHING_KEPT_ACTION = (
    "Let DATABASE_URL, or RAGSPACE_DATA_DIR, name what the service uses, and ask it something first."
)


async def read_report(settings: Settings, days: float) -> Report:
    """What was asked in vain in the last `days`, from the database of `settings`, which is only read.

    Raises RagspaceError where nothing was ever kept there, ConfigurationError or StorageUnavailable where it
    cannot be read.
    """
    address = settings.database
    if address.path is not None and not address.path.is_file():
        raise RagspaceError(NOTHING_KEPT, action=NOTHING_KEPT_ACTION)
    since = datetime.now(UTC) - timedelta(days=days)
    database = await asyncio.to_thread(Database, address, settings.storage_seconds)
    embedder = choose_embedder(settings)
    try:
        return await report(outcomes(database, since), embedder, since)
    except StatementRefused:
        raise RagspaceError(NOTHING_KEPT, action=NOTHING_KEPT_ACTION) from None
    finally:
        await asyncio.gather(embedder.close(), database.close())
