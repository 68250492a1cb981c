"""AWS JSON 1.1, the first protocol of Direct Connect."""

from typing import Final

CONTENT_TYPE: Final = "application/x-amz-json-1.1"
