"""What a sent mail's picture and links lead to. They need no sign-in: who has the mail has the address."""

import base64
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.cache import add_never_cache_headers
from django.views.generic import View

from . import tracking

#: One transparent pixel.
GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


class TrackedView(View):
    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """A HEAD is a machine's that looks ahead, so it is not counted."""
        response = self.answer(token, counted=request.method == "GET")
        add_never_cache_headers(response)
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    def answer(self, token: str, **counted: Any) -> HttpResponse:
        raise NotImplementedError


class OpenedView(TrackedView):
    def answer(self, token: str, **counted: Any) -> HttpResponse:
        tracking.note_opening(token, **counted)
        return HttpResponse(GIF, content_type="image/gif")


class LinkView(TrackedView):
    def answer(self, token: str, **counted: Any) -> HttpResponse:
        return HttpResponseRedirect(tracking.follow(token, **counted))
