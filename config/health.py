from django.db import connection
from django.http import HttpRequest, JsonResponse


def healthz(request: HttpRequest) -> JsonResponse:
    """200 while the database answers; a load balancer takes the process out otherwise."""
    connection.ensure_connection()
    return JsonResponse({"status": "ok"})
