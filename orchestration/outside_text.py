"""Text from outside (names of files, folders and columns, values, other programs' messages) where people read it.

All of it that reaches a terminal, a log, an error or Dagster goes through `shown`: nothing in it can move the cursor,
colour or turn a line around, or end it and write another one that looks like ours.
"""

# Longest text that is shown, in characters; a path may have 4,096.
LONGEST = 1_000


def shown(text: object, longest: int = LONGEST) -> str:
    r"""A text on one line, for people.

    Args:
        text: from outside.
        longest: its characters that are shown; the others are cut off with a mark.

    Returns:
        The text with line breaks, control characters, direction marks and all that is not seen as \n, \x.., \u....
    """
    whole = str(text)
    cut = whole if len(whole) <= longest else whole[: longest - 1] + "…"
    if cut.isprintable():
        return cut
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in cut
    )
