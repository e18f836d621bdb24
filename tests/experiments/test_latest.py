"""What is kept for the latest object, and for no other."""

from __future__ import annotations

from recoup.experiments.runs.latest import kept_for_the_latest


def test_the_same_object_is_asked_about_once_and_an_equal_one_anew():
    asked = []

    @kept_for_the_latest
    def length(one: list[int], factor: int = 1) -> int:
        asked.append((one, factor))
        return factor * len(one)

    first, equal = [1, 2], [1, 2]
    assert [length(first), length(first), length(first, 3), length(first, 3)] == [2, 2, 6, 6]
    assert len(asked) == 2
    assert length(equal, 3) == 6 and asked[-1][0] is equal
    first.append(3)  # another length, once the other has been asked about
    assert length(first, 3) == 9 and len(asked) == 4
