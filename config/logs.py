"""One log line is one JSON object, and no line holds a key."""

import json
import logging
import re

# Prefixes of the vendors' keys and of our own tokens, and whatever follows a word that announces one.
KEY_SHAPED = re.compile(
    r"(?:sk-|hf_|gsk_|AIza|dmr_)[^\s\"'`<>,;]{8,}"
    r"|(?i:(?:authorization|api[-_]?key|bearer|token|password|secret)\W{1,4}(?:bearer\s+)?)[\w.+/=-]{8,}"
)


def redact(text: str) -> str:
    return KEY_SHAPED.sub("[redacted]", text)


class RedactKeys(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), ()
        return True


class JSONLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)
