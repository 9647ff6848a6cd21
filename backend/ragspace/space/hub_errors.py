"""Every way in which a call to the Hub fails, as one sentence without the Hub's own text and the URL."""

from collections.abc import Iterator
from contextlib import contextmanager

from ragspace.space.failures import SpaceFailure

TOKEN_PAGE = "https://huggingface.co/settings/tokens"  # noqa: S105
NEW_TOKEN = (
    f"Create a token with write access at {TOKEN_PAGE} and set HF_TOKEN to it, or run `hf auth login`."
)


@contextmanager
def told() -> Iterator[None]:
    """Raises SpaceFailure for whatever huggingface_hub raises inside the block."""
    import httpx2
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalTokenNotFoundError,
    )

    try:
        yield
    except HfHubHTTPError as error:
        raise of_status(error.response.status_code) from None
    except LocalTokenNotFoundError:
        raise SpaceFailure("token", "There is no Hugging Face token here.", NEW_TOKEN) from None
    except HFValidationError:
        raise SpaceFailure(
            "not_found",
            "The name of a Space is OWNER/NAME, of letters, digits and single - _ . between them.",
            "Give the Space a name such as me/my-chatbot.",
        ) from None
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError):
        raise SpaceFailure(
            "hub",
            "The Hugging Face Hub cannot be reached.",
            "Check the network, and HF_ENDPOINT if you set it; then run the command again.",
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        # The client trusts what it is answered, and fails in one of these ways where that has another form.
        raise SpaceFailure(
            "hub",
            "The Hugging Face Hub answered with something that is no answer of a Hub.",
            "Check HF_ENDPOINT if you set it; else wait a moment and run the command again.",
        ) from None


def of_status(status: int) -> SpaceFailure:
    """The failure behind an HTTP `status` of 400 and above."""
    match status:
        case 401:
            return SpaceFailure("token", "The Hub does not accept this token.", NEW_TOKEN)
        case 402:
            return SpaceFailure(
                "plan",
                "The Hub asks for a paid plan for this.",
                "See https://huggingface.co/pricing, or use a Space that exists already.",
            )
        case 403:
            return SpaceFailure(
                "forbidden",
                "The token may not do this.",
                f"Use a token with write access to this Space: {TOKEN_PAGE}",
            )
        case 404:
            return SpaceFailure(
                "not_found",
                "There is no such Space, or the token may not see it.",
                "Check the name: it is OWNER/NAME as in https://huggingface.co/spaces/OWNER/NAME.",
            )
        case 409 | 412:
            return SpaceFailure(
                "conflict",
                "The Space was changed by somebody else at the same time.",
                "Run the command again: it looks at the Space anew.",
            )
        case 429:
            return SpaceFailure(
                "rate_limited",
                "The Hub takes no more requests from this account for now.",
                "Wait some minutes, then run the command again.",
            )
        case _ if status >= 500:
            return SpaceFailure(
                "hub",
                f"The Hugging Face Hub fails ({status}).",
                "See https://status.huggingface.co, then run the command again.",
            )
        case _:
            return SpaceFailure(
                "rejected",
                f"The Hub refused the request ({status}).",
                "Run `ragspace bundle --out DIR` to see what is uploaded, and check the Space's page.",
            )
