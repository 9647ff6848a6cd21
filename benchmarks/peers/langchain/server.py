"""LangChain behind FastAPI: retrieval-augmented answers, streamed, as its documentation teaches them.

Environment: PORT, UPSTREAM (an OpenAI-compatible endpoint), MODEL, DOCUMENTS (Markdown files, one a line),
INDEX (where the embedded documents are kept for the next start).
"""

import json
import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from langchain_core.documents import Document
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnablePassthrough
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from langchain_text_splitters import MarkdownTextSplitter
from pydantic import BaseModel, SecretStr

UPSTREAM = os.environ["UPSTREAM"]
KEY = SecretStr("none")
PROMPT = ChatPromptTemplate.from_messages(
    [
        ("system", "Answer the question from these sources only, and cite them.\n\n{context}"),
        ("human", "{question}"),
    ]
)


class Question(BaseModel):
    message: str


def _joined(documents: Sequence[Document]) -> str:
    return "\n\n".join(document.page_content for document in documents)


def _store() -> InMemoryVectorStore:
    # Not cut by tokens: that needs OpenAI's vocabulary, which is downloaded.
    embeddings = OpenAIEmbeddings(
        base_url=UPSTREAM, api_key=KEY, model="embedding", check_embedding_ctx_length=False
    )
    kept = Path(os.environ["INDEX"])
    if kept.exists():
        return InMemoryVectorStore.load(str(kept), embeddings)
    files = [Path(name) for name in os.environ["DOCUMENTS"].split("\n")]
    documents = [Document(file.read_text(), metadata={"source": file.name}) for file in files]
    pieces = MarkdownTextSplitter(chunk_size=1000, chunk_overlap=100).split_documents(documents)
    store = InMemoryVectorStore.from_documents(pieces, embeddings)
    store.dump(str(kept))
    return store


chain = (
    {
        "context": _store().as_retriever(search_kwargs={"k": 5}) | _joined,
        "question": RunnablePassthrough(),
    }
    | PROMPT
    | ChatOpenAI(base_url=UPSTREAM, api_key=KEY, model=os.environ["MODEL"], streaming=True)
    | StrOutputParser()
)
app = FastAPI()


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/chat")
async def chat(question: Question) -> StreamingResponse:
    async def events() -> AsyncIterator[str]:
        async for text in chain.astream(question.message):
            yield f"data: {json.dumps({'type': 'token', 'content': text})}\n\n"
        yield 'data: {"type": "done"}\n\n'

    return StreamingResponse(events(), media_type="text/event-stream")


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning", access_log=False)
