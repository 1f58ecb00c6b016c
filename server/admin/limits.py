"""How much the admin port takes on."""

MAX_MESSAGE = 1_048_576
"""Bytes of a request. An answer may be four times as long."""
MAX_CALLS = 200
"""At once; more are refused with RESOURCE_EXHAUSTED."""
MOST_OF_ONE = 120
"""Of them, that one caller may have under way; one that the caller left counts until it has ended."""
MOST_OF_STRANGERS = 20
"""Of them, that all may have together who show nothing: health checks."""
MESSAGE_WITHIN = 5.0
"""Seconds in which the message of a call must have come: a place is not for waiting."""
LONGEST_CALL = 30.0
"""Seconds that a caller is kept waiting, but in a stream. What has begun by then goes on."""
