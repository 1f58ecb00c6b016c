"""The code that a user reads from a device and types into a browser (RFC 8628 §6.1).

Eight of twenty consonants: 25,600,000,000 codes, in which nobody reads a word or takes a letter for a digit.
"""

LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH = 8
CHANCE_BYTES = 16
"""So many that no letter is likelier than another by more than a trifle."""


def make(chance: bytes) -> str:
    """A code, made of CHANCE_BYTES random bytes."""
    number = int.from_bytes(chance, "big")
    return "".join(LETTERS[number // len(LETTERS) ** place % len(LETTERS)] for place in range(LENGTH))


def shown(code: str) -> str:
    """As people read it: `WXZB-DFGH`."""
    return f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}"


def read(typed: str) -> str | None:
    """The code that was typed, in whatever case, with dashes and spaces wherever; None if it can be none."""
    letters = typed.replace("-", "").replace(" ", "").upper()
    return letters if len(letters) == LENGTH and all(letter in LETTERS for letter in letters) else None
