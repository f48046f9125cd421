from __future__ import annotations

import re
from typing import TYPE_CHECKING

import knox.auth
from rest_framework.exceptions import AuthenticationFailed

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from registry.models import APIToken

TOKEN = re.compile(rb"\w{1,128}")
REFUSED = "This token is not valid, or no longer. Make a new one at /api/tokens."


class TokenAuthentication(knox.auth.TokenAuthentication):
    """Knox's, which would look up whatever bytes a header holds."""

    def authenticate_credentials(self, token: bytes) -> tuple[User, APIToken]:
        if not TOKEN.fullmatch(token):
            raise AuthenticationFailed(REFUSED)
        try:
            return super().authenticate_credentials(token)
        except AuthenticationFailed:
            raise AuthenticationFailed(REFUSED) from None
