"""Pictures as files, good and bad."""

import struct
import zlib
from io import BytesIO

from PIL import Image


def encoded(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def bomb(side: int = 20_000) -> bytes:
    """A PNG of 60 kB that unpacks to 20,000 × 20,000 pixels."""
    rows = zlib.compress(bytes(side * (1 + side // 8)), 9)
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
