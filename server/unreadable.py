"""Why a file cannot be read or written, said without its name: that stands before it."""


def why(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"it is no text in {error.encoding.upper()}"
    return (isinstance(error, OSError) and error.strerror) or str(error)
