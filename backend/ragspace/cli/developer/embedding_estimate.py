"""What embedding with Gemini takes of a quota and costs, before anything is sent."""

from dataclasses import dataclass

from ragspace.models.gemini_embedder import BATCH
from ragspace.retrieval.ingest import IngestSummary
from ragspace.settings import Settings

LIMITS_PAGE = "https://ai.google.dev/gemini-api/docs/rate-limits"
PRICES_PAGE = "https://ai.google.dev/gemini-api/docs/pricing"


@dataclass(frozen=True, slots=True)
class EmbeddingEstimate:
    """For so many `texts` with about so many `tokens` (Gemini's own tokens may be some more or fewer).

    `requests_per_day` is the project's quota and `price` US dollars per million tokens; None where nobody
    told: Google changes both, and shows a project's own quota only to its owner.
    """

    texts: int
    tokens: int
    requests_per_day: int | None = None
    price: float | None = None

    @property
    def requests(self) -> int:
        return -(-self.texts // BATCH)

    @property
    def cost(self) -> float | None:
        """US dollars, without a free tier."""
        return None if self.price is None else self.tokens / 1e6 * self.price

    @property
    def days(self) -> tuple[int, int] | None:
        """At the least, where a batch counts as one request, and at the most, where each of its texts does,
        as users of the free tier report (June 2026)."""
        if self.requests_per_day is None:
            return None
        return -(-self.requests // self.requests_per_day), -(-self.texts // self.requests_per_day)

    def lines(self) -> list[str]:
        """For a person."""
        texts = f"requests of up to {BATCH} texts"
        said = [f"Gemini would be sent about {self.tokens:,} tokens in {self.requests:,} {texts}."]
        if self.days is not None:
            least, most = self.days
            longest = f", or {_days(most)} where each text counts as a request" if most > least else ""
            said.append(f"With {self.requests_per_day:,} requests a day: {_days(least)}{longest}.")
        if self.cost is not None:
            said.append(f"At {self.price:g} USD per million tokens: about {self.cost:,.2f} USD.")
        if self.days is None:
            said.append(f"GEMINI_EMBEDDING_REQUESTS_PER_DAY adds the days; your quota: {LIMITS_PAGE}")
        if self.cost is None:
            said.append(f"GEMINI_EMBEDDING_PRICE adds the cost; prices: {PRICES_PAGE}")
        return said


def estimate(settings: Settings, dry_run: IngestSummary) -> EmbeddingEstimate:
    """For what `dry_run` would embed."""
    return EmbeddingEstimate(
        dry_run.embedded,
        dry_run.tokens,
        settings.gemini_embedding_requests_per_day,
        settings.gemini_embedding_price,
    )


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number:,} days"
