"""The numbers of a world, with unit and range: behaviour, costs, operations, courts, macro economy, population.

Values, sources and confidence stand in the scenario files; here is what each number means. Response functions that
use them are in `behaviour.py`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, ConfigDict, Field, model_validator

from recoup.sim.inputs import Place, choose, misplaced
from recoup.sim.lists import (
    CHANNEL_NAMES,
    OFFER_NAMES,
    STANDARD_PRODUCTS,
    Labelled,
    MoreChannel,
    MoreOffer,
    Name,
    Product,
    vocabulary,
)
from recoup.sim.operations.resources import NO_RESOURCE, RESOURCES, Resource
from recoup.sim.sections import Count, Effect, NonNegative, Positive, ScenarioSection, Share
from recoup.sim.sections import Section as Section
from recoup.sim.treatments import (
    DPD_BANDS,
    MOST_BANDS,
    MOST_CHANNELS,
    MOST_MORE_CHANNELS,
    MOST_POOLS,
    MOST_PRODUCTS,
    MOST_TIERS,
    TIERS,
    Menu,
    Vocabulary,
    Window,
)

ChannelName = Annotated[str, Field(json_schema_extra={"examples": list(CHANNEL_NAMES)})]
OfferName = Annotated[str, Field(json_schema_extra={"examples": list(OFFER_NAMES)})]
Points = Annotated[int, Field(ge=-10, le=10)]
OneChannel = Annotated[float, Field(ge=-10, le=1e6, allow_inf_nan=False)]


class PerChannel(ScenarioSection):
    """One number per channel; what it means, in which unit, and whether it may be negative is said where it is used.

    Beside the channels that there always are, those that the scenario adds (`more_channels`) have theirs.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, OneChannel]

    sms: OneChannel
    wechat: OneChannel
    email: OneChannel
    autocall: OneChannel
    collector: OneChannel
    specialist: OneChannel
    letter: OneChannel
    visit: OneChannel

    @model_validator(mode="before")
    @classmethod
    def _numbers(cls, data: Any) -> Any:
        for name, value in data.items() if isinstance(data, dict) else ():
            if isinstance(value, bool):
                raise misplaced((name,), value, "a number, not true or false")
        return data

    @classmethod
    def zero(cls) -> Self:
        """0 for every channel."""
        return cls.model_validate(dict.fromkeys(cls.model_fields, 0.0))

    def of(self, channel: str) -> float:
        """The number of a channel by its name; 0 for one that has none.

        Args:
            channel: its name.
        """
        return float(dict(self).get(channel, 0.0))

    def vector(self, channels: Sequence[str] = CHANNEL_NAMES) -> NDArray[np.float64]:
        """By channel number, 0 for no channel: shape (1 + channels,).

        Args:
            channels: names of all channels but none, by number.
        """
        return np.array([0.0, *map(self.of, channels)], np.float64)


def _each(least: float, most: float, expected: str) -> AfterValidator:
    """For a `PerChannel`: the range of each of its numbers."""

    def check(values: PerChannel) -> PerChannel:
        for channel, value in values:
            if not least <= value <= most:
                raise misplaced((channel,), value, expected)
        return values

    return AfterValidator(check)


SharePerChannel = Annotated[PerChannel, _each(0.0, 1.0, "a share or probability, from 0 to 1")]
NonNegativePerChannel = Annotated[PerChannel, _each(0.0, math.inf, "a number of at least 0")]


class PerWindow(ScenarioSection):
    """One number per contact window, not negative; unit as said where it is used."""

    morning: NonNegative
    midday: NonNegative
    afternoon: NonNegative
    evening: NonNegative

    def vector(self) -> NDArray[np.float64]:
        """By window number: shape (4,)."""
        return np.array([getattr(self, window.name.lower()) for window in Window], np.float64)


class Behaviour(ScenarioSection):
    """How debtors respond. Log-odds effects are per unit of the named quantity; half-lives are in days."""

    # Reach
    reach: SharePerChannel = Field(
        description="probability that one attempt reaches the debtor himself (texts: is read)"
    )
    reach_by_window: PerWindow = Field(description="factor on the reach of calls and visits by contact window")
    reach_day_off: NonNegative = Field(description="factor on the reach of calls and visits on weekends and holidays")
    reach_spread: NonNegative = Field(description="standard deviation of the debtor's own log reach")
    reach_age_decay: NonNegative = Field(description="power of (1 + dpd/90) by which reach falls with age of debt")
    reach_avoidance: NonNegative = Field(description="log fall of reach per unit of fatigue")
    wrong_number: Share = Field(description="share of accounts whose phone contact data are wrong")

    # Attention and irritation
    salience_gain: SharePerChannel = Field(description="share of the missing attention that one reach restores")
    salience_floor: Share = Field(description="attention without any contact")
    salience_half_life: Positive = Field(description="days in which attention above the floor halves")
    repetition_text: NonNegative = Field(
        0.0,
        description="wear of texts: the n-th without news within 14 days moves 1 / (1 + repetition_text · (n − 1)) as much",
    )
    repetition_call: NonNegative = Field(0.0, description="the same of calls and visits")
    fatigue_gain: NonNegativePerChannel = Field(description="fatigue added by one attempt")
    fatigue_half_life: Positive = Field(description="days in which fatigue halves")
    fatigue_tolerance: NonNegative = Field(description="fatigue that is borne without reactance")

    # Spontaneous repayment: a daily intensity
    pay_base: Effect = Field(description="log daily intensity of a payment at zero of everything below")
    pay_willingness: Effect = Field(description="effect of willingness (standard deviations)")
    pay_liquidity: Effect = Field(
        description="effect of log liquidity: three months' disposable income over balance, bounded"
    )
    pay_salience: Effect = Field(description="effect of attention (0..1)")
    pay_excitation: Effect = Field(description="effect of self-excitation: one unit per payment, decaying")
    excitation_half_life: Positive = Field(description="days in which self-excitation halves")
    pay_pressure: Effect = Field(description="effect of legal pressure (notice, suit, judgment)")
    pay_reactance: Effect = Field(description="fall per unit of fatigue above tolerance")
    pay_age: Effect = Field(description="fall per log(1 + dpd/15): steep in the first month, slow in old debt")
    pay_waiting: Effect = Field(description="fall per unit of waiting for a better offer")
    pay_payday: Effect = Field(description="rise on payday, fading over the ten days after it")
    pay_promised: Share = Field(description="factor on spontaneous payment while a promise is open")
    full_base: Effect = Field(description="log odds that a spontaneous payment settles the whole balance")
    full_liquidity: Effect = Field(description="effect of log liquidity on paying in full")

    # Answers of the debtor's own to a text that he has read
    answer_pay: NonNegativePerChannel = Field(
        default_factory=PerChannel.zero,
        description="share by which a read message raises that evening's payment intensity (self-service payment)",
    )
    answer_call: SharePerChannel = Field(
        default_factory=PerChannel.zero,
        description="probability that a read message brings a call back, which collectors must answer",
    )

    # Ability
    ability_mean: Effect = Field(description="mean log odds of the disposable share of income")
    ability_spread: NonNegative = Field(description="standard deviation of those log odds")
    jobless_share: Share = Field(description="share of accounts without work at the start")
    job_loss_monthly: Share = Field(description="probability to lose work in a month at macro index 0")
    job_found_monthly: Share = Field(description="probability to find work in a month")
    jobless_income: Share = Field(description="factor on disposable income without work")
    macro_income: Effect = Field(description="log fall of disposable income per unit of macro stress")
    macro_jobs: Effect = Field(description="log rise of job loss per unit of macro stress")

    # How visible data speak about hidden traits (population regression, standard deviations)
    willingness_score: Effect = Field(description="effect of the standardised credit score on willingness")
    willingness_prior: Effect = Field(description="effect of one earlier delinquency on willingness")
    willingness_warning: Effect = Field(description="effect of the early-warning risk minus one half on willingness")
    ability_score: Effect = Field(description="effect of the standardised credit score on ability")
    asset_cover_stable: Share = Field(description="mean share of the balance enforceable, with known stable assets")
    asset_cover_other: Share = Field(description="the same without known stable assets")

    # Promises
    promise_base: Effect = Field(description="log odds of a promise to pay when reached by a call")
    promise_willingness: Effect = Field(description="effect of willingness on promising")
    promise_channel: PerChannel = Field(description="effect of the channel on promising")
    keep_base: Effect = Field(description="log odds of keeping a promise")
    keep_willingness: Effect = Field(description="effect of willingness on keeping")
    keep_liquidity: Effect = Field(description="effect of log liquidity on keeping")
    keep_channel: PerChannel = Field(description="effect of the channel the promise was made on: machines bind less")
    keep_broken: Effect = Field(description="effect of each promise broken before, on keeping")
    promise_age: Effect = Field(0.0, description="fall of the log odds of promising per log(1 + dpd/90)")
    keep_age: Effect = Field(0.0, description="fall of the log odds of keeping per log(1 + dpd/90)")

    # Offers
    plan_base: Effect = Field(description="log odds of accepting an instalment plan when reached")
    plan_willingness: Effect = Field(description="effect of willingness")
    plan_fit: Effect = Field(description="effect of log(disposable income / instalment), bounded")
    plan_message: Effect = Field(
        0.0, description="added to the log odds where the plan comes by message and nobody talks about it"
    )
    offer_refused: Effect = Field(description="effect of each offer refused before")
    offer_age: Effect = Field(0.0, description="fall of the log odds of accepting any offer per log(1 + dpd/90)")
    settle_base: Effect = Field(description="log odds of accepting a settlement at no discount")
    settle_discount: Effect = Field(description="effect of the discount (share of balance forgiven)")
    settle_liquidity: Effect = Field(description="effect of log liquidity over the reduced balance")
    settle_willingness: Effect = Field(description="effect of willingness: those about to pay take the discount gladly")
    settle_waiting: Effect = Field(description="fall per unit of waiting for a better offer")
    settle_repeat: Effect = Field(description="fall when the discount is no better than the best one seen")
    waiting_learned: NonNegative = Field(description="waiting added per unit of discount seen and refused")
    waiting_market: NonNegative = Field(
        description="waiting that all debtors learn from the share of accounts offered discounts"
    )
    waiting_half_life: Positive = Field(description="days in which learned waiting halves")
    restructure_base: Effect = Field(description="log odds of accepting a restructuring, with stable assets")
    swap_base: Effect = Field(
        -20.0, description="log odds of handing over stable assets against the debt; nobody does at −20"
    )
    swap_willingness: Effect = Field(0.0, description="effect of willingness on handing assets over")
    swap_pressure: Effect = Field(0.0, description="effect of legal pressure on handing assets over")
    swap_liquidity: Effect = Field(
        0.0, description="fall of the log odds of handing assets over per unit of log liquidity: who can pay does not"
    )
    swap_days: Annotated[int, Field(ge=1, le=365)] = Field(
        30, description="days from the agreement to the handover of the assets and their sale"
    )
    swap_price: Share = Field(
        0.7, description="share of its appraisal that the lender's quick private sale of an asset brings"
    )

    # Instalment plans
    instalment_base: Effect = Field(description="log odds of paying an instalment on its day")
    instalment_willingness: Effect = Field(description="effect of willingness")
    instalment_fit: Effect = Field(description="effect of log(disposable income / instalment), bounded")
    instalment_secured: Effect = Field(description="effect of restructuring with collateral")
    instalment_age: Effect = Field(0.0, description="fall of the log odds of paying an instalment per log(1 + dpd/90)")

    # Conduct and its consequences
    complaint: SharePerChannel = Field(description="probability of a complaint per contact attempt without fatigue")
    complaint_fatigue: Effect = Field(description="log rise per unit of fatigue")
    complaint_performance_pay: Effect = Field(description="log rise at full performance pay")
    complaint_days: Positive = Field(description="days until a complaint is answered; contact rests meanwhile")
    opt_out: Share = Field(description="probability that a text makes the debtor opt out of texts")
    dispute: Share = Field(description="probability that a reached debtor disputes the debt")
    dispute_days: Positive = Field(description="days until a dispute is answered")
    hardship_disclosed: Share = Field(
        description="probability that a debtor without work says so when reached by a person"
    )
    hardship_days: Positive = Field(description="days a disclosed hardship protects")
    cease_contact: Share = Field(
        0.0, description="probability that a contact attempt makes the debtor ask that all contact cease"
    )
    breathing_space_monthly: Share = Field(
        0.0,
        description="probability to enter a statutory breathing space in a month, for debtors whose three months' "
        "means are below the debt; at most once in twelve months",
    )
    breathing_space_days: Positive = Field(60.0, description="days a breathing space lasts")

    # Legal
    pressure_notice: NonNegative = Field(description="pressure of a legal notice")
    notice_disbelieved: Share = Field(
        1.0, description="share of a notice's pressure left where no suit ever follows one"
    )
    notice_believed: Share = Field(
        0.1, description="share of notices followed by a suit from which on notices are believed in full"
    )
    notice_repeated: Share = Field(
        1.0, description="factor on its pressure for each earlier notice that no suit followed"
    )
    credibility_start: Share = Field(
        1.0, description="share of notices followed by a suit before the simulation begins"
    )
    credibility_memory: NonNegative = Field(
        20.0, description="notices per 1,000 accounts that the memory of that share is worth"
    )
    credibility_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        60, description="days within which a suit counts as following its notice"
    )
    pressure_suit: NonNegative = Field(description="pressure when the suit is served")
    pressure_judgment: NonNegative = Field(description="pressure of a judgment")
    pressure_half_life: Positive = Field(description="days in which legal pressure halves")

    # People
    skill_promise: Effect = Field(description="effect on promises of one standard deviation of skill in psychology")
    skill_offer: Effect = Field(
        description="effect on the acceptance of offers of one standard deviation of skill in negotiation"
    )
    skill_complaint: Effect = Field(
        description="effect on the log complaint rate of one standard deviation of skill in law"
    )
    skill_dispute: Effect = Field(
        0.0,
        description="effect on the log probability of a dispute of one standard deviation of skill in law; 0 = none",
    )
    performance_effort: Effect = Field(description="effect of full performance pay on promises and offers")


class Cards(ScenarioSection):
    """Credit cards ask for a minimum a month, not for the balance: who pays what is overdue is cured, and who pays part of it is re-aged."""

    minimum: Annotated[float, Field(gt=0, le=1)] = Field(
        description="share of the balance on entry that falls due each month, interest included"
    )
    pay: Effect = Field(0.0, description="log rise of the daily payment intensity of card accounts, sued or not")
    again: Share = Field(
        1.0,
        description="factor on that intensity, and on the probability of a promise, in the 30 days after a payment: "
        "a card is paid once a month",
    )
    clear: Effect = Field(
        0.0, description="log odds that a payment is meant for all arrears, where they are one minimum"
    )
    clear_months: NonNegative = Field(
        0.0,
        description="fall of these log odds per further minimum in arrears: the more is overdue, the rarer a full cure",
    )
    means: NonNegative = Field(
        2.0,
        description="months of disposable income that a payment or a promise of more than one minimum may take; a payment that "
        "is not for all arrears is for all but the latest minimum, as far as these go",
    )
    whole: Share = Field(0.0, description="share of the payments that cover all arrears which pay the whole balance")


class Costs(ScenarioSection):
    """Unit costs, in the scenario's currency."""

    contact: NonNegativePerChannel = Field(description="cost of one attempt apart from staff time")
    minute: dict[str, NonNegative] = Field(
        description="cost of a minute of staff time, by pool of people on the telephone"
    )
    notice: NonNegative = Field(description="pre-suit notice, on top of the letter")
    suit_handling: NonNegative = Field(description="handling of a suit, apart from the court fee")
    enforcement: NonNegative = Field(description="application for enforcement")
    settlement_documents: NonNegative = Field(
        description="papers for one settlement, restructuring or handover of assets"
    )
    complaint: NonNegative = Field(description="one complaint, regulator risk included")


class Pool(ScenarioSection):
    """A group of staff, or of dialler lines, on shifts."""

    per_1000_accounts: Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)] = Field(
        description="people or lines for each thousand accounts of the portfolio (at least one if not 0)"
    )
    agents: Count | None = Field(
        None, description="people or lines, whatever the portfolio's size; in place of `per_1000_accounts`"
    )
    shift_minutes: PerWindow = Field(description="minutes each one works in each contact window")
    weekdays: list[Annotated[int, Field(ge=0, le=6)]] = Field(description="working days, 0 = Monday")
    works_holidays: bool = False
    seconds_unanswered: NonNegative = Field(description="seconds an attempt takes that does not reach the debtor")
    seconds_reached: NonNegative = Field(description="mean seconds of a conversation")
    seconds_offer: NonNegative = Field(0, description="seconds more when an offer is explained and documented")
    seconds_unserved: NonNegative = Field(
        0,
        description="seconds of paid time that a request costs which nobody is free to serve: queue, dialler, looking up",
    )

    def people(self, accounts: int) -> int:
        """People or lines for a portfolio of so many accounts."""
        return places(self.agents, self.per_1000_accounts, accounts)

    def scaled(self, factor: float) -> Self:
        """The same pool with so many times the people."""
        agents = None if self.agents is None else round(factor * self.agents)
        return self.model_copy(update={"per_1000_accounts": factor * self.per_1000_accounts, "agents": agents})


class MorePool(Pool, Labelled):
    """A pool that a scenario adds, for channels of its own (`more_channels`)."""

    skilled: bool = Field(
        False,
        description="people on the telephone, whose skill counts, who take courses, and who may be paid by the minute",
    )


def places(fixed: int | None, per_1000: float, accounts: int) -> int:
    """People, lines or places: a fixed number, or by the size of the portfolio, to the nearest whole number and at least one if any."""
    if fixed is not None:
        return fixed
    return max(1, round(per_1000 * accounts / 1000)) if per_1000 > 0 else 0


class Course(ScenarioSection):
    """One course: it raises one skill, and costs days and money."""

    days: Annotated[int, Field(ge=1, le=60)] = Field(1, description="days one person is away")
    gain: NonNegative = Field(description="standard deviations of the skill that one course adds")
    cost: NonNegative = Field(description="cost of one course for one person")


class Courses(ScenarioSection):
    """The courses there are, by the skill that each of them raises; none = not held."""

    law: Course | None = Field(None, description="fewer complaints and disputes")
    psychology: Course | None = Field(None, description="more promises")
    negotiation: Course | None = Field(None, description="more offers accepted")

    def held(self) -> list[tuple[str, Course]]:
        """Skill and course of each one that is held, in this order."""
        return [(name, course) for name in Courses.model_fields if (course := getattr(self, name)) is not None]


class Training(ScenarioSection):
    """Courses for everybody in turn: one course at a time, the courses in rotation."""

    every_days: Annotated[int, Field(ge=0, le=3650)] = Field(
        description="days between the beginnings of two courses of one person; 0 = never"
    )
    courses: Courses = Field(
        Courses(law=None, psychology=None, negotiation=None), description="what is taught; nothing without it"
    )


class Operations(ScenarioSection):
    """What is scarce: people, lines, cases. Each pool serves the channel of its name (`operations.resources`), and those that say so."""

    collector: Pool
    specialist: Pool
    autocall: Pool
    visit: Pool
    more_pools: dict[Name, MorePool] = Field({}, description="further pools, which serve channels of `more_channels`")

    def with_pools(self, pools: Mapping[str, Pool]) -> Self:
        """The same with other numbers of some pools.

        Args:
            pools: by name, the scenario's own among them.
        """
        own = {name: pools.get(name, pool) for name, pool in self.more_pools.items()}
        changed = {name: pool for name, pool in pools.items() if name not in own}
        return self.model_copy(update=changed | ({"more_pools": own} if own else {}))

    skill_spread: NonNegative = Field(
        description="standard deviation at the start of each of a person's three skills, which are independent"
    )
    training: Training
    performance_pay: Share = Field(description="share of collectors' pay that depends on what they bring in")
    legal_cases_per_1000_accounts: NonNegative = Field(description="cases the legal team carries at once")
    legal_cases: Count | None = Field(
        None, description="the same, whatever the portfolio's size; in place of `legal_cases_per_1000_accounts`"
    )


class FeeStep(ScenarioSection):
    """One band of the court-fee schedule: `rate` on the part of the claim up to `up_to`."""

    up_to: Positive
    flat: NonNegative = 0
    rate: Share = 0


class SaleRound(ScenarioSection):
    """One attempt of the court to sell what was seized."""

    days: tuple[int, int] = Field(description="least and most days it takes")
    price: Share = Field(description="proceeds, as a share of the appraisal, if it is sold")
    sold: Share = Field(description="probability that it is sold, if it was not before")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not 1 <= self.days[0] <= self.days[1] <= 3650:
            raise ValueError("days as [least, most] with 1 <= least <= most <= 3650")
        return self


class Auction(ScenarioSection):
    """What becomes of seized property: auction at a reserve price, a second round, private sale; unsold, it brings nothing."""

    property: Share = Field(description="share of enforceable assets that must be sold; the rest is money and wages")
    rounds: list[SaleRound] = Field(min_length=1)


class Review(ScenarioSection):
    """A look at the file by somebody else before a notice or a suit goes out; the debtor knows nothing of it."""

    days: tuple[int, int] = Field(description="least and most days from the request to the result")
    cost: NonNegative = Field(description="cost of one review")
    sent_back: Share = Field(description="share of files sent back, for which the step must be asked for anew")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not 1 <= self.days[0] <= self.days[1] <= 365:
            raise ValueError("days as [least, most] with 1 <= least <= most <= 365")
        return self


class Courts(ScenarioSection):
    """What the courts take of time and money. Durations are uniform between their least and most days."""

    fee_steps: list[FeeStep] = Field(min_length=1, description="court fee by claim")
    summary_factor: Share = Field(description="factor on the fee in summary procedure")
    docket_per_1000_accounts: NonNegative = Field(description="cases of ours the court has before it at once")
    docket: Count | None = Field(
        None, description="the same, whatever the portfolio's size; in place of `docket_per_1000_accounts`"
    )
    filing_days: tuple[int, int] = Field(description="least and most days from instruction to acceptance")
    hearing_days: tuple[int, int] = Field(description="least and most days from acceptance to judgment")
    enforcement_days: tuple[int, int] = Field(description="least and most days from application to result")
    win: Share = Field(description="probability that the claim is upheld")
    auction: Auction | None = Field(None, description="none = all enforceable assets are as good as money")
    closed_on_holidays: bool = True
    review: Review | None = Field(None, description="none = notices and suits go out on the day they are asked for")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for name in ("filing_days", "hearing_days", "enforcement_days"):
            low, high = getattr(self, name)
            if not 1 <= low <= high <= 3650:
                raise ValueError(f"{name} as [least, most] with 1 <= least <= most <= 3650")
        bounds = [step.up_to for step in self.fee_steps]
        if bounds != sorted(set(bounds)):
            raise ValueError("fee_steps with rising up_to")
        return self


class Shock(ScenarioSection):
    """A step of the macro index on a day of the simulation; it fades as the index does (`Macro.persistence`)."""

    day: Annotated[int, Field(ge=0, le=10_000)]
    size: Effect


class Macro(ScenarioSection):
    """Index of economic stress: 0 is normal; a monthly AR(1), plus shocks."""

    persistence: Share = Field(description="share of the index that is left after a month")
    spread: NonNegative = Field(description="standard deviation of the monthly innovation")
    shocks: list[Shock] = []


class DpdBand(ScenarioSection):
    """A share of a synthetic portfolio that enters between two ages of debt."""

    least: Annotated[int, Field(ge=0, le=3650)]
    most: Annotated[int, Field(ge=0, le=3650)]
    weight: Positive

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.most < self.least:
            raise ValueError("most at or above least")
        return self


class Population(ScenarioSection):
    """What a synthetic portfolio looks like; also fills what an imported one does not say."""

    dpd: list[DpdBand] = Field(min_length=1)
    products: dict[str, Positive] = Field(min_length=1, description="weights of the products there are")
    balance_median: Positive
    balance_spread: NonNegative = Field(description="standard deviation of the log balance")
    income_median: Positive
    income_spread: NonNegative
    score_mean: Annotated[float, Field(ge=300, le=850)]
    score_spread: Positive
    stable_assets: Share = Field(description="share with known stable assets")
    tenure_months_mean: Positive
    prior_delinquencies_mean: NonNegative
    age_mean: Annotated[float, Field(ge=18, le=100)]
    age_spread: Positive
    female: Share
    regions: dict[str, Positive] = Field(min_length=1)
    early_warning_noise: NonNegative = Field(
        description="log-odds noise of the early-warning model against later willingness and ability"
    )


class TierPoints(ScenarioSection):
    """Points that one sign each adds (below 0: takes off)."""

    warning: Points = 1
    low_score: Points = 1
    broken: Points = Field(1, description="more promises broken than kept")
    stable_assets: Points = -1


class Tiers(ScenarioSection):
    """Tiers of risk, recomputed daily from visible data: points against thresholds. Usually high / medium / low."""

    names: list[Name] = Field(list(TIERS), min_length=2, max_length=MOST_TIERS, description="the lowest risk first")
    labels: dict[str, str] = Field({}, description="what reports call them, by name; none = the name")
    labels_zh: dict[str, str] = Field({}, description="the same in Chinese")
    dpd_medium: Count | None = Field(None, description="one point from this dpd")
    dpd_high: Count | None = Field(None, description="another point from this dpd")
    dpd: list[Count] | None = Field(
        None,
        max_length=MOST_TIERS,
        description="one point from each of these dpd; in place of `dpd_medium` and `dpd_high`",
    )
    warning: Share = Field(description="points from this early-warning risk")
    low_score: Annotated[float, Field(ge=300, le=850)] = Field(description="points below this credit score")
    points_for: TierPoints = TierPoints.model_validate({})
    medium_points: Count | None = None
    high_points: Count | None = None
    points: list[Count] | None = Field(
        None,
        description="from how many points each tier but the lowest begins; in place of `medium_points` and `high_points`",
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for names, instead in ((("dpd_medium", "dpd_high"), "dpd"), (("medium_points", "high_points"), "points")):
            for name in names if getattr(self, instead) is None else ():
                if getattr(self, name) is None:
                    raise misplaced((name,), "nothing", "a value here (required)")
        if len(set(self.names)) < len(self.names):
            raise misplaced(("names",), ", ".join(self.names), "every tier once")
        if len(self.bounds) != len(self.names) - 1:
            raise misplaced(
                ("points",),
                list(self.bounds),
                f"{len(self.names) - 1} numbers, one for each of {', '.join(self.names[1:])}",
            )
        if self.points is not None and list(self.points) != sorted(set(self.points)):
            raise misplaced(("points",), self.points, "rising numbers")
        for labels in ("labels", "labels_zh"):
            for name in getattr(self, labels):
                if name not in self.names:
                    raise misplaced((labels, name), name, choose(self.names, name))
        return self

    @property
    def dpd_points(self) -> tuple[int, ...]:
        """Days past due from each of which there is a point."""
        return tuple(self.dpd if self.dpd is not None else (self.dpd_medium or 0, self.dpd_high or 0))

    @property
    def bounds(self) -> tuple[int, ...]:
        """Points from which each tier but the lowest begins."""
        return tuple(self.points if self.points is not None else (self.medium_points or 0, self.high_points or 0))


class Windows(ScenarioSection):
    """Opening and closing hour of each contact window, debtor's local time."""

    morning: tuple[float, float]
    midday: tuple[float, float]
    afternoon: tuple[float, float]
    evening: tuple[float, float]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        hours = [hour for window in Window for hour in self.hours(window)]
        if hours != sorted(hours) or hours[0] < 0 or hours[-1] > 24:
            raise ValueError("windows in the order of the day, hours from 0 to 24")
        return self

    def hours(self, window: Window) -> tuple[float, float]:
        """Opening and closing hour of a window, 0 to 24."""
        return getattr(self, window.name.lower())  # type: ignore[no-any-return]


class Regulator(ScenarioSection):
    """What the supervisor makes of complaints: while their rate stands above the tolerated one, each costs more."""

    tolerated: NonNegative = Field(description="complaints per 1,000 open accounts over `days` that are borne")
    days: Annotated[int, Field(ge=1, le=365)] = 30
    cost: NonNegative = Field(description="what one more complaint costs above that rate, on top of `costs.complaint`")


class Suspension(ScenarioSection):
    """Channels that rest, and for how many days."""

    channels: list[ChannelName] = Field(min_length=1)
    days: Annotated[int, Field(ge=1, le=365)]


class Retraining(ScenarioSection):
    """A course in conduct for a whole pool, a group at a time."""

    pools: list[str] = Field(min_length=1, description="of people on the telephone")
    at_once: Annotated[float, Field(gt=0, le=1)] = Field(0.5, description="share of the pool that is away at a time")
    days: Annotated[int, Field(ge=1, le=60)] = Field(description="days each group is away")
    cost: NonNegative = Field(description="cost of the course for one person")
    skill_gain: NonNegative = Field(0, description="standard deviations of skill in law the course adds, for good")
    complaint_fall: Annotated[float, Field(ge=0, le=5)] = Field(
        0, description="log fall of the complaint rate of who comes back; fades, and a new course renews it"
    )
    half_life: Positive = Field(90, description="days in which that fall halves")


class Correction(ScenarioSection):
    """What the operation does of its own accord when its conduct slips: the loop from audit back to operations."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)]
    watch: Literal["complaints", "blocked", "breaches"] = Field(
        description="what is counted: complaints, treatments stopped by a rule, or (gate off) breaches"
    )
    above: NonNegative = Field(description="rate per 1,000 open accounts over `days` above which it acts")
    days: Annotated[int, Field(ge=1, le=365)]
    least: Annotated[int, Field(ge=1, le=100_000)] = Field(1, description="fewer than this are never acted on")
    suspend: Suspension | None = None
    retrain: Retraining | None = None

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if self.suspend is None and self.retrain is None:
            raise ValueError("`suspend`, `retrain`, or both")
        return self


class Conduct(ScenarioSection):
    """How conduct is watched, from outside (regulator) and from inside (corrections)."""

    regulator: Regulator | None = None
    corrections: list[Correction] = []

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        ids = [correction.id for correction in self.corrections]
        if len(ids) != len(set(ids)):
            raise ValueError("corrections with different ids")
        return self


class PriceAtAge(ScenarioSection):
    """What a claim of one age is sold for."""

    dpd: Annotated[int, Field(ge=0, le=10_000)] = Field(description="days past due")
    price: Share = Field(description="share of what is owed that a buyer, or an agency net of its commission, gives")


class Horizon(ScenarioSection):
    """What claims are worth that are not settled when a run ends (`horizon.py`): the largest of the values that apply."""

    prices: list[PriceAtAge] = Field(
        min_length=1, description="prices by age, which rises; linear in between, the first and last beyond"
    )
    plan_kept: Share = Field(description="share of what a running plan is still to bring that is expected to come")
    promise_kept: Share = Field(description="share of open promises and agreed settlements expected to be kept")
    judgment_yield: Share = Field(description="share of the balance that a judgment is expected to bring")
    cured: Share = Field(
        description="share of the balance of a cured card that is expected to come in, now that it is current again"
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        ages = [one.dpd for one in self.prices]
        if ages != sorted(set(ages)):
            raise ValueError("prices with rising dpd")
        return self


class World(ScenarioSection):
    """Everything a simulation needs besides a portfolio, a rule pack and a seed."""

    currency: Annotated[str, Field(min_length=1, max_length=8)]
    start: Annotated[date, Field(ge=date(1950, 1, 1), le=date(2150, 1, 1))]
    holidays: list[date] = []
    typical_claim: Positive | None = Field(
        None,
        description="a usual balance, currency: what `claim_size` is measured in, so that plans fit any currency; "
        "none = the median balance of the portfolio",
    )
    annual_rate: Share = Field(
        description="late interest a year on the balance, before the rule pack's cap; a product may have its own"
    )
    discount_rate: Share = Field(description="annual rate at which later money is worth less")
    write_off_dpd: Annotated[int, Field(ge=30, le=10_000)] = Field(
        description="days past due at which a balance is written off"
    )
    decision_every_days: Annotated[int, Field(ge=1, le=30)] = 1
    settlement_budget: Share = Field(
        description="most the discounts may forgive, as a share of the opening portfolio balance"
    )
    windows: Windows
    channels: list[ChannelName]
    more_channels: dict[Name, MoreChannel] = Field(
        {}, description="channels beside those there always are; each has its number wherever there is one per channel"
    )
    offers: list[OfferName]
    more_offers: dict[OfferName, MoreOffer] = Field(
        {}, description="offers beside those there always are: plan_N, N instalments, and settle_N, N % forgiven"
    )
    products: dict[Name, Product] = Field(
        dict(STANDARD_PRODUCTS),
        min_length=1,
        max_length=MOST_PRODUCTS,
        description="the kinds of credit there are",
    )
    dpd_bands: list[Annotated[int, Field(ge=0, le=3650)]] = Field(
        list(DPD_BANDS),
        min_length=2,
        max_length=MOST_BANDS,
        description="first day of each band of days past due by which tables and reports tell decisions apart; the first is 0",
    )
    legal: list[Literal["notice", "suit", "enforce"]]
    behaviour: Behaviour
    costs: Costs
    operations: Operations
    courts: Courts
    macro: Macro
    population: Population
    tiers: Tiers
    conduct: Conduct | None = Field(None, description="none = nobody watches, and a complaint costs what it costs")
    horizon: Horizon | None = Field(None, description="none = what is not paid when a run ends is worth nothing")
    cards: Cards | None = Field(None, description="none = cards are claims like the others: the whole balance is due")

    @model_validator(mode="before")
    @classmethod
    def _alike(cls, data: Any) -> Any:
        """A channel that is `like` another has its numbers, where it is given none of its own."""
        if not isinstance(data, dict) or not isinstance(data.get("more_channels"), dict):
            return data
        alike = {
            name: channel["like"]
            for name, channel in data["more_channels"].items()
            if isinstance(channel, dict) and "like" in channel
        }
        if not alike:
            return data
        data = dict(data)
        for section, names in PER_CHANNEL.items():
            if isinstance(data.get(section), dict):
                data[section] = {
                    name: _filled(numbers, alike) if name in names else numbers
                    for name, numbers in data[section].items()
                }
        return data

    @model_validator(mode="after")
    def _known(self) -> Self:
        """Every name that one section uses is in the list that has it."""
        _check_lists(self)
        return self

    @property
    def annual_rates(self) -> tuple[float, ...]:
        """Late interest a year on each product, before the rule pack's cap."""
        own = (product.annual_rate for product in self.products.values())
        return tuple(self.annual_rate if rate is None else rate for rate in own)

    @property
    def vocabulary(self) -> Vocabulary:
        """All that there is to do, to whom and for what, in the order of its numbers."""
        return vocabulary(self.more_channels, self.more_offers, self.products, self.tiers.names, self.dpd_bands)

    @property
    def menu(self) -> Menu:
        """The treatments that policies choose from."""
        return Menu.of(self.channels, self.offers, self.legal, self.vocabulary)

    @property
    def resources(self) -> tuple[Resource, ...]:
        """What is scarce and serves contacts, the scenario's own pools last."""
        own = self.operations.more_pools.items()
        return RESOURCES + tuple(Resource(name, skilled=pool.skilled) for name, pool in own) if own else RESOURCES

    @property
    def pools(self) -> dict[str, Pool]:
        """The section of each of `resources`, by name."""
        operations = self.operations
        return {resource.name: getattr(operations, resource.name) for resource in RESOURCES} | dict(
            operations.more_pools
        )


# Where a world has one number per channel: names by section.
PER_CHANNEL: dict[str, tuple[str, ...]] = {
    section: tuple(name for name, field in model.model_fields.items() if field.annotation is PerChannel)
    for section, model in (("behaviour", Behaviour), ("costs", Costs))
}


def _filled(numbers: Any, alike: Mapping[str, str]) -> Any:
    if not isinstance(numbers, dict):
        return numbers
    return {own: numbers[like] for own, like in alike.items() if like in numbers} | numbers


def _check_lists(world: World) -> None:
    own = list(world.more_channels)
    _at_most(("more_channels",), own, MOST_MORE_CHANNELS, "more channels")
    _at_most(("operations", "more_pools"), list(world.operations.more_pools), MOST_POOLS - len(RESOURCES), "more pools")
    pools = {resource.name: resource for resource in world.resources}
    if len(pools) < len(world.resources):
        raise misplaced(
            ("operations", "more_pools"), ", ".join(world.operations.more_pools), "names that no other pool has"
        )
    for name, channel in world.more_channels.items():
        _among(("more_channels", name, "like"), [channel.like] if channel.like else [], CHANNEL_NAMES)
        _among(("more_channels", name, "pool"), [channel.pool] if channel.pool else [], pools)
    words = world.vocabulary
    for name, offer in world.more_offers.items():
        _among(("more_offers", name, "carried_by"), offer.carried_by, words.channel_names, numbered=True)
    for name, channel in world.more_channels.items():
        _among(("more_channels", name, "carries"), channel.carries, words.offer_number, numbered=True)
    for section, names in PER_CHANNEL.items():
        for name in names:
            if name in getattr(world, section).model_fields_set:
                _check_numbers((section, name), getattr(getattr(world, section), name), own)
    _among(("channels",), world.channels, words.channel_names, numbered=True)
    _among(("offers",), world.offers, [name for name in words.offer_number if name != "none"], numbered=True)
    _among(("population", "products"), world.population.products, words.products)
    skilled = [name for name, resource in pools.items() if resource.skilled]
    _among(("costs", "minute"), world.costs.minute, skilled)
    for number, correction in enumerate(world.conduct.corrections if world.conduct else ()):
        at = ("conduct", "corrections", number)
        if correction.suspend:
            _among((*at, "suspend", "channels"), correction.suspend.channels, words.channel_names, numbered=True)
        if correction.retrain:
            _among((*at, "retrain", "pools"), correction.retrain.pools, skilled, numbered=True)
    bands = world.dpd_bands
    if bands[0] != 0 or bands != sorted(set(bands)):
        raise misplaced(("dpd_bands",), bands, "rising days, 0 first")


def _at_most(place: Place, names: Sequence[str], most: int, what: str) -> None:
    if len(names) > most:
        raise misplaced(place, f"{len(names)} ({', '.join(names)})", f"at most {most} {what}")


def _among(place: Place, found: Iterable[str], known: Collection[str], numbered: bool = False) -> None:
    for number, name in enumerate(found):
        if name not in known:
            raise misplaced((*place, number if numbered else name), name, choose(known, name))


def _check_numbers(place: Place, numbers: PerChannel, own: Sequence[str]) -> None:
    """The channels that a scenario adds have a number each, and there are no others."""
    for name in numbers.model_extra or {}:
        if name not in own:
            raise misplaced((*place, name), name, choose([*CHANNEL_NAMES, *own], name))
    for name in own:
        if name not in (numbers.model_extra or {}):
            raise misplaced(
                (*place, name), "nothing", "a value here (required), or `like` another channel in `more_channels`"
            )


def kernel_record(world: World) -> NDArray[np.void]:
    """Everything compiled code needs of a world as one record, shape (1,).

    Behaviour parameters keep their names (float64 scalars, vectors by channel or window); each half-life adds a
    `<name>_keep`, the share left after a day: 0.5 ** (1 / half-life). Costs are in cents, times in seconds, both by channel
    where they differ: `cost_contact` an attempt, `cost_minute` a minute of staff time, `seconds_*` what a call takes of its
    resource. `review` is 1 where a file is reviewed before a notice or a suit, else 0.

    By channel, shape (MOST_CHANNELS,), in the order of the world's vocabulary: what it can do too (`talk`, `by_number`), the number of
    the resource that serves it (`served_by`, NO_RESOURCE), and of the people who talk on it among all pools (`staffed_by`, 0 = none).
    By offer, shape (MOST_OFFERS,): `offer_months`, `offer_discount`. By product, shape (MOST_PRODUCTS,): `card`, 1 where a minimum
    is due each month; `product_reach`, added to the log of reach; `product_pay`, factor on the payment intensity.
    """
    words, names = world.vocabulary, world.vocabulary.channel_names

    def by_channel(values: Iterable[float]) -> NDArray[np.float64]:
        padded = np.zeros(MOST_CHANNELS)
        found = np.array(list(values), np.float64)
        padded[: found.size] = found
        return padded

    columns: dict[str, Any] = {}
    for name in Behaviour.model_fields:
        value = getattr(world.behaviour, name)
        if isinstance(value, PerChannel):
            columns[name] = by_channel(value.vector(names))
        else:
            columns[name] = value.vector() if isinstance(value, PerWindow) else float(value)
        if name.endswith("_half_life"):
            columns[name.removesuffix("_half_life") + "_keep"] = 0.5 ** (1.0 / value)
    costs, operations, pools = world.costs, world.operations, world.pools
    number = {resource.name: place for place, resource in enumerate(world.resources)}
    skilled = {resource.name for resource in world.resources if resource.skilled}
    channels = words.channels
    for seconds in ("seconds_unanswered", "seconds_reached", "seconds_offer", "seconds_unserved"):
        columns[seconds] = by_channel(getattr(pools[c.pool], seconds) if c.pool else 0.0 for c in channels)
    columns["cost_minute"] = by_channel(100.0 * costs.minute.get(c.pool, 0.0) for c in channels)
    columns["cost_contact"] = by_channel(100.0 * costs.contact.vector(names))
    columns["talk"] = by_channel(c.talk for c in channels)
    columns["by_number"] = by_channel(c.by_number for c in channels)
    columns["served_by"] = by_channel(number[c.pool] if c.pool else NO_RESOURCE for c in channels)
    columns["staffed_by"] = by_channel(1 + number[c.pool] if c.pool in skilled else 0 for c in channels)
    columns["offer_months"] = words.months.astype(np.float64)
    columns["offer_discount"] = words.discounts
    cards = world.cards
    columns["card"] = np.zeros(MOST_PRODUCTS)
    if cards:
        columns["card"][: len(world.products)] = [product.card for product in world.products.values()]
    columns["product_reach"], columns["product_pay"] = np.zeros(MOST_PRODUCTS), np.ones(MOST_PRODUCTS)
    for place, product in enumerate(world.products.values()):
        columns["product_reach"][place] = math.log(product.reach)
        columns["product_pay"][place] = math.exp(product.pay)
    for name in ("notice", "settlement_documents", "complaint"):
        columns[f"cost_{name}"] = 100.0 * getattr(costs, name)
    for name in Cards.model_fields:
        columns[f"card_{name}"] = float(getattr(cards, name)) if cards else 0.0
    columns["performance_pay"] = operations.performance_pay
    columns["write_off_dpd"] = float(world.write_off_dpd)
    review = world.courts.review
    columns["review"] = float(review is not None)
    columns["review_least"], columns["review_most"] = map(float, review.days if review else (1, 1))
    columns["review_sent_back"] = review.sent_back if review else 0.0
    columns["cost_review"] = 100.0 * review.cost if review else 0.0
    dtype = np.dtype([(name, "f8", np.shape(value)) for name, value in columns.items()])
    return np.array([tuple(columns.values())], dtype)
