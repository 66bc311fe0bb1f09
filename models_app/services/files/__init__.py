"""Records from files: CSV or NDJSON, gzipped or not, a line at a time.

Values stay the JSON text that they are in the file (a CSV number is a JSON number), so that a model gets what
it would have got had a client sent them.
"""

from collections.abc import Iterator

from models_app.services.files.csv_rows import csv_records
from models_app.services.files.encodings import normalized
from models_app.services.files.hints import hint
from models_app.services.files.layouts import BadLine, FileRecord, Format, Layout, format_of
from models_app.services.files.ndjson_lines import ndjson_records
from models_app.services.files.sources import STANDARD_INPUT, Source, opened

__all__ = [
    "STANDARD_INPUT",
    "BadLine",
    "FileRecord",
    "Format",
    "Layout",
    "Source",
    "format_of",
    "hint",
    "normalized",
    "opened",
    "records",
]


def records(source: Source, layout: Layout) -> Iterator[FileRecord | BadLine]:
    """Yield what stands in each line that is not blank."""
    read = csv_records if layout.format is Format.CSV else ndjson_records
    return read(source, layout)
