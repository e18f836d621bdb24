"""What ledgers and dialers call our fields and their values, in English and Chinese: how `recoup map suggest` knows a column."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

Names = Mapping[str, str]  # names of a field, parted by spaces and written as `plain` has them

_STATE: Names = {
    "customer_id": "customerid customer customerno custid custno cust clientid clientno client borrowerid partyid cif 客户号 客户编号 客户id 借款人编号",
    "entry_date": "entrydate placementdate placedon placed assigneddate assignedon assignmentdate dateplaced 委案日期 入催日期 进件日期 分案日期",
    "balance": "balancenow currentclaim remainingbalance remainingclaim balanceleft 当前余额 现欠金额 当前欠款",
    "paid": "paidsofar totalpaid paidtodate amountpaidtodate collected totalcollected recovered 累计还款 已还金额 累计回款 已回款金额",
    "interest_charged": "interestcharged interestadded 已计罚息 已计利息",
    "fees_charged": "feescharged feesadded 已计费用",
    "forgiven": "forgiven waived writtendown 已减免 减免金额",
    "arrears": "minimumsoverdue minimumoverdue unpaidminimum 最低还款欠额",
    "minimum_due": "minimumdue minimumpayment minpayment minpay 最低还款额 每月最低还款额",
    "call_days": "calldays 近期致电日",
    "text_days": "textdays 近期发信日",
    "visit_days": "visitdays 近期上门日",
    "letter_days": "letterdays 近期发函日",
    "channel_days": "channeldays contactdaysbychannel 各渠道近期联系日",
    "conversation_days": "conversationdays 近期通话日",
    "calls_7d": "calls7d callslast7days callslastweek calls7days 近7天致电 近7天拨打次数 7天拨打",
    "texts_7d": "texts7d smslast7days smslastweek textslast7days 近7天短信 近7天短信次数",
    "visits_30d": "visits30d visitslast30days 近30天外访 近30天上门",
    "attempts": "attempts contactattempts totalattempts attemptcount contactcount 联系次数 累计联系次数 催收次数 拨打次数",
    "reached": "reached contacts rightpartycontacts rpccount rpcs 触达次数 有效联系次数 本人接通次数",
    "call_attempts": "callattempts dials totaldials callcount 致电次数 外呼次数",
    "calls_reached": "callsreached connectedcalls 接通次数",
    "last_attempt_date": "lastattemptdate lastattempt lastcontact lastcontactdate lastcalldate lastcall lastactiondate 最近联系日期 最近催收日期 最后联系时间 最近拨打时间",
    "last_reached_date": "lastreacheddate lastrpc lastrpcdate lastrightpartycontact lastreached 最近接通日期 最近有效联系日期",
    "last_outcome": "lastoutcome lastresult lastcontactresult lastdisposition lastactioncode 最近结果 最近催收结果 最近联系结果 上次催收结果",
    "promise_due": "promisedue ptpdate promisedate ptpdue promisetopaydate 承诺到期日 承诺还款日期 承诺日期 ptp日期",
    "promise_amount": "promiseamount ptpamount ptpamt amountpromised 承诺金额 承诺还款金额",
    "promises_made": "promisesmade ptps ptpcount promisecount 承诺次数",
    "promises_kept": "promiseskept ptpskept keptptps keptpromises 兑现次数 承诺兑现次数",
    "promises_broken": "promisesbroken ptpsbroken brokenptps brokenpromises 跳票次数 承诺未兑现次数",
    "offers_made": "offersmade offercount 方案次数 提供方案次数",
    "offers_refused": "offersrefused refusedoffers 拒绝方案次数",
    "best_discount": "bestdiscount highestdiscount maxdiscount 最高减免比例",
    "last_offer_date": "lastofferdate lastoffer 最近方案日期",
    "payments": "payments paymentcount numberofpayments 还款次数",
    "last_payment_date": "lastpaymentdate lastpayment lastpaydate lastpaid dateoflastpayment 最近还款日期 最后还款日期 上次还款日",
    "payment_days": "paymentdays 近期还款日",
    "plan_months": "planmonths instalmentplan installmentplan planlength numberofinstalments 分期期数 协议期数",
    "plan_left": "planleft instalmentsleft installmentsleft remaininginstalments remaininginstallments 剩余期数",
    "plan_instalment": "planinstalment instalmentamount installmentamount planamount monthlyinstalment 每期金额 分期金额",
    "plan_next_due": "plannextdue nextinstalment nextinstalmentdate nextinstallmentdate nextduedate nextpaymentdate 下期到期日 下次还款日",
    "plan_missed": "planmissed instalmentsmissed missedinstalments missedinstallments 连续未还期数",
    "plans_agreed": "plansagreed planscount arrangements 分期协议次数",
    "plans_broken": "plansbroken brokenplans brokenarrangements 分期违约次数",
    "restructured": "restructured isrestructured 已重组 是否重组",
    "legal_stage": "legalstage legalstatus courtstage litigationstage litigationstatus 法律阶段 诉讼状态 司法阶段",
    "legal_stage_date": "legalstagedate courtdate filingdate filedon legalstatusdate 立案日期 起诉日期 法律阶段日期",
    "notices": "notices noticecount demandletters 律师函次数",
    "last_notice_date": "lastnoticedate noticedate lastnotice demandletterdate 律师函日期 最近律师函日期",
    "court_date": "nextcourtdate hearingdate nexthearing hearing 开庭日期 下次开庭",
    "court_fee": "courtfee courtfees 诉讼费",
    "hardship": "hardship inhardship vulnerable vulnerability financialhardship 困难 特殊困难 困难客户",
    "hardship_since": "hardshipsince hardshipdate vulnerablesince 困难申报日",
    "hardship_until": "hardshipuntil hardshipend 困难保护截止日",
    "dispute": "dispute disputed indispute 争议 异议 是否争议",
    "dispute_since": "disputesince disputedate 争议日期 争议提出日",
    "complaint_open": "complaintopen opencomplaint complaint 投诉未结 投诉中 是否投诉",
    "complaint_since": "complaintsince complaintdate 投诉日 投诉日期",
    "opted_out": "optedout optout unsubscribed nosms notexts 退订 已退订 短信退订",
    "cease_contact": "ceasecontact donotcontact dnc nocontact ceaseanddesist 停止联系 禁催 禁止联系",
    "complaints": "complaints complaintcount 投诉次数",
    "breathing_until": "breathinguntil breathingspaceuntil breathingspaceend 喘息期截止日",
    "acknowledged_date": "acknowledgeddate lastacknowledgement 最近承认日期",
    "demanded_date": "demandeddate lastdemand lastdemanddate 最近催告日期",
}

PORTFOLIO: Names = {
    "account_id": "accountid account accountno accountnumber accountnr acct acctid acctno acctnumber id loanid loanno loannumber contract "
    "contractid contractno contractnumber debtorid caseid caseno casenumber reference refno 合同号 合同编号 借据号 借据编号 账号 账户号 账户编号 "
    "贷款编号 贷款账号 案件号 案件编号 卡号 订单号",
    "opening_balance": "openingbalance balance bal outstanding outstandingbalance outstandingamount amountdue amountoverdue overdueamount "
    "totaldue totaloverdue arrears arrearsamount debt debtamount currentbalance amount claim principal exposure billamt billamt1 逾期金额 "
    "逾期总额 逾期总金额 欠款 欠款金额 欠款余额 余额 委案金额 委托金额 剩余本金 逾期本金 应还金额 应还总额 未还金额 贷款余额",
    "dpd": "dpd dayspastdue pastdue dayspd daysoverdue overduedays dayslate latedays late arrearsdays daysinarrears daysdelinquent delinquencydays "
    "days 逾期天数 逾期日数 逾期期限 拖欠天数",
    "product": "product producttype productname productcode loantype credittype facility 产品 产品类型 产品名称 贷款类型 业务类型",
    "credit_score": "creditscore score fico ficoscore bureauscore riskscore 信用分 信用评分 评分 征信分",
    "monthly_income": "monthlyincome income salary netincome monthlysalary 月收入 收入 工资 月薪",
    "stable_assets": "stableassets assets collateral hasassets hascollateral homeowner property 房产 有无房产 资产 抵押物 有房",
    "early_warning": "earlywarning earlywarningscore riskprobability pd probabilityofdefault defaultprobability 预警分 预警评分 违约概率",
    "tenure_months": "tenuremonths tenure mob monthsonbook monthsonbooks 账龄 在贷月数 在账月数",
    "prior_delinquencies": "priordelinquencies priordelinquency previousdelinquencies timesdelinquent timesinarrears 历史逾期次数 逾期次数 累计逾期次数",
    "payday": "payday salaryday dayofincome 发薪日 工资日",
    "age": "age ageyears 年龄 岁数",
    "sex": "sex gender 性别",
    "region": "region province state city area district 地区 区域 省份 省 城市 所在地",
    **_STATE,
}
# Dates from which a field of a portfolio is counted.
DATED: Names = {
    "dpd": "duedate due paymentduedate firstmisseddate missedpaymentdate dateofdefault defaultdate overduesince delinquentsince arrearsdate "
    "到期日 到期日期 应还日期 应还款日 逾期日期 逾期起始日 逾期开始日期 首逾日期",
    "age": "dob dateofbirth birthdate birthday born 出生日期 出生年月 生日",
    "tenure_months": "opendate openingdate opened startdate contractdate originationdate disbursementdate since 开户日期 开卡日期 放款日期 放款日 "
    "起息日 贷款日期 合同日期",
}
PRINCIPAL = "principal principalbalance outstandingprincipal principaloverdue 剩余本金 逾期本金 本金"
# What a claim has beside its principal.
CHARGES = (
    "interest accruedinterest interestoverdue lateinterest fees fee latefees charges penalty penalties penaltyinterest 利息 罚息 逾期利息 费用 "
    "滞纳金 违约金 逾期费用"
)
BUCKETS = "bucket dpdbucket agingbucket ageingbucket delinquencybucket stage overduebucket 逾期阶段 账龄段 逾期账龄 阶段 逾期区间"  # of days past due

_WHO = {
    "account_id": PORTFOLIO["account_id"],
    "customer_id": _STATE["customer_id"],
}
_WHEN = (
    "date day datetime timestamp time commdate commtime contactdate contacttime calldate calltime attemptdate attempttime eventdate "
    "activitydate activitytime actiondate actiontime calledat calledon calldatetime dialledat dialedat contactedat contactedon attemptedat sentat "
    "senton startedat createdat createdon loggedat loggedon 日期 时间 催收日期 催收时间 联系日期 联系时间 通话日期 通话时间 拨打时间 拨打日期 呼叫时间 催记时间 外呼时间"
)
_CHANNEL = "channel channeltype contactchannel method contactmethod medium commtype type 渠道 催收方式 催收渠道 联系渠道 触达方式 方式"
CONTACTS: Names = {
    **_WHO,
    "date": _WHEN,
    "hour": "hour timeofday contacthour localtime 时刻 钟点",
    "channel": _CHANNEL,
    "direction": "direction inout calldirection 方向 呼叫方向 呼入呼出",
    "outcome": "outcome result callresult resultcode disposition dispositioncode status response 结果 催收结果 通话结果 联系结果 行动码 结果码 状态",
    "offer": "offer offertype offermade 方案 优惠方案 减免方案",
    "months": "months instalments installments term 期数 分期期数",
    "discount": "discount discountrate reliefshare 减免比例 折扣",
    "legal": "legal legalstep legalaction 法律步骤 诉讼阶段",
    "promise_amount": "promiseamount promisedamount ptpamount amountpromised 承诺金额 承诺还款金额",
    "promise_due": "promisedue promisedate ptpdate promisedfor 承诺日期 承诺还款日 承诺还款日期",
    "minutes": "minutes durationminutes duration talktime callminutes 通话时长 时长 通话分钟",
    "collector": "collector collectorid agent agentid operator user userid staff 催收员 坐席 坐席号 经办人 催收员编号 员工",
    "dpd": PORTFOLIO["dpd"],
    "balance": PORTFOLIO["opening_balance"],
    "propensity": "propensity treatmentprobability assignmentprobability 倾向得分 分配概率",
}
PAYMENTS: Names = {
    **_WHO,
    "date": "date day paymentdate paydate paidon paiddate postingdate posted postedon postedat valuedate transactiondate "
    "receiveddate receivedon receivedat paidat bookedon bookingdate datetime timestamp 日期 还款日期 "
    "还款日 还款时间 入账日期 入账日 交易日期 到账日期",
    "amount": "amount payment paymentamount paid paidamount amountpaid sum value received cash 金额 还款金额 实还金额 入账金额 交易金额 回款金额",
    "kind": "kind type paymenttype paymentkind method paymentmethod 类型 还款类型 还款方式 方式",
    "payment_id": "paymentid transactionid txnid receipt receiptno reference refno id 流水号 交易号 还款编号",
}
AUDIT: Names = {
    "account_id": PORTFOLIO["account_id"],
    "product": PORTFOLIO["product"],
    "date": _WHEN,
    "from_hour": "fromhour hour starttime contacthour timeofday localtime 开始时间 时刻",
    "to_hour": "tohour endtime 结束时间",
    "channel": _CHANNEL,
    "discount": CONTACTS["discount"],
    "dpd": PORTFOLIO["dpd"],
    "claim": PORTFOLIO["opening_balance"],
    "reached": "reached rpc contacted rightparty connected answered 接通 本人接通",
    "promise": "promise ptp promised 承诺",
    "promise_due": CONTACTS["promise_due"],
    "complaint": "complaint complained 投诉",
    "dispute": "dispute disputed 争议 异议",
    "hardship": "hardship vulnerable vulnerability 困难 特殊困难",
    "opt_out": "optout unsubscribed 退订",
    "cease_contact": "ceasecontact donotcontact dnc 停止联系 禁呼",
    "collector": CONTACTS["collector"],
    "dialled": "dialled dialed phone phonenumber number numbercalled 电话 号码 电话号码 拨打号码",
    "recipient": "recipient party spokento contactperson 联系人 通话对象 接听人",
    "record": "record recording recordingid callid 录音 录音编号",
}
# Fields of an observation are named as a policy sees them: what a ledger calls them says of which moment it speaks too rarely.
DECISIONS: Names = {
    "account_id": PORTFOLIO["account_id"],
    "day": "day dayno daynumber decisionday 天 日序",
    "treatment": "treatment action decision strategy 处置 措施 动作",
    "reward": "reward netcash cashlesscost net 收益 净回款",
    "propensity": CONTACTS["propensity"],
    "allowed": "allowed lawful possible options 可选 可用措施",
    **{name: PORTFOLIO[name] for name in ("opening_balance", "dpd", "credit_score", "monthly_income", "early_warning")},
}
NAMES: Mapping[str, Names] = {
    "portfolio": PORTFOLIO,
    "contacts": CONTACTS,
    "payments": PAYMENTS,
    "decisions": DECISIONS,
    "audit": AUDIT,
}

_CHANNELS = {
    "sms": "sms|text|text message|texts|短信",
    "wechat": "wechat|app|push|in-app|whatsapp|message|微信|企微|企业微信",
    "email": "email|e-mail|mail (electronic)|邮件|电子邮件",
    "autocall": "autocall|robocall|ivr|automated call|auto dialler|auto dialer|bot|voice bot|智能外呼|机器人|自动外呼|预测外呼",
    "collector": "collector|call|phone|phone call|telephone|outbound|outbound call|inbound|inbound call|manual call|agent call|voice|电话|人工|人工外呼|电催",
    "specialist": "specialist|special team|senior team|专员|专案",
    "letter": "letter|mail|post|postal|信函|催收函|函件",
    "visit": "visit|field|field visit|doorstep|home visit|上门|外访|家访",
}
# Values that ledgers have for ours, for the fields whose values are fixed; texts in lower case, parted by |.
VALUES: Mapping[str, Mapping[str, str]] = {
    "last_outcome": {
        "promised": "promised|promise|ptp|promise to pay|承诺还款|承诺",
        "reached": "reached|rpc|right party|right party contact|contacted|connected|接通|本人接通",
        "no_answer": "no_answer|no answer|no contact|unanswered|busy|voicemail|无人接听|未接通|无应答",
        "sent": "sent|delivered|text sent|letter sent|已发送|已送达",
        "refused": "refused|refusal|refuse to pay|rtp|declined|拒绝还款|拒还",
        "accepted": "accepted|arrangement agreed|plan agreed|settlement agreed|达成方案|同意分期",
        "disputed": "disputed|dispute|in dispute|争议|异议",
        "hardship": "hardship|vulnerable|financial hardship|困难|无力偿还",
        "legal": "legal|legal action|起诉|法律程序",
        "none": "none|new|not worked|未催收|新案",
    },
    "legal_stage": {
        "none": "none|no|pre-legal|not legal|未进入|无",
        "noticed": "noticed|notice|letter before action|lba|demand letter|notice sent|已发律师函|律师函",
        "queued": "queued|to be filed|in preparation|待立案|准备起诉",
        "filed": "filed|suit|sued|in court|litigation|claim issued|已立案|诉讼中|已起诉",
        "dismissed": "dismissed|lost|驳回|败诉",
        "judged": "judged|judgment|judgement|ccj|won|已判决|胜诉",
        "enforcing": "enforcing|enforcement|in enforcement|garnishment|执行中|强制执行",
        "enforced": "enforced|enforcement ended|终结执行|执行终结",
    },
    "sex": {"female": "female|f|woman|w|女|女性", "male": "male|m|man|男|男性"},
    "product": {
        "consumer_loan": "consumer_loan|consumer loan|personal loan|loan|pl|cash loan|unsecured loan|消费贷|现金贷|个人贷款|信用贷|信用贷款",
        "credit_card": "credit_card|credit card|card|cc|creditcard|信用卡",
        "instalment_purchase": "instalment_purchase|instalment|installment|bnpl|hire purchase|point of sale|pos|分期|分期购|消费分期",
    },
    "channel": _CHANNELS,
    "direction": {
        "outbound": "outbound|out|o|outbound call|呼出|外呼",
        "inbound": "inbound|in|i|inbound call|呼入|来电",
    },
    "outcome": {
        "not_delivered": "not_delivered|not delivered|undelivered|bounced|failed|failure|发送失败|未送达",
        "delivered": "delivered|sent|read|opened|已发送|已送达|发送成功",
        "no_answer": "no_answer|no answer|na|not answered|unanswered|busy|no contact|无人接听|未接通|占线|无应答|未接",
        "voicemail": "voicemail|left voicemail|answering machine|answerphone|留言|语音信箱",
        "wrong_number": "wrong_number|wrong number|invalid number|disconnected|空号|错号|停机",
        "third_party": "third_party|third party|left message|message left with third party|第三方|他人接听|家人",
        "reached": "reached|contacted|rpc|right party|right party contact|spoke to customer|connected|answered|success|successful|接通|本人接通|已联系",
        "promise": "promise|ptp|promise to pay|promised|payment arranged|payment promised|承诺还款|承诺|跳票前承诺",
        "accepted": "accepted|plan agreed|arrangement agreed|settlement agreed|达成方案|同意分期",
        "refused": "refused|refusal|refuse to pay|refused to pay|declined|rtp|拒绝还款|拒还|拒绝",
        "disputed": "disputed|dispute|in dispute|争议|异议",
        "hardship": "hardship|vulnerable|financial hardship|困难|无力偿还",
        "complaint": "complaint|complained|投诉",
        "opt_out": "opt_out|opt out|opted out|unsubscribed|cease contact|do not contact|退订|要求停止联系",
    },
    "kind": {
        "voluntary": "voluntary|payment|paid|card|cash|bank transfer|transfer|direct debit|standing order|online|主动还款|还款|转账|代扣",
        "promise": "promise|ptp|承诺还款",
        "instalment": "instalment|installment|plan|arrangement|分期还款|分期",
        "settlement": "settlement|settled|full and final|结清|减免结清",
        "enforcement": "enforcement|garnishment|attachment|court|auction|强制执行|法院划扣|拍卖",
        "reversal": "reversal|reversed|returned|chargeback|bounced|refund|冲正|退款|退回",
    },
}


def plain(name: str) -> str:
    """A column's name without case, width, spaces and marks: «Days-Past Due» and «days_past_due» are dayspastdue.

    Args:
        name: of a column.
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(sign for sign in folded if sign.isalnum())


def meant_by(text: str, field: str) -> str | None:
    """Our value that a ledger's text stands for; None if unknown.

    Args:
        text: of a cell.
        field: whose values are asked for.
    """
    wanted = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    for ours, words in VALUES.get(field, {}).items():
        if wanted in words.split("|"):
            return ours
    return None
