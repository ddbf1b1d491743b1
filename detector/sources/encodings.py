"""How the bytes of a text are written, by the first of them."""

_MARKS = {
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"<\0\0\0": "utf-32-le",
    b"\0\0\0<": "utf-32-be",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
    b"<\0": "utf-16-le",
    b"\0<": "utf-16-be",
}


def encoding_of(head: bytes) -> str:
    """By the first bytes, as XML 1.0, appendix F, tells them apart.

    >>> encoding_of("<?xml".encode("utf-16")), encoding_of("<?xml".encode("utf-16-be")), encoding_of(b"<?xml")
    ('utf-16', 'utf-16-be', 'latin-1')
    """
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    return "latin-1"
