from django.db import connection
from django.http import HttpRequest, JsonResponse

from chat.engine import engine_is_saving


def healthz(request: HttpRequest) -> JsonResponse:
    """200 while the database answers and what is written is saved; a load balancer takes the process out otherwise."""
    connection.ensure_connection()
    if not engine_is_saving():
        return JsonResponse({"status": "answers are not saved"}, status=503)
    return JsonResponse({"status": "ok"})
