"""A path of the API answers with and without its trailing slash, for every method and without a redirect."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class TrailingSlash:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.endswith("/"):
            request.path_info += "/"
        return self.get_response(request)
