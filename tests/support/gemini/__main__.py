"""Runs the stand-in by itself, for development: `python -m tests.support.gemini`."""

import contextlib
import signal
import sys

from tests.support.gemini.stand_in import GeminiStandIn

with GeminiStandIn() as stand_in, contextlib.suppress(KeyboardInterrupt):
    sys.stdout.write(f"GEMINI_BASE_URL={stand_in.url}\nGEMINI_API_KEY={stand_in.api_key}\n")
    sys.stdout.flush()
    signal.pause()
