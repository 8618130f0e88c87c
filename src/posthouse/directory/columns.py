"""Reading columns as what the schema declares them to be; anything else is a bug of ours."""


def whole(value: object) -> int:
    """A column that the schema declares INTEGER NOT NULL."""
    assert isinstance(value, int)
    return value


def text(value: object) -> str:
    """A column that the schema declares TEXT NOT NULL."""
    assert isinstance(value, str)
    return value
