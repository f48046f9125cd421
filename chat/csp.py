"""Trusted Types for the chat's pages: a script that assigns a string where HTML is expected fails."""

from csp.decorators import csp_update

# DOMPurify makes the one policy. The base policy in the settings leaves this out: the admin's select2 writes innerHTML.
with_trusted_types = csp_update({"require-trusted-types-for": ["'script'"], "trusted-types": ["dompurify"]})
