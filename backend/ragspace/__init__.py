"""A chatbot over your own documents, on a Hugging Face Space in an afternoon."""

__version__ = "0.1.0"
