"""Everything that can be refused, as facts with a code; what HTTP makes of them is decided in `api`."""

import errno
from collections.abc import Mapping, Sequence
from itertools import islice

from models_app.domain.failing import described, named
from models_app.domain.texts import MAX_PART, sendable

#: Fields whose reasons are listed, and reasons of each: a body may have a million faults.
MAX_REASONS = 10

#: The message that a client gets: one sentence, or the reasons by field.
Message = str | Mapping[str, Sequence[str]]


class ChantillyError(Exception):
    """A refusal. `code` is for machines and stays; `message` is for people, and can be sent as it is."""

    code = "error"

    def __init__(self, message: Message) -> None:
        message = sendable_message(message)
        super().__init__(message)
        self.message = message

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message))


def sendable_message(message: Message) -> Message:
    r"""Return a message as it can be sent, whatever a client or a model has put into it.

    >>> sendable_message("a\ud800"), sendable_message({"b\udc00": ["unknown field"]})
    ('a\\ud800', {'b\\udc00': ['unknown field']})
    """
    if isinstance(message, str):
        return sendable(message)
    return {
        sendable(field, MAX_PART): [sendable(reason, MAX_PART) for reason in islice(reasons, MAX_REASONS)]
        for field, reasons in islice(message.items(), MAX_REASONS)
    }


def code_of(error: BaseException) -> str:
    """Return the code of an error; what is no refusal is an internal error.

    >>> code_of(ServerStopping()), code_of(KeyError())
    ('server_stopping', 'internal_error')
    """
    return error.code if isinstance(error, ChantillyError) else "internal_error"


def foreseen(error: BaseException) -> BaseException:
    """Return the refusal for an error of the system that passes, or else the error itself.

    >>> foreseen(OSError(errno.EMFILE, "Too many open files"))
    StorageUnavailable('The server cannot open files now: Too many open files.')
    >>> foreseen(MemoryError())
    StorageUnavailable('There is no memory left for that now.')
    >>> foreseen(KeyError("x"))
    KeyError('x')
    """
    if isinstance(error, OSError) and error.errno in {errno.EMFILE, errno.ENFILE}:
        return StorageUnavailable(f"The server cannot open files now: {error.strerror}.")
    # Not of a model's own code: what that raises is wrapped by then.
    if isinstance(error, MemoryError):
        return StorageUnavailable("There is no memory left for that now.")
    return error


def _rebuild(kind: type[ChantillyError], message: Message) -> ChantillyError:
    # Not by its constructor: that one may take something else. The message can be sent as it is.
    error = kind.__new__(kind)
    Exception.__init__(error, message)
    error.message = message
    return error


def restored(code: str, message: Message) -> ChantillyError:
    """Return the refusal of that code, from its message; a plain one with the code where none here has it.

    >>> restored("server_stopping", "The server is stopping."), restored("from_afar", "No.").code
    (ServerStopping('The server is stopping.'), 'from_afar')
    """
    kind = _KINDS.get(code, ChantillyError)
    error = _rebuild(kind, message)
    if kind.code != code:
        error.code = code
    return error


class InvalidRequest(ChantillyError):
    """The request does not say what it must; the message names the fields."""

    code = "invalid_request"


class FlavorNotSet(ChantillyError):
    """Nothing can be served before the instance has a flavor."""

    code = "flavor_not_set"

    def __init__(self) -> None:
        super().__init__("No flavor has been set.")


class UnknownFlavor(ChantillyError):
    """The flavor asked for does not exist."""

    code = "unknown_flavor"

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__(f"Allowed flavors are {', '.join(repr(name) for name in allowed)}.")


class InvalidModelName(ChantillyError):
    """The name cannot be a model's."""

    code = "invalid_model_name"


class ModelNotReadable(ChantillyError):
    """The uploaded bytes are no pickle of something this server can import."""

    code = "model_not_readable"


class ModelNotSuitable(ChantillyError):
    """The uploaded object cannot be served under the flavor; the message says what to do."""

    code = "model_not_suitable"


class ModelNotAllowed(ChantillyError):
    """The upload has what the setting MODEL_UPLOADS does not let in; the message names it."""

    code = "model_not_allowed"


class InvalidSpec(ChantillyError):
    """A specification is none, or of a model that may not be made; the message names the places."""

    code = "invalid_spec"

    def __init__(self, faults: Mapping[str, Sequence[str]]) -> None:
        super().__init__(faults)


class UploadNotSigned(ChantillyError):
    """The upload has no signature, or one of a key that is not known; the message says which."""

    code = "upload_not_signed"


class NoSpec(ChantillyError):
    """The model cannot be described by a specification; the message says why."""

    code = "no_spec"


class UploadsBusy(ChantillyError):
    """As many uploads are tried as may be at a time, or no process can be had to try one in."""

    code = "uploads_busy"


class EvaluationsBusy(ChantillyError):
    """As many estimates of policies are under way as may be at a time."""

    code = "evaluations_busy"


class ModelNotFound(ChantillyError):
    """No model has this name."""

    code = "model_not_found"
    #: The name, where that is known.
    name = ""
    #: Names like it. No part of the message: not everybody may know which models there are.
    near: Sequence[str] = ()

    def __init__(self, name: str, *, near: Sequence[str] = ()) -> None:
        super().__init__(f"No model named '{name}'.")
        self.name = name
        self.near = near


class AlertNotFound(ChantillyError):
    """No alert has this id."""

    code = "alert_not_found"

    def __init__(self, alert_id: object) -> None:
        super().__init__(f"No alert with the id '{alert_id}'.")


class SnapshotNotFound(ChantillyError):
    """The model has no such snapshot to go back to; `nearest` are the learns at which it has some now.

    `has_forgotten`: it may have had one that had seen what the model was to forget.
    """

    code = "snapshot_not_found"

    def __init__(
        self,
        name: str,
        seq: int,
        generation: int | None = None,
        *,
        nearest: Sequence[int] = (),
        has_forgotten: bool = False,
    ) -> None:
        where = "" if generation is None else f" in generation {generation}"
        there = ""
        if nearest:
            # One that was listed a moment ago is gone where the model has learned on.
            there = (
                f" If there was one, it was thinned out: the first and the newest few are kept. "
                f"The nearest now: {', '.join(map(str, nearest))}."
            )
        if has_forgotten:
            there += " The model has forgotten something: snapshots that had seen it are gone for good."
        super().__init__(f"'{name}' has no snapshot at learn {seq}{where}.{there}")


class NotReplayable(ChantillyError):
    """A learn that cannot be replayed, or not by the model that is served now."""

    code = "not_replayable"


class NoDefaultModel(ChantillyError):
    """The request names no model and none has been uploaded."""

    code = "no_default_model"

    def __init__(self) -> None:
        super().__init__("No default model has been set.")


class PredictionNotPending(ChantillyError):
    """The id was never predicted, or its ground truth has been learned already."""

    code = "prediction_not_pending"

    def __init__(self, prediction_id: str) -> None:
        super().__init__(f"No information stored for ID '{prediction_id}'.")


class NoFeatures(ChantillyError):
    """A learn came with neither an id nor features."""

    code = "no_features"

    def __init__(self) -> None:
        super().__init__("No features are stored and none were provided.")


class InvalidGroundTruth(ChantillyError):
    """The flavor cannot score this ground truth."""

    code = "invalid_ground_truth"

    def __init__(self, reason: str) -> None:
        super().__init__({"ground_truth": [reason]})


class FeatureContract(ChantillyError):
    """The features are not those that the model's contract expects; the message names them."""

    code = "feature_contract"


class ModelRaised(ChantillyError):
    """The model's own code failed; what it had changed was undone."""

    code = "model_raised"
    _named = ""

    def __init__(self, error: BaseException) -> None:
        super().__init__(described(error))
        self._named = named(error)

    def without_text(self) -> ChantillyError:
        """Return the same refusal, with the exception's class alone.

        >>> ModelRaised(ValueError("ann")).without_text()
        ModelRaised('ValueError (its text is not shown)')
        """
        return _rebuild(ModelRaised, self._named or self.message)


class ModelBusy(ChantillyError):
    """The model has not come back from its own code for too long; the request has changed nothing."""

    code = "model_busy"

    def __init__(self, name: str, seconds: float) -> None:
        super().__init__(f"'{name}' has not come back for {seconds:.0f} seconds.")


class ModelNotLoadable(ChantillyError):
    """The stored bytes do not load here: other versions, another secret key, or damage."""

    code = "model_not_loadable"


class ModelQuarantined(ChantillyError):
    """The model has ended the process that serves it, again and again: it is not loaded any more."""

    code = "model_quarantined"

    def __init__(self, name: str, n_ends: int, how: str) -> None:
        super().__init__(
            f"'{name}' is not loaded any more: it was at work at {n_ends} ends of the process that "
            f"serves it, the last of which {how}. Upload a repaired model under its name, or release it."
        )


class StorageUnavailable(ChantillyError):
    """The database cannot be written now; nothing was changed."""

    code = "storage_unavailable"


class ShardUnavailable(ChantillyError):
    """The process that serves the model is away; what it had begun with may be done or not.

    Whether it is can be found out: an id is learned at most once.
    """

    code = "shard_unavailable"

    def __init__(self, number: int) -> None:
        super().__init__(
            f"Shard {number}, which serves the model, is away and will be back soon. A request with an id "
            "can be sent again: it is done at most once."
        )


class Unauthenticated(ChantillyError):
    """Nobody knows who asks, or not any more."""

    code = "unauthenticated"

    def __init__(self) -> None:
        super().__init__("The token is not valid any more.")


class Forbidden(ChantillyError):
    """Who asks may not; the message names the scope, or says which models they may use."""

    code = "forbidden"


class RateLimited(ChantillyError):
    """Who asks does so more often than the settings allow; `seconds` later they may again."""

    code = "rate_limited"

    def __init__(self, message: str, seconds: int = 1) -> None:
        super().__init__(message)
        self.seconds = seconds


class QuotaExceeded(ChantillyError):
    """Who asks has as much as they may have; the message names the quota, its limit and what they have."""

    code = "quota_exceeded"


class TooManyStreams(ChantillyError):
    """As many streams are open as the settings allow."""

    code = "too_many_streams"


class ServerStopping(ChantillyError):
    """The server is about to exit and takes no new work."""

    code = "server_stopping"

    def __init__(self) -> None:
        super().__init__("The server is stopping.")


_KINDS = {kind.code: kind for kind in ChantillyError.__subclasses__()}
