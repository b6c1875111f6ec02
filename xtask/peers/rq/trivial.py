"""What the jobs do: nothing."""


def nothing() -> None:
    pass
