"""Qdrant's JSON as the embedded engine's objects, and back."""

from typing import Any
from uuid import UUID

from qdrant_edge import (
    Distance,
    EdgeConfig,
    EdgeSparseVectorParams,
    EdgeVectorParams,
    FieldCondition,
    Filter,
    Fusion,
    HasIdCondition,
    MatchAny,
    MatchValue,
    Modifier,
    Point,
    Prefetch,
    Query,
    QueryRequest,
    Record,
    ScoredPoint,
    SparseVector,
)

Json = dict[str, Any]

DISTANCES = {
    "Cosine": Distance.Cosine,
    "Dot": Distance.Dot,
    "Euclid": Distance.Euclid,
    "Manhattan": Distance.Manhattan,
}


class BadRequest(Exception):
    """The request makes no sense; the text is Qdrant's."""


def config(created: Json) -> EdgeConfig:
    vectors = created.get("vectors") or {}
    sparse = created.get("sparse_vectors") or {}
    return EdgeConfig(
        vectors=_dense_params(vectors)
        if "size" in vectors
        else {name: _dense_params(params) for name, params in vectors.items()},
        sparse_vectors={
            name: EdgeSparseVectorParams(
                modifier=Modifier.Idf if (params or {}).get("modifier") == "idf" else None
            )
            for name, params in sparse.items()
        },
        max_search_threads=1,
        wal_enabled=False,
    )


def _dense_params(params: Json) -> EdgeVectorParams:
    return EdgeVectorParams(params["size"], DISTANCES[params["distance"]])


def points(body: Json) -> list[Point]:
    """Of an upsert: a list of points, or a batch of columns."""
    if "batch" in body:
        batch = body["batch"]
        payloads = batch.get("payloads") or [None] * len(batch["ids"])
        vectors = batch["vectors"]
        if isinstance(vectors, dict):
            named = zip(*vectors.values(), strict=True)
            vectors = [dict(zip(batch["vectors"], each, strict=True)) for each in named]
        rows = zip(batch["ids"], vectors, payloads, strict=True)
        return [Point(point_id(id_), _stored(vector), payload or {}) for id_, vector, payload in rows]
    return [
        Point(point_id(point["id"]), _stored(point["vector"]), point.get("payload") or {})
        for point in body["points"]
    ]


def point_id(value: Any) -> int | UUID:
    if isinstance(value, int) and value >= 0:
        return value
    try:
        return UUID(value)
    except (ValueError, TypeError, AttributeError):
        raise BadRequest(
            f"Format error in JSON body: value {value} is not a valid point ID, "
            "valid values are either an unsigned integer or a UUID"
        ) from None


def _stored(vector: Any) -> Any:
    if isinstance(vector, dict):
        return {name: _vector(value) for name, value in vector.items()}
    return vector


def _vector(value: Any) -> Any:
    if isinstance(value, dict):
        return SparseVector(value["indices"], value["values"])
    return value


def query_request(body: Json) -> QueryRequest:
    return QueryRequest(
        limit=body.get("limit") or 10,
        offset=body.get("offset"),
        query=_query(body),
        prefetches=_prefetches(body),
        with_vector=body.get("with_vector"),
        with_payload=with_payload(body.get("with_payload", False)),
        filter=condition_filter(body.get("filter")),
        score_threshold=body.get("score_threshold"),
    )


def _prefetches(body: Json) -> list[Prefetch] | None:
    nested = body.get("prefetch")
    if nested is None:
        return None
    return [
        Prefetch(
            limit=each.get("limit") or 10,
            query=_query(each),
            prefetches=_prefetches(each),
            filter=condition_filter(each.get("filter")),
            score_threshold=each.get("score_threshold"),
        )
        for each in (nested if isinstance(nested, list) else [nested])
    ]


def _query(body: Json) -> Any:
    query = body.get("query")
    if isinstance(query, dict) and "nearest" in query:
        query = query["nearest"]
    if query is None:
        return None
    if isinstance(query, list) or (isinstance(query, dict) and "indices" in query):
        return Query.Nearest(_vector(query), using=body.get("using"))
    if query == {"fusion": "rrf"}:
        return Fusion.Rrf(k=2)
    if query == {"fusion": "dbsf"}:
        return Fusion.Dbsf()
    if "rrf" in query:
        return Fusion.Rrf(k=query["rrf"].get("k") or 2, weights=query["rrf"].get("weights"))
    raise BadRequest("Format error in JSON body: this kind of query is not served here")


def with_payload(value: Any) -> bool | list[str]:
    if isinstance(value, dict):
        if "include" in value:
            return list(value["include"])
        raise BadRequest("Format error in JSON body: this kind of payload selector is not served here")
    return value if value is not None else False


def condition_filter(body: Json | None) -> Filter | None:
    if not body:
        return None
    return Filter(
        must=_conditions(body.get("must")),
        should=_conditions(body.get("should")),
        must_not=_conditions(body.get("must_not")),
    )


def _conditions(body: Any) -> list[Any] | None:
    if body is None:
        return None
    return [_condition(each) for each in (body if isinstance(body, list) else [body])]


def _condition(body: Json) -> Any:
    if "has_id" in body:
        return HasIdCondition({point_id(each) for each in body["has_id"]})
    if "key" in body and body.get("match"):
        match = body["match"]
        if "value" in match:
            return FieldCondition(body["key"], match=MatchValue(match["value"]))
        if "any" in match:
            return FieldCondition(body["key"], match=MatchAny(match["any"]))
    nested = condition_filter({name: body.get(name) for name in ("must", "should", "must_not")})
    if nested is None or not any(body.get(name) for name in ("must", "should", "must_not")):
        raise BadRequest("Format error in JSON body: this kind of condition is not served here")
    return nested


def scored(point: ScoredPoint) -> Json:
    return record(point) | {"version": point.version, "score": point.score}


def record(point: ScoredPoint | Record) -> Json:
    found: Json = {"id": json_id(point.id)}
    if point.payload is not None:
        found["payload"] = point.payload
    if point.vector is not None:
        found["vector"] = _json_vector(point.vector)
    return found


def json_id(value: Any) -> int | str:
    return value if isinstance(value, int) else str(value)


def _json_vector(vector: Any) -> Any:
    if isinstance(vector, dict):
        return {name: _json_vector(value) for name, value in vector.items()}
    if isinstance(vector, SparseVector):
        return {"indices": list(vector.indices), "values": list(vector.values)}
    return vector
