"""Every error that a user can meet: it says what was got, what was wanted, and the remedy."""

from __future__ import annotations


class PhotobiasError(Exception):
    """Root of all known errors. The three parts are kept, so that a page can lay them out."""

    def __init__(self, *, got: str, wanted: str, remedy: str) -> None:
        self.got, self.wanted, self.remedy = got, wanted, remedy
        super().__init__(f"got {got}; wanted {wanted}. {remedy}")


class BadPhotograph(PhotobiasError):
    """Bytes that do not decode to a photograph within the limits."""


class BadVideo(PhotobiasError):
    """Bytes that do not decode to a video within the limits, or one too small to be cut."""


class BadFolder(PhotobiasError):
    """A folder of photographs that is missing, empty or unreadable."""


class BadProtocol(PhotobiasError):
    """A protocol's settings are out of range, or the photograph is too small for them."""


class BadScene(PhotobiasError):
    """A seed, a size or a photographer's parameter that makes no scene."""


class BadSignal(PhotobiasError):
    """A signal, or a setting of the signal bench, of which there is no global sum."""


class UnknownName(PhotobiasError):
    """A key that no registry holds, or that is registered twice."""


class BadCard(PhotobiasError):
    """A checkpoint card that is incomplete or contradicts its checkpoint."""


class BadRecipe(PhotobiasError):
    """A training recipe that is incomplete, contradicts itself, or does not fit what it would go on with."""


class WeightsUnavailable(PhotobiasError):
    """The network's weights are not on this machine."""


class IndexBroken(PhotobiasError):
    """An index whose files are missing, truncated or changed."""


class IndexMismatch(PhotobiasError):
    """An index built with another network, preprocessing or build plan than asked for."""


class StudyBroken(PhotobiasError):
    """A study whose files are missing or changed, or in whose folder another run is at work."""


class StudyMismatch(PhotobiasError):
    """A study's folder that holds the rows of another configuration, network or software than asked for."""


class BadAnnotations(PhotobiasError):
    """Boxes around objects in no format that is known, or that lie in no frame."""


class BadLabels(PhotobiasError):
    """Names of points, of a labeller or of a set that cannot be used, or a click beside the picture."""


class BadTable(PhotobiasError):
    """A table of results without the columns, networks or photographs that are asked of it."""


class DownloadFailed(PhotobiasError):
    """A download that did not arrive whole; what arrived is kept where it can be resumed."""


class Cancelled(PhotobiasError):
    """Work that was stopped on request; what was finished is kept."""

    def __init__(self, what: str) -> None:
        super().__init__(got=f"a request to stop {what}", wanted="nothing more", remedy="Start it again to go on.")
