"""Whether this process can serve: for load balancers and container health checks."""

from django.db import connection
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class HealthView(APIView):
    """Answers 200 while the database is reachable, 503 while it is not. Needs no token."""

    authentication_classes = []
    permission_classes = []

    @extend_schema(responses={200: dict[str, str], 503: "The database is not reachable."})
    def get(self, request: Request) -> Response:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return Response({"status": "ok"})
