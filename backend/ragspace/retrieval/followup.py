"""What a question in a conversation is about: itself, or what was asked before it."""

import re
from collections.abc import Sequence

from ragspace.retrieval.terms import question_terms

_REFERENCE = re.compile(
    r"\b(it|its|that|this|these|those|they|them|their|theirs|he|him|his|she|her|one|ones|there|former|latter"
    r"|above|same|another|else|instead|previous)\b",
    re.IGNORECASE,
)
"""Words that point to what was said before. They also point forward ("is this possible?"), where nothing is
lost: the question is asked on its own as well."""

_CONTINUATION = re.compile(
    r"^\W*(and|but|or|so|also|then|what about|how about|what if|why|why not|how so|how come|which ones?"
    r"|(can|could) you (explain|elaborate|say more|give)|tell me more|more|go on|(for |an )?example)\b",
    re.IGNORECASE,
)

FEW_TERMS = 2
"""A question of so few terms of its own may be a fragment ("on a Mac?")."""


def leans_on_previous(question: str) -> bool:
    """Whether `question` can hardly be understood alone."""
    terms = len(question_terms(question).indices)
    if terms == 0:
        return True
    if _CONTINUATION.search(question):
        return terms <= 2 * FEW_TERMS
    return bool(_REFERENCE.search(question)) and terms <= 4 * FEW_TERMS


def in_context(question: str, previous: Sequence[str]) -> str | None:
    """`question` behind the earlier question that it leans on; None where it stands alone.

    Goes back over follow-ups to the question that they all lean on, which then comes first:
    "What is LiDAR? / And how fast is it? / And in rain?".
    """
    if not previous or not leans_on_previous(question):
        return None
    chain = [question]
    for earlier in reversed(previous):
        chain.insert(0, earlier)
        if not leans_on_previous(earlier):
            break
    return "\n".join(chain)
