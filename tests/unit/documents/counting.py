import re


def count_words(text: str) -> int:
    """Words and punctuation marks: about what a tokenizer of word pieces counts."""
    return len(re.findall(r"\w+|[^\w\s]", text))
