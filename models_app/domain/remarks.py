"""Remarks about a served model: facts that its users would not expect."""

from typing import TypedDict


class Remark(TypedDict):
    """`code` is for machines and stays; `message` is for people."""

    code: str
    message: str


#: What a model was asked to do at its upload.
READ_ONLY = Remark(
    code="read_only",
    message="It is read-only: it predicts, and learns nothing. Ground truths are scored.",
)
#: What a model was found out to do while it was called.
ON_COPIES = Remark(
    code="predicts_on_copies",
    message="Predictions change this model. They are made on copies, which takes a pickle of it each time.",
)
NOT_REPLAYABLE = Remark(
    code="not_replayable",
    message="The same learn does not lead to the same model again: it reads the clock, draws from the "
    "operating system or works in threads of its own. It is snapshotted after each commit, and its journal "
    "cannot be verified.",
)
