"""Why public classes of River are not served, or not exactly as River has them."""

_PART = "a part of trees, which has no prediction of its own"
_INDEX = "a part of nearest neighbors, which has no prediction of its own"

#: By title. A class that is served exactly has none.
REASONS: dict[str, str] = {
    "feature_extraction.RandomTreesEmbedding": "knows its trees by where they lie in memory",
    "misc.ZstdClassifier": "needs Python 3.14",
    "neighbors.LazySearch": _INDEX,
    "neighbors.SWINN": _INDEX,
    **{
        f"tree.{name}": _PART
        for name in (
            "DynamicQuantizer", "EBSTSplitter", "ExhaustiveSplitter", "GaussianSplitter", "HistogramSplitter",
            "QOSplitter", "StaticQuantizer", "TEBSTSplitter",
        )
    },
}  # fmt: skip

#: Of a class without a flavor of which nothing more is said.
NO_FLAVOR = "there is no flavor for it yet"
