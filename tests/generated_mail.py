"""Hypothesis strategies for messages, with what a reader must find in them: an independent model of MIME structure.

The model is built together with the message, so that no parser is asked what a parser should find. Boundaries are made
to be mistaken: each is a beginning of another one, and bodies hold lines that nearly are delimiters.
"""

from dataclasses import dataclass, field

from hypothesis import strategies as st


@dataclass
class Node:
    """One part: what is written in its header section, and what is in it."""

    media_type: str
    body_lines: list[bytes] = field(default_factory=list)
    children: list["Node"] = field(default_factory=list)
    extra_fields: list[bytes] = field(default_factory=list)
    preamble: list[bytes] = field(default_factory=list)
    epilogue: list[bytes] = field(default_factory=list)
    is_closed: bool = True


@dataclass
class Expected:
    """What a reader must find: type, body octets, header octets (without the empty line), parts in order."""

    media_type: str
    body: bytes
    header: bytes
    children: list["Expected"]
    ends_with_last_child: bool    # a message, or a multipart that nothing closes


@dataclass
class GeneratedMail:
    octets: bytes
    expected: Expected


# Lines that no boundary of ours makes a delimiter: ours are "=b" and letters x, never z.
_LINES = st.sampled_from(
    [b"", b"text", b"--", b"-- ", b"--=b", b"--=bxz", b"--=bx z", b" --=bx", b"-=bx", b"=bx--", b"From me", b".", b"..",
     b"a: b", b"  indented", b"trailing ", "größer".encode(), b"\xff\xfe\x80", b"=20=", b"--=bz--", b"bare\rreturn",
     b"A" * 200]
)  # fmt: skip
_BODIES = st.lists(_LINES, max_size=6)
_FIELDS = st.lists(
    st.sampled_from([b"X-One: 1", b"Subject: hello", b"X-Folded: a\n b", b"Content-ID: <a@b>", b"X-Empty:"]), max_size=3
)
_LEAF_TYPES = st.sampled_from(["text/plain", "text/html", "image/png", "application/octet-stream"])
_leaves = st.builds(Node, media_type=_LEAF_TYPES, body_lines=_BODIES, extra_fields=_FIELDS)


def _containers(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    multiparts = st.builds(
        Node,
        media_type=st.sampled_from(["multipart/mixed", "multipart/alternative"]),
        children=st.lists(inner, min_size=1, max_size=3),
        extra_fields=_FIELDS,
        preamble=_BODIES,
        epilogue=_BODIES,
        is_closed=st.just(True) | st.booleans(),
    )
    message = st.just("message/rfc822")
    messages = st.builds(Node, media_type=message, children=st.tuples(inner).map(list), extra_fields=_FIELDS)
    return multiparts | messages


nodes = st.recursive(_leaves, _containers, max_leaves=8)


def mails(*, all_closed: bool = False) -> st.SearchStrategy[GeneratedMail]:
    """Whole messages, with CRLF or bare line feeds."""
    line_ends = st.sampled_from([b"\r\n", b"\n"])
    return st.builds(lambda root, line_end: write(root, line_end, all_closed=all_closed), nodes, line_ends)


def write(root: Node, line_end: bytes, *, all_closed: bool = False) -> GeneratedMail:
    """Write a message; with ``all_closed`` every multipart has its closing delimiter."""
    octets, expected = _Writer(line_end, all_closed=all_closed).entity(root)
    return GeneratedMail(octets, expected)


class _Writer:
    def __init__(self, line_end: bytes, *, all_closed: bool) -> None:
        self.line_end = line_end
        self.all_closed = all_closed
        self.boundaries = 0

    def entity(self, node: Node) -> tuple[bytes, Expected]:
        """A header section, an empty line and a body."""
        fields = [*node.extra_fields]
        boundary = b""
        content_type = b"Content-Type: " + node.media_type.encode()
        if node.media_type.startswith("multipart"):
            self.boundaries += 1
            boundary = b"=b" + b"x" * self.boundaries
            content_type += b';\n boundary="%b"' % boundary
        fields.append(content_type)
        header = b"".join(line.replace(b"\n", self.line_end) + self.line_end for line in fields)
        body, children = self.body(node, boundary)
        is_open = node.media_type == "message/rfc822" or (bool(boundary) and not self.closes(node))
        return header + self.line_end + body, Expected(node.media_type, body, header, children, is_open)

    def body(self, node: Node, boundary: bytes) -> tuple[bytes, list[Expected]]:
        if node.media_type == "message/rfc822":
            octets, expected = self.entity(node.children[0])
            return octets, [expected]
        if not boundary:
            return self.lines(node.body_lines), []
        octets = b"".join(line + self.line_end for line in node.preamble)
        expected = []
        for child in node.children:
            inside, found = self.entity(child)
            octets += b"--%b%b%b%b" % (boundary, b"  " * (len(node.preamble) % 2), self.line_end, inside)
            expected.append(found)
            octets += self.line_end
        if self.closes(node):
            return octets + b"--%b--%b%b" % (boundary, self.line_end, self.lines(node.epilogue)), expected
        # Without a closing delimiter the last part goes on to the end, its last line end included.
        _lengthen(expected[-1], self.line_end)
        return octets, expected

    def closes(self, multipart: Node) -> bool:
        return multipart.is_closed or self.all_closed

    def lines(self, lines: list[bytes]) -> bytes:
        return self.line_end.join(lines)


def _lengthen(last: Expected, line_end: bytes) -> None:
    """Add a line end to a part, and to what within it goes on to its end."""
    last.body += line_end
    if last.ends_with_last_child:
        _lengthen(last.children[-1], line_end)
