"""The models that the stand-in has, and what may be asked of each."""

from typing import Any

CHAT_MODELS = (
    "gemini-3.8-flash",
    "gemini-3.7-flash",
    "gemini-3.6-flash",
    "gemini-3.5-flash",
    "gemini-3.5-flash-lite",
    "gemini-3.1-flash-lite",
)
EMBEDDING_MODELS = ("gemini-embedding-001", "gemini-embedding-2")


def described(model: str) -> dict[str, Any] | None:
    """The model as `models.get` describes it, or None: there is no such model."""
    if model in CHAT_MODELS:
        methods, limits = ["generateContent", "countTokens"], (1_048_576, 65_536)
    elif model in EMBEDDING_MODELS:
        methods, limits = ["embedContent", "countTextTokens"], (2048, 1)
    else:
        return None
    return {
        "name": f"models/{model}",
        "version": model.split("-")[1],
        "displayName": model.replace("-", " ").title(),
        "inputTokenLimit": limits[0],
        "outputTokenLimit": limits[1],
        "supportedGenerationMethods": methods,
    }
