/**
 * Every text of the console, once, in both languages. A key names the place and the meaning; `{name}` is a
 * value filled in by `t`. The compiler checks keys and parameters, `messages.test.ts` the rest.
 */

/** The languages of the console. */
export type Language = "zh" | "en";

type Message = Readonly<Record<Language, string>>;

export const messages = {
  "app.name": { zh: "通宝", en: "Tongbao" },
  "app.console": { zh: "运行控制台", en: "Operations console" },
  "app.skip": { zh: "跳到正文", en: "Skip to content" },
  "app.notFound": { zh: "没有这个页面", en: "There is no such page" },
  "app.notFound.hint": {
    zh: "请检查地址，或返回总览。",
    en: "Check the address, or go back to the overview.",
  },
  "app.crashed": { zh: "页面出错了", en: "This page failed" },
  "app.crashed.hint": {
    zh: "重新加载页面；账务数据不受影响。",
    en: "Reload the page; no ledger data is affected.",
  },
  "app.reload": { zh: "重新加载", en: "Reload" },

  "nav.label": { zh: "主导航", en: "Main" },
  "nav.overview": { zh: "总览", en: "Overview" },
  "nav.accounts": { zh: "账户", en: "Accounts" },
  "nav.payments": { zh: "支付", en: "Payments" },
  "nav.drills": { zh: "演练", en: "Drills" },

  "search.placeholder": { zh: "账户或支付编号", en: "Account or payment id" },
  "search.account": { zh: "账户编号", en: "Account id" },
  "search.payment": { zh: "支付编号", en: "Payment id" },
  "search.open": { zh: "打开", en: "Open" },
  "search.title": { zh: "查找 {id}", en: "Find {id}" },
  "search.working": { zh: "正在查找…", en: "Looking…" },
  "search.none": { zh: "没有编号为 {id} 的账户或支付", en: "No account or payment has the id {id}" },
  "search.none.hint": {
    zh: "编号是十进制数或 UUID。新数据可以这样导入：",
    en: "An id is a decimal number or a UUID. To bring in data:",
  },

  "setting.language": { zh: "语言", en: "Language" },
  "setting.theme": { zh: "主题：{theme}", en: "Theme: {theme}" },
  "theme.system": { zh: "跟随系统", en: "system" },
  "theme.light": { zh: "浅色", en: "light" },
  "theme.dark": { zh: "深色", en: "dark" },

  "keys.title": { zh: "键盘快捷键", en: "Keyboard shortcuts" },
  "keys.help": { zh: "显示本帮助", en: "Show this help" },
  "keys.search": { zh: "跳到查找框", en: "Focus the search box" },
  "keys.go": { zh: "前往{page}", en: "Go to {page}" },
  "keys.refresh": { zh: "刷新数据", en: "Refresh the data" },
  "keys.rows": { zh: "下一行 / 上一行", en: "Next / previous row" },
  "keys.pages": { zh: "上一页 / 下一页", en: "Previous / next page" },
  "keys.language": { zh: "切换语言", en: "Switch the language" },
  "keys.theme": { zh: "切换主题", en: "Switch the theme" },
  "keys.enable": { zh: "启用单键快捷键", en: "Single-key shortcuts on" },
  "keys.then": { zh: "然后", en: "then" },
  "keys.close": { zh: "关闭", en: "Close" },

  "live.open": { zh: "实时", en: "Live" },
  "live.connecting": { zh: "连接中", en: "Connecting" },
  "live.lost": { zh: "数据流中断，正在重连", en: "Stream lost, reconnecting" },
  "live.lost.since": {
    zh: "数据流已中断 {duration}，正在重连。以下为 {time} 的数据。",
    en: "The stream broke {duration} ago; reconnecting. What you see is from {time}.",
  },
  "live.waiting": { zh: "等待第一批数据…", en: "Waiting for the first figures…" },

  "overview.title": { zh: "总览", en: "Overview" },
  "overview.healthy": { zh: "{total} 个站点全部正常", en: "All {total} sites are up" },
  "overview.degraded": {
    zh: "服务正常，{up}/{total} 个站点在线",
    en: "In service with {up} of {total} sites",
  },
  "overview.leaderless": { zh: "暂无主站点，请求排队等待", en: "No leader; requests are being held" },
  "overview.diverged": { zh: "站点 {site} 状态不一致，已停止", en: "Site {site} diverged and has stopped" },
  "overview.leads": {
    zh: "{leader} 为主站点，第 {epoch} 任期，序号 {seq}",
    en: "{leader} leads, epoch {epoch}, sequence {seq}",
  },
  "overview.gateway": { zh: "网关 {gateway}", en: "Gateway {gateway}" },
  "overview.version": { zh: "版本 {version}", en: "Version {version}" },

  "figure.transfers": { zh: "转账/秒", en: "Transfers/s" },
  "figure.requests": { zh: "请求/秒", en: "Requests/s" },
  "figure.p50": { zh: "延迟 p50", en: "Latency p50" },
  "figure.p99": { zh: "延迟 p99", en: "Latency p99" },
  "figure.held": { zh: "等待中的请求", en: "Requests held" },
  "figure.errors": { zh: "错误/秒", en: "Errors/s" },
  "figure.accounts": { zh: "账户总数", en: "Accounts" },
  "figure.total": { zh: "转账总数", en: "Transfers" },
  "figure.label": { zh: "关键指标", en: "Key figures" },

  "plan.title": { zh: "两地三中心", en: "Two cities, three centres" },
  "plan.label": { zh: "站点分布图：{sites}", en: "Plan of the sites: {sites}" },
  "plan.centre": { zh: "{n} 号中心", en: "Centre {n}" },
  "plan.lag": { zh: "落后 {lag} 批", en: "lag {lag}" },
  "city.east": { zh: "东部城市", en: "East city" },
  "city.south": { zh: "南部城市", en: "South city" },

  "site.site": { zh: "站点", en: "Site" },
  "site.state": { zh: "状态", en: "State" },
  "site.role": { zh: "角色", en: "Role" },
  "site.epoch": { zh: "任期", en: "Epoch" },
  "site.seq": { zh: "序号", en: "Sequence" },
  "site.lag": { zh: "落后批数", en: "Lag" },
  "site.pid": { zh: "进程号", en: "PID" },
  "site.restarts": { zh: "重启次数", en: "Restarts" },
  "site.address": { zh: "地址", en: "Address" },
  "site.since": { zh: "持续", en: "For" },
  "site.table": { zh: "站点明细", en: "Sites in detail" },
  "state.up": { zh: "在线", en: "up" },
  "state.starting": { zh: "启动中", en: "starting" },
  "state.down": { zh: "离线", en: "down" },
  "role.leader": { zh: "主站点", en: "leader" },
  "role.follower": { zh: "从站点", en: "follower" },
  "role.starting": { zh: "追赶中", en: "catching up" },
  "role.diverged": { zh: "不一致", en: "diverged" },

  "event.title": { zh: "变化记录", en: "What changed" },
  "event.none": { zh: "打开本页以来没有变化。", en: "Nothing has changed since this page was opened." },
  "event.down": { zh: "{site} 离线", en: "{site} went down" },
  "event.starting": { zh: "{site} 正在启动", en: "{site} is starting" },
  "event.up": { zh: "{site} 恢复在线", en: "{site} is up again" },
  "event.leader": { zh: "{site} 成为主站点，第 {epoch} 任期", en: "{site} leads from epoch {epoch}" },
  "event.leaderless": { zh: "失去主站点", en: "The leader was lost" },
  "event.lost": { zh: "控制台数据流中断", en: "The console's stream broke" },
  "event.resumed": { zh: "控制台数据流恢复", en: "The console's stream resumed" },

  "chart.throughput": { zh: "吞吐量", en: "Throughput" },
  "chart.latency": { zh: "延迟", en: "Latency" },
  "chart.window": { zh: "时间范围", en: "Time range" },
  "chart.minutes": { zh: "{n} 分钟", en: "{n} min" },
  "chart.mark": { zh: "第 {epoch} 任期 · {leader}", en: "epoch {epoch} · {leader}" },
  "chart.paused": { zh: "已暂停", en: "Paused" },

  "payments.title": { zh: "支付", en: "Payments" },
  "payments.latest": { zh: "最新支付", en: "Latest payments" },
  "payments.all": { zh: "全部支付", en: "All payments" },
  "payments.empty": { zh: "还没有支付", en: "No payments yet" },
  "payments.empty.hint": {
    zh: "用真实数据填充这家银行：",
    en: "Fill this bank with real transactions:",
  },
  "payments.pause": { zh: "暂停自动刷新", en: "Pause updates" },
  "payments.resume": { zh: "恢复自动刷新", en: "Resume updates" },
  "payment.title": { zh: "支付 {id}", en: "Payment {id}" },
  "payment.id": { zh: "支付", en: "Payment" },
  "payment.time": { zh: "时间", en: "Time" },
  "payment.from": { zh: "付方账户（借）", en: "From (debit)" },
  "payment.to": { zh: "收方账户（贷）", en: "To (credit)" },
  "payment.amount": { zh: "金额", en: "Amount" },
  "payment.currency": { zh: "币种", en: "Currency" },
  "payment.status": { zh: "状态", en: "Status" },
  "payment.code": { zh: "业务代码", en: "Code" },
  "payment.flags": { zh: "标志", en: "Flags" },
  "payment.pendingId": { zh: "所属预授权", en: "Pending payment" },
  "payment.timeout": { zh: "超时", en: "Timeout" },
  "payment.timeout.seconds": { zh: "{seconds} 秒", en: "{seconds} s" },
  "payment.details": { zh: "明细", en: "Details" },
  "userData.128": { zh: "附加数据（128 位）", en: "User data (128 bit)" },
  "userData.64": { zh: "附加数据（64 位）", en: "User data (64 bit)" },
  "userData.32": { zh: "附加数据（32 位）", en: "User data (32 bit)" },
  "status.posted": { zh: "已入账", en: "posted" },
  "status.pending": { zh: "待入账", en: "pending" },
  "status.posted_pending": { zh: "预授权已入账", en: "hold posted" },
  "status.voided": { zh: "已撤销", en: "voided" },
  "status.expired": { zh: "已过期", en: "expired" },

  "accounts.title": { zh: "账户", en: "Accounts" },
  "accounts.list": { zh: "按编号排列", en: "Ordered by id" },
  "accounts.empty": { zh: "还没有账户", en: "No accounts yet" },
  "accounts.end": { zh: "此编号之后没有账户", en: "No accounts after this id" },
  "accounts.from": { zh: "从编号 {id} 之后", en: "After id {id}" },
  "account.title": { zh: "账户 {id}", en: "Account {id}" },
  "account.id": { zh: "账户", en: "Account" },
  "account.currency": { zh: "币种", en: "Currency" },
  "account.code": { zh: "科目代码", en: "Code" },
  "account.flags": { zh: "约束", en: "Rules" },
  "account.opened": { zh: "开立于 {time}", en: "Opened {time}" },
  "account.balance": { zh: "账面余额", en: "Balance" },
  "account.balance.note": { zh: "贷方已入账 − 借方已入账", en: "posted credits − posted debits" },
  "account.available": { zh: "可用余额", en: "Available" },
  "account.available.note": { zh: "账面余额 − 待入账借方", en: "balance − pending debits" },
  "account.pendingOut": { zh: "待入账借方", en: "Pending debits" },
  "account.pendingOut.note": { zh: "已冻结，尚未付出", en: "held, not yet paid out" },
  "account.pendingIn": { zh: "待入账贷方", en: "Pending credits" },
  "account.pendingIn.note": { zh: "将收，尚不可用", en: "expected, not yet available" },
  "account.debitsPosted": { zh: "借方已入账", en: "Posted debits" },
  "account.creditsPosted": { zh: "贷方已入账", en: "Posted credits" },
  "account.statement": { zh: "账户明细", en: "Statement" },
  "account.statement.empty": { zh: "此账户还没有收付", en: "Nothing has moved on this account" },
  "account.statement.hint": { zh: "有支付后会显示在这里。", en: "Payments appear here as they are made." },
  "statement.counterparty": { zh: "对方账户", en: "Counterparty" },
  "statement.direction": { zh: "方向", en: "Direction" },
  "statement.balance": { zh: "余额", en: "Balance after" },
  "direction.debit": { zh: "借", en: "debit" },
  "direction.credit": { zh: "贷", en: "credit" },

  "flag.debits_must_not_exceed_credits": { zh: "不得透支", en: "no overdraft" },
  "flag.credits_must_not_exceed_debits": { zh: "贷方不超借方", en: "credits ≤ debits" },
  "flag.linked": { zh: "联动", en: "linked" },
  "flag.history": { zh: "保留历史", en: "history" },
  "flag.pending": { zh: "预授权", en: "pending" },
  "flag.post_pending_transfer": { zh: "预授权入账", en: "posts a hold" },
  "flag.void_pending_transfer": { zh: "预授权撤销", en: "voids a hold" },
  "flag.none": { zh: "无", en: "none" },

  "page.label": { zh: "分页", en: "Pages" },
  "page.first": { zh: "首页", en: "First" },
  "page.newest": { zh: "最新", en: "Newest" },
  "page.previous": { zh: "上一页", en: "Previous" },
  "page.next": { zh: "下一页", en: "Next" },

  "drills.title": { zh: "容灾演练", en: "Drills" },
  "drills.history": { zh: "演练历史", en: "History" },
  "drills.empty": { zh: "还没有做过演练", en: "No drills yet" },
  "drills.empty.hint": {
    zh: "在总览页开始一次，或在命令行运行：",
    en: "Start one on the overview, or from the command line:",
  },
  "drill.title": { zh: "演练 {id}", en: "Drill {id}" },
  "drill.panel": { zh: "站点失效演练", en: "Site-loss drill" },
  "drill.explain": {
    zh: "在负载下强制终止一个站点，等待服务恢复，再逐笔核对：已确认的支付一笔不丢、一笔不重。",
    en: "Kills a site under load, waits for service, then checks that every acknowledged payment is there exactly once.",
  },
  "drill.choose": { zh: "要终止的站点", en: "Site to kill" },
  "drill.leader": { zh: "当前主站点（{site}）", en: "the leader ({site})" },
  "drill.leader.none": { zh: "当前主站点", en: "the leader" },
  "drill.start": { zh: "终止站点", en: "Kill site" },
  "drill.confirm": { zh: "确定要终止{site}吗？", en: "Kill {site} now?" },
  "drill.confirm.explain": {
    zh: "其进程组会立即收到 SIGKILL。请求会排队等待接管，站点随后自动重新加入。",
    en: "Its process group gets SIGKILL at once. Requests wait for the takeover; the site rejoins by itself.",
  },
  "drill.confirm.yes": { zh: "确定终止", en: "Yes, kill it" },
  "drill.confirm.no": { zh: "取消", en: "Cancel" },
  "drill.elapsed": { zh: "已进行 {seconds} 秒", en: "{seconds} s elapsed" },
  "drill.running": { zh: "正在演练：终止 {site}", en: "Drill running: killing {site}" },
  "drill.phases": { zh: "演练阶段", en: "Phases" },
  "drill.result": { zh: "演练结果", en: "Result" },
  "drill.last": { zh: "最近一次", en: "Last drill" },
  "phase.load": { zh: "施加负载", en: "Load" },
  "phase.kill": { zh: "终止站点", en: "Kill" },
  "phase.recover": { zh: "等待接管", en: "Takeover" },
  "phase.verify": { zh: "核对账务", en: "Verify" },
  "phase.done": { zh: "完成", en: "Done" },
  "verdict.passed": { zh: "通过", en: "passed" },
  "verdict.failed": { zh: "未通过", en: "failed" },
  "verdict.running": { zh: "进行中", en: "running" },
  "report.rto": { zh: "恢复用时（RTO）", en: "Recovery (RTO)" },
  "report.lost": { zh: "丢失", en: "Lost" },
  "report.duplicated": { zh: "重复", en: "Duplicated" },
  "report.acknowledged": { zh: "已确认 / 已发出", en: "Acked / offered" },
  "report.leader": { zh: "主站点", en: "Leader" },
  "report.epoch": { zh: "任期", en: "Epoch" },
  "report.hashes": { zh: "状态哈希", en: "State hashes" },
  "report.hashes.equal": { zh: "在线状态与重放一致", en: "live equals replay" },
  "report.hashes.differ": { zh: "在线状态与重放不一致", en: "live differs from replay" },
  "report.hash.live": { zh: "在线", en: "live" },
  "report.hash.replay": { zh: "重放", en: "replay" },
  "report.balances": { zh: "余额核对", en: "Balances" },
  "report.balances.value": {
    zh: "共 {compared}，不同 {different}",
    en: "{compared} checked, {different} differ",
  },
  "report.timeline": { zh: "时间线", en: "Timeline" },
  "report.startedAt": { zh: "演练开始", en: "Drill started" },
  "report.lastAck": { zh: "终止前最后确认", en: "Last acknowledgement before" },
  "report.killedAt": { zh: "终止站点", en: "Site killed" },
  "report.firstAck": { zh: "之后首次确认", en: "First acknowledgement after" },
  "report.verifiedSeq": { zh: "核对至序号", en: "Verified to sequence" },
  "report.open": { zh: "查看报告", en: "Open the report" },
  "report.site": { zh: "终止的站点", en: "Site killed" },
  "report.verdict": { zh: "结论", en: "Verdict" },
  "report.link": { zh: "报告", en: "Report" },

  "problem.notFound": { zh: "没有找到", en: "Not found" },
  "problem.conflict": { zh: "与现状冲突", en: "Conflict" },
  "problem.refused": { zh: "请求被拒绝", en: "Refused" },
  "problem.unavailable": { zh: "服务暂不可用", en: "Unavailable" },
  "problem.failed": { zh: "服务器出错", en: "The server failed" },
  "problem.offline": { zh: "连接不上通宝", en: "Tongbao can't be reached" },
  "problem.offline.hint": { zh: "确认它在运行：", en: "Make sure it is running:" },
  "problem.hint": { zh: "建议", en: "What to do" },
  "problem.code": { zh: "错误码", en: "Code" },
  "problem.retryable": { zh: "可以重试", en: "A retry can help" },
  "problem.retry": { zh: "重试", en: "Try again" },

  "copy.copy": { zh: "复制", en: "Copy" },
  "copy.copied": { zh: "已复制", en: "Copied" },
  "copy.what": { zh: "复制 {text}", en: "Copy {text}" },
  "data.loading": { zh: "加载中…", en: "Loading…" },
  "data.all": { zh: "查看全部", en: "See all" },
} as const satisfies Record<string, Message>;

/** A key of the catalogue. */
export type MessageKey = keyof typeof messages;

type Parameters<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Parameters<Rest>
  : never;

/** The values that a message needs, by the names in its English text. */
export type MessageArguments<Key extends MessageKey> = [Parameters<(typeof messages)[Key]["en"]>] extends [
  never,
]
  ? []
  : [values: Readonly<Record<Parameters<(typeof messages)[Key]["en"]>, string | number>>];

/** The text of `key` in `language`, with its `{name}`s filled in. */
export function translate<Key extends MessageKey>(
  language: Language,
  key: Key,
  ...[values]: MessageArguments<Key>
): string {
  const text: string = messages[key][language];
  const filled: Readonly<Record<string, string | number>> = values ?? {};
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(filled[name] ?? whole));
}

/** The groups of messages that name values of the API. */
export type ValueGroup = "state" | "role" | "status" | "direction" | "flag" | "phase" | "verdict" | "city";

/** What a value of the API is called, e.g. `("role", "leader")`; a value this build does not know is shown raw. */
export function translateValue(language: Language, group: ValueGroup, value: string): string {
  const key = `${group}.${value}`;
  return key in messages ? messages[key as MessageKey][language] : value;
}

/** The language to start with, from the browser's preferences: Chinese for any `zh-…`, else English. */
export function preferredLanguage(preferences: readonly string[]): Language {
  const first = preferences.find((tag) => /^(zh|en)\b/i.test(tag));
  return first?.toLowerCase().startsWith("zh") ? "zh" : "en";
}
