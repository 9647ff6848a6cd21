"""LlamaIndex behind FastAPI: retrieval-augmented answers, streamed, as its documentation teaches them.

Environment: PORT, UPSTREAM (an OpenAI-compatible endpoint), MODEL, DOCUMENTS (Markdown files, one a line),
INDEX (where the embedded documents are kept for the next start).
"""

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from llama_index.core import SimpleDirectoryReader, StorageContext, VectorStoreIndex, load_index_from_storage
from llama_index.core.indices.base import BaseIndex
from llama_index.core.node_parser import SentenceSplitter
from llama_index.embeddings.openai_like import OpenAILikeEmbedding
from llama_index.llms.openai_like import OpenAILike
from pydantic import BaseModel

UPSTREAM = os.environ["UPSTREAM"]


class Question(BaseModel):
    message: str


def _index() -> BaseIndex:
    embedding = OpenAILikeEmbedding(
        model_name="embedding", api_base=UPSTREAM, api_key="none", embed_batch_size=100
    )
    kept = Path(os.environ["INDEX"])
    if kept.exists():
        return load_index_from_storage(
            StorageContext.from_defaults(persist_dir=str(kept)), embed_model=embedding
        )
    files = os.environ["DOCUMENTS"].split("\n")
    index = VectorStoreIndex.from_documents(
        SimpleDirectoryReader(input_files=files).load_data(),
        transformations=[SentenceSplitter(chunk_size=256, chunk_overlap=20)],
        embed_model=embedding,
    )
    index.storage_context.persist(persist_dir=str(kept))
    return index


model = OpenAILike(
    model=os.environ["MODEL"], api_base=UPSTREAM, api_key="none", is_chat_model=True, context_window=128_000
)
query_engine = _index().as_query_engine(llm=model, streaming=True, similarity_top_k=5)
app = FastAPI()


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/chat")
async def chat(question: Question) -> StreamingResponse:
    response = await query_engine.aquery(question.message)

    async def events() -> AsyncIterator[str]:
        async for text in response.async_response_gen():
            yield f"data: {json.dumps({'type': 'token', 'content': text})}\n\n"
        yield 'data: {"type": "done"}\n\n'

    return StreamingResponse(events(), media_type="text/event-stream")


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning", access_log=False)
