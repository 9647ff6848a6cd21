"""Haystack behind Hayhooks: retrieval-augmented answers, streamed, as its documentation teaches them.

Environment: UPSTREAM (an OpenAI-compatible endpoint), MODEL, DOCUMENTS (Markdown files, one a line), INDEX
(where the embedded documents are kept for the next start); and Hayhooks' own.
"""

import os
from collections.abc import AsyncGenerator
from pathlib import Path

from hayhooks import BasePipelineWrapper, SSEStream, async_streaming_generator
from haystack import Document, Pipeline
from haystack.components.builders import ChatPromptBuilder
from haystack.components.embedders import OpenAIDocumentEmbedder, OpenAITextEmbedder
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.components.preprocessors import DocumentSplitter
from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
from haystack.dataclasses import ChatMessage
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack.utils import Secret

UPSTREAM = os.environ["UPSTREAM"]
KEY = Secret.from_token("none")
PROMPT = [
    ChatMessage.from_system(
        "Answer the question from these sources only, and cite them.\n\n"
        "{% for document in documents %}{{ document.content }}\n\n{% endfor %}"
    ),
    ChatMessage.from_user("{{ question }}"),
]


class PipelineWrapper(BasePipelineWrapper):
    def setup(self) -> None:
        self.pipeline = Pipeline()
        self.pipeline.add_component("embedder", OpenAITextEmbedder(api_key=KEY, api_base_url=UPSTREAM))
        self.pipeline.add_component("retriever", InMemoryEmbeddingRetriever(_store(), top_k=5))
        self.pipeline.add_component("prompt", ChatPromptBuilder(template=PROMPT, required_variables="*"))
        model = OpenAIChatGenerator(api_key=KEY, model=os.environ["MODEL"], api_base_url=UPSTREAM)
        self.pipeline.add_component("model", model)
        self.pipeline.connect("embedder.embedding", "retriever.query_embedding")
        self.pipeline.connect("retriever.documents", "prompt.documents")
        self.pipeline.connect("prompt.prompt", "model.messages")

    async def run_api_async(self, message: str) -> AsyncGenerator:
        run = {"embedder": {"text": message}, "prompt": {"question": message}}
        return SSEStream(async_streaming_generator(pipeline=self.pipeline, pipeline_run_args=run))


def _store() -> InMemoryDocumentStore:
    kept = Path(os.environ["INDEX"])
    if kept.exists():
        return InMemoryDocumentStore.load_from_disk(str(kept))
    store = InMemoryDocumentStore(embedding_similarity_function="cosine")
    files = [Path(name) for name in os.environ["DOCUMENTS"].split("\n")]
    documents = [Document(content=file.read_text(), meta={"source": file.name}) for file in files]
    pieces = DocumentSplitter(split_by="word", split_length=150, split_overlap=15).run(documents)["documents"]
    embedder = OpenAIDocumentEmbedder(api_key=KEY, api_base_url=UPSTREAM, progress_bar=False)
    store.write_documents(embedder.run(pieces)["documents"])
    store.save_to_disk(str(kept))
    return store
