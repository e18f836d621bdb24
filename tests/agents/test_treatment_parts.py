"""Parts of treatments, read off their names."""

from __future__ import annotations

import numpy as np
import pytest

from recoup.agents.treatment_parts import arm, parts_matrix, parts_of
from recoup.sim.treatments import ALL_TREATMENTS, Menu

BY_NAME = {treatment.name: treatment for treatment in ALL_TREATMENTS}


def test_a_treatment_has_a_channel_its_group_and_window_an_offer_its_kind_there_and_a_step():
    assert parts_of(BY_NAME["nothing"]) == []
    assert parts_of(BY_NAME["wechat/evening"]) == ["contact", "text", "wechat", "text/evening"]
    assert parts_of(BY_NAME["collector/evening/plan_6"]) == [
        "contact", "call", "collector", "call/evening", "plan_6", "call/plan",
    ]  # fmt: skip
    assert parts_of(BY_NAME["letter/morning/notice"]) == ["contact", "letter", "letter/morning", "notice"]
    assert parts_of(BY_NAME["suit"]) == ["suit"]


def test_the_matrix_has_a_row_a_treatment_and_a_column_for_each_part_that_occurs():
    menu = Menu.of(["sms", "collector"], ["plan_3"], ["suit"])
    matrix = parts_matrix(menu)
    # contact, text, sms and 4 windows; call, collector and 4 windows; plan_3 and plans in calls; suit
    assert matrix.shape == (1 + 4 + 8 + 1, 1 + 2 + 4 + 2 + 4 + 2 + 1)
    assert matrix.sum() == 4 * 4 + 4 * 4 + 4 * 6 + 1
    assert np.flatnonzero(matrix.sum(axis=1) == 0).tolist() == [menu.index["nothing"]]


def test_the_matrix_has_columns_in_the_order_of_the_names_asked_for():
    menu = Menu.of(["sms", "collector"], ["plan_3"], [])
    found = parts_matrix(menu, ["plan_3", "suit", "sms"])
    assert found[menu.index["collector/evening/plan_3"]].tolist() == [1, 0, 0]
    assert found[menu.index["sms/evening"]].tolist() == [0, 0, 1] and found.shape == (len(menu), 3)


@pytest.mark.parametrize(
    ("treatment", "kind"),
    [
        ("nothing", "nothing"),
        ("sms/evening", "sms"),
        ("collector/evening/plan_6", "collector/plan"),
        ("letter/morning/notice", "letter/notice"),
        ("suit", "suit"),
    ],
)
def test_an_arm_is_a_treatment_without_its_window_and_the_size_of_its_offer(treatment, kind):
    assert arm(BY_NAME[treatment]) == kind
