from __future__ import annotations

import re
from typing import TYPE_CHECKING

import knox.auth
from rest_framework.authentication import get_authorization_header
from rest_framework.exceptions import AuthenticationFailed

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from rest_framework.request import Request

    from registry.models import APIToken

TOKEN = re.compile(rb"\w{1,128}")
# As many clients send by themselves. To read it as nobody's would hide the mistake.
OTHER_WORD = "Send the token behind the word Token: `Authorization: Token …`."
REFUSED = "This token is not valid, or no longer. Make a new one at /api/tokens."


class TokenAuthentication(knox.auth.TokenAuthentication):
    """Knox's, which would look up whatever bytes a header holds."""

    def authenticate(self, request: Request) -> tuple[User, APIToken] | None:
        if get_authorization_header(request)[:7].lower() == b"bearer ":
            raise AuthenticationFailed(OTHER_WORD)
        return super().authenticate(request)

    def authenticate_credentials(self, token: bytes) -> tuple[User, APIToken]:
        if not TOKEN.fullmatch(token):
            raise AuthenticationFailed(REFUSED)
        try:
            user, row = super().authenticate_credentials(token)
        except AuthenticationFailed:
            raise AuthenticationFailed(REFUSED) from None
        if not row.is_of_todays_password:
            raise AuthenticationFailed(REFUSED)
        return user, row
