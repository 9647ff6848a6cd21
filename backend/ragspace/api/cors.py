"""Cross-origin access, whose refusals have the same form as every other error."""

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from ragspace import errors
from ragspace.api.error_responses import error_response


class CrossOrigin(CORSMiddleware):
    """Starlette's, but for the body of a preflight that is refused, which Starlette writes as plain text."""

    def preflight_response(self, request_headers: Headers) -> Response:
        response = super().preflight_response(request_headers)
        if response.status_code < 400:
            return response
        allowed = self.is_allowed_origin(request_headers["origin"])
        refusal = errors.MethodNotAllowed() if allowed else errors.OriginNotAllowed()
        headers = {n: v for n, v in response.headers.items() if not n.startswith("content-")}
        return error_response(refusal, headers=headers)
