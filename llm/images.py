"""Images that a person or a program hands in: what they are, and whether a model can be sent them."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from dataclasses import replace

from llm.errors import BadRequest
from llm.types import Image

# As much as Azure takes; OpenAI takes 50 MB, Anthropic 5 MB. Below it the vendor decides: its own limit moves, and its
# refusal says what it is. This one is for the memory of the process.
LARGEST = 20 * 1024 * 1024
# The four formats that every vendor with vision documents.
SIGNATURES = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
)
_DATA_URL = re.compile(r"data:[\w.+/-]*;base64,(?P<data>.*)", re.DOTALL | re.IGNORECASE)
_WEB_URL = re.compile(r"https?://[^\s\x00-\x1f]{1,2000}", re.IGNORECASE)


def sendable(image: Image) -> Image:
    """The same image, by web address or as bytes with the type that they really have; else `BadRequest`."""
    if pasted := _DATA_URL.fullmatch(image.url.strip()):
        return _typed(Image(data=_decoded(pasted["data"])))
    if not image.url:
        return _typed(image)
    if not _WEB_URL.fullmatch(image.url):
        raise BadRequest("The address of an image must begin with https:// or hold the image itself as a data: URL.")
    return image


def _typed(image: Image) -> Image:
    """The bytes decide: a vendor refuses a PNG that is called a JPEG."""
    if len(image.data) > LARGEST:
        raise BadRequest("An image is larger than 20 MiB. Send a smaller one.")
    for signature, media_type in SIGNATURES:
        if signature.match(image.data):
            return replace(image, media_type=media_type)
    raise BadRequest("This file is no image that models can see. Use PNG, JPEG, GIF or WebP.")


def _decoded(text: str) -> bytes:
    try:
        return b64decode(re.sub(r"\s+", "", text), validate=True)
    except binascii.Error:
        raise BadRequest("The data: URL of an image is not valid base64.") from None
