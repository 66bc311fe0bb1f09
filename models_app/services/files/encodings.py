"""Which encoding a file has, and how its lines end: guessed from its beginning."""

import codecs
from dataclasses import dataclass

UTF_8 = "utf-8"
# The longer ones first: UTF-32's begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Of Latin letters in UTF-16, every other byte is zero.
_ZEROS = 0.3


@dataclass(frozen=True, slots=True)
class Encoding:
    """The encoding of a file. `is_guess`: it may be another."""

    name: str = UTF_8
    ends_lines_with_cr: bool = False
    is_guess: bool = False

    @property
    def is_plain(self) -> bool:
        """Say whether lines can be cut before they are decoded."""
        return self.name == UTF_8 and not self.ends_lines_with_cr


def encoding_of(head: bytes, *, chosen: str | None, is_text: bool) -> Encoding:
    """Return the encoding of a file that begins with `head`; `chosen` is what somebody says it is.

    `is_text`: it may be of before UTF-8, which JSON is not. Raises `LookupError` where none is called so.
    """
    name, is_guess = (normalized(chosen), False) if chosen is not None else _guessed(head, is_text)
    text = codecs.getincrementaldecoder(name)("replace").decode(head)
    return Encoding(name, "\r" in text and "\n" not in text, is_guess)


def normalized(name: str) -> str:
    """Return an encoding's name as Python knows it; raises `LookupError` for one of no text.

    >>> normalized("UTF8"), normalized("windows-1252"), normalized("utf_8_sig")
    ('utf-8', 'cp1252', 'utf-8')
    """
    "".encode(name)
    known = codecs.lookup(name).name
    # A mark at the beginning is left out anyway.
    return UTF_8 if known == "utf-8-sig" else known


def _guessed(head: bytes, is_text: bool) -> tuple[str, bool]:
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name, False
    zeros = [head[start::2].count(0) / max(len(head) / 2, 1) for start in (0, 1)]
    if max(zeros) > _ZEROS:
        return ("utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"), True
    for name in (UTF_8, "cp1252") if is_text else ():
        try:
            # The last character may be cut.
            codecs.getincrementaldecoder(name)().decode(head)
        except UnicodeDecodeError:
            continue
        return name, name != UTF_8
    return ("latin-1" if is_text else UTF_8), is_text
