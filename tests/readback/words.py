"""What plans, tiers and measures are called in each language, written down a second time."""

PLANS = {
    "en": {},  # plans keep their names
    "zh": {
        "no-contact": "不联系",
        "status-quo": "现状方案",
        "staged": "分阶段方案",
        "tiered": "分层方案",
        "learned": "学习策略",
        "distilled": "蒸馏方案",
        "contact-capped": "限频策略",
        "simple": "简易方案",
        "tuned": "调优简易方案",
    },
}
TIERS = {
    "en": {"low": "low risk", "medium": "medium risk", "high": "high risk"},
    "zh": {"low": "低风险", "medium": "中风险", "high": "高风险"},
}
MEASURES = {
    "en": {
        "recovery_rate": "Recovery rate",
        "net_recovery_rate": "Net recovery rate",
        "variable_net_recovery_rate": "Net recovery rate, variable cost",
        "npv_rate": "Net present value",
        "value_at_horizon": "Value at the horizon",
        "time_to_recover_days": "Time to recover",
        "cash_weighted_days": "Mean day of the cash",
        "cure_rate": "Cure rate",
        "cured_balance_rate": "Balance back in good standing",
        "cost_to_collect": "Cost to collect",
        "variable_cost_to_collect": "Cost to collect, variable cost",
        "complaints_per_1000": "Complaints per 1,000 accounts",
        "breaches": "Breaches of rules",
        "rpc_rate": "Right-party contacts per call",
        "kept_promise_rate": "Promises kept",
        "occupancy": "Occupancy of staff",
    },
    "zh": {
        "recovery_rate": "回款率",
        "net_recovery_rate": "净回款率",
        "variable_net_recovery_rate": "净回款率（变动成本）",
        "npv_rate": "净现值",
        "value_at_horizon": "期末残值",
        "time_to_recover_days": "回款时间",
        "cash_weighted_days": "回款加权平均天数",
        "cure_rate": "还清或恢复正常率",
        "cured_balance_rate": "恢复正常余额率",
        "cost_to_collect": "催收成本率",
        "variable_cost_to_collect": "催收成本率（变动成本）",
        "complaints_per_1000": "每千户投诉",
        "breaches": "违规次数",
        "rpc_rate": "本人接通率",
        "kept_promise_rate": "承诺兑现率",
        "occupancy": "人力利用率",
    },
}
# 1: more is better; −1: less is better; 0: neither (docs/reference/measures.md).
BETTER = {
    "recovery_rate": 1,
    "net_recovery_rate": 1,
    "variable_net_recovery_rate": 1,
    "npv_rate": 1,
    "value_at_horizon": 0,
    "time_to_recover_days": -1,
    "cash_weighted_days": -1,
    "cure_rate": 1,
    "cured_balance_rate": 1,
    "cost_to_collect": -1,
    "variable_cost_to_collect": -1,
    "complaints_per_1000": -1,
    "breaches": -1,
    "rpc_rate": 0,
    "kept_promise_rate": 1,
    "occupancy": 0,
}
DAYS = ("time_to_recover_days", "cash_weighted_days")
COUNTS = ("complaints_per_1000", "breaches")
VERDICTS = {
    "en": {"good": "better at 95 %", "bad": "worse at 95 %", "open": "inconclusive at 95 %"},
    "zh": {"good": "更优（95 %）", "bad": "更差（95 %）", "open": "样本不足，无法判定"},
}


def called(plan: str, language: str) -> str:
    """A plan's name in a language."""
    return PLANS[language].get(plan, plan)


def unit_of(measure: str, language: str, difference: bool = False) -> str:
    """The unit that stands behind a measure's figures."""
    if measure in DAYS:
        return {"en": "days", "zh": "天"}[language]
    if measure in COUNTS:
        return ""
    return {"en": "points", "zh": "个百分点"}[language] if difference else "%"


def assessed(difference: dict, better: int) -> str:
    """good or bad if the whole interval lies on one side of zero, else open."""
    low, high = difference["low"], difference["high"]
    if low is None or better == 0:
        return "open"
    if low > 0:
        return "good" if better == 1 else "bad"
    if high < 0:
        return "bad" if better == 1 else "good"
    return "open"
