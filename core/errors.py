"""Every error that a user can meet. Its message says what happened, what is accepted, and what to do."""

from __future__ import annotations


class PhotobiasError(Exception):
    """Base class of all known errors. Its message is up to three sentences, in this order.

    ``happened``: what went wrong; ``accepted``: what would have been right; ``remedy``: what to do now. Each is a
    whole sentence with its full stop; an empty one is left out:

    >>> print(PhotobiasError("x.heic is not an image this app can read.", "It reads JPEG.", "Export it as JPEG."))
    x.heic is not an image this app can read. It reads JPEG. Export it as JPEG.
    """

    def __init__(self, happened: str, accepted: str = "", remedy: str = "") -> None:
        self.happened, self.accepted, self.remedy = happened, accepted, remedy
        super().__init__(" ".join(filter(None, (happened, accepted, remedy))))


class BadPhotograph(PhotobiasError):
    """Bytes that cannot be decoded to a photograph within the limits."""


class BadVideo(PhotobiasError):
    """Bytes that cannot be decoded to a video within the limits, or a video that is too small to be cut."""


class BadFolder(PhotobiasError):
    """A folder of photographs that is missing, empty or unreadable."""


class BadProtocol(PhotobiasError):
    """Settings of a protocol that are out of range, or a photograph that is too small for them."""


class BadScene(PhotobiasError):
    """A seed, a size or a photographer's parameter from which no scene can be drawn."""


class BadSignal(PhotobiasError):
    """A signal, or a setting of the signal bench, that has no global sum."""


class UnknownName(PhotobiasError):
    """A name that is not registered, or that is registered twice."""


class BadCard(PhotobiasError):
    """A checkpoint card that is incomplete or contradicts its checkpoint."""


class BadRecipe(PhotobiasError):
    """A training recipe that is incomplete, contradicts itself, or differs from the training it should resume."""


class WeightsUnavailable(PhotobiasError):
    """The network's weights are not on this machine."""


class IndexBroken(PhotobiasError):
    """An index whose files are missing, truncated or changed."""


class IndexMismatch(PhotobiasError):
    """An index built with another network, preprocessing or build plan than the requested one."""


class StudyBroken(PhotobiasError):
    """A study whose files are missing or changed, or whose folder another run is using."""


class StudyMismatch(PhotobiasError):
    """Rows of a study with another configuration, network, software version or photograph than the given one."""


class BadAnnotations(PhotobiasError):
    """Boxes around objects in an unknown format, or outside their frame."""


class BadLabels(PhotobiasError):
    """Unusable names of points, of a labeller or of a set, or a click outside the picture."""


class BadTable(PhotobiasError):
    """A table of results that lacks requested columns, networks or photographs."""


class DownloadFailed(PhotobiasError):
    """A download that did not arrive whole. What arrived is kept if it can be resumed."""


class Unreachable(DownloadFailed):
    """A download whose server did not answer, or whose connection broke."""


class Cancelled(PhotobiasError):
    """Work that was stopped on request. What was finished is kept. ``what``: "the study", "the download of x"."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what[:1].upper()}{what[1:]} was cancelled.", remedy="Run it again to resume.")


def unexpected(error: BaseException) -> PhotobiasError:
    """Return the known error that reports a bug to a user; the caller logs it."""
    known = PhotobiasError(
        f"Unexpected {type(error).__name__}: {error}.", remedy="This is a bug; details are in the log."
    )
    known.__cause__ = error
    return known
