// The page's words in English and Chinese.
const TEXTS = {
  en: {
    skip: "Skip to the content", language: "Language", sections: "Sections",
    bindings: "Bindings", requests: "Requests", pushes: "Pushes", faults: "Faults", settings: "Settings", data: "Data",
    health: "{version} · {tokens} tokens · {accounts} accounts · {requests} requests · {memory}",
    down: "The emulator does not answer.",
    search_by: "Search by", begins_with: "which begins with", anywhere: "anywhere in it",
    token: "Token", account: "Account", accounts: "Accounts (type), oldest first", tokens_newest: "Tokens, newest first", account_type: "Account type",
    tags: "Tags", nothing_found: "Nothing is bound so.", more: "More", and_more: "and {count} more",
    bind_title: "Bind without a request", bind: "Bind", bound: "bound", unbound: "unbound",
    path_ends: "Path ends with", refused_only: "refused only", live: "live", older: "Older",
    number: "No.", time: "Time", request: "Request", answer: "Answer", reason: "Reason",
    no_requests: "No request yet. Send one to this address, and it shows here.",
    no_answer: "no answer", operator: "operator", open_request: "Open request {number}",
    warnings: "Warnings", fault: "Fault", what_changed: "What it changed", nothing: "Nothing.",
    no_change_yet: "Nothing: it was so before, or it does not show yet.",
    body: "Body", headers: "Headers", connection: "Connection", connection_of: "Connection {connection}, its request {nth}",
    cut: "Cut off; it had {bytes} bytes.", close: "Close",
    push: "Push", audience: "Audience", title: "Title", would_get: "Who would get it", no_pushes: "No push yet.",
    devices: "Devices: {count}", app: "Application",
    active_faults: "Waiting for requests", which_requests: "Which requests", hits: "Hits", remove: "Remove", remove_all: "Remove all",
    no_faults: "None: every request is answered as documented.",
    until_removed: "until removed", times: "{count} more", skip_first: "after {count} others", random_faults: "random faults",
    recipes: "Recipes", kinds: "One kind at a time", once: "Once",
    kinds_hint: "A switch makes it happen until it is switched off; Once, to the next request only.",
    values_of: "Values of {kind}", percent_of: "Percent of the requests that get {kind}",
    kind_status: "An HTTP status, perhaps with Retry-After.", kind_ret_code: "A code for the whole request.",
    kind_element: "The items at index are refused with the code.", kind_body: "This very body.",
    kind_html: "A gateway's page.", kind_empty: "No body.", kind_no_result: "Applied; there is no result.",
    kind_short_result: "Applied; result lacks its last elements.", kind_long_result: "Applied; result has extra elements.",
    kind_partial_apply: "The first items are applied, then status 500.", kind_redirect: "302.",
    kind_wrong_date: "A Date that is off.", kind_delay: "The regular response, later.",
    kind_hang: "No response.", kind_hang_after_apply: "Applied, and no response.",
    kind_reset_before: "A TCP reset instead of a response.", kind_reset_after: "Applied, then a TCP reset.",
    kind_close_before: "The connection is closed instead of a response.", kind_close_after: "Applied, then the connection is closed.",
    kind_close_idle: "The idle connection is closed at its next request.", kind_truncate: "Closed after some bytes of the body.",
    kind_drip: "The body comes byte by byte.", kind_drip_headers: "The head comes byte by byte.", kind_huge: "A body of very many spaces.",
    settings_hint: "A change takes effect at once and wipes nothing.", default: "Default: {value}.", changed: "{name} is changed.",
    n_tokens: "Tokens", n_accounts: "Accounts", n_waiting: "Accepted, not shown yet", n_received: "Requests received", n_answered: "Answered",
    n_applied: "Items applied", n_statuses: "By status", n_connections: "Connections", n_log_size: "Requests kept", n_memory: "Memory",
    open_of: "{open} open of {all}",
    settle: "Apply what waits", settled: "Everything that was accepted shows now.",
    wipe: "Wipe bindings, requests and faults", wipe_sure: "Wipe bindings, requests, pushes and faults?", wiped: "Wiped.",
    export_import: "Export and import", export: "Export all bindings", import_file: "A file that was exported",
    replace: "in place of what is bound", import: "Import", imported: "{count} tokens are imported.",
    footer: "For programs:",
  },
  zh: {
    skip: "跳到内容", language: "语言", sections: "页面",
    bindings: "绑定", requests: "请求", pushes: "推送", faults: "故障", settings: "设置", data: "数据",
    health: "{version} · {tokens} 个 Token · {accounts} 个账号 · {requests} 个请求 · {memory}",
    down: "模拟器没有响应。",
    search_by: "搜索", begins_with: "以此开头", anywhere: "包含即可",
    token: "Token", account: "账号", accounts: "账号（类型），从旧到新", tokens_newest: "Token，从新到旧", account_type: "账号类型",
    tags: "标签", nothing_found: "没有这样的绑定。", more: "更多", and_more: "还有 {count} 个",
    bind_title: "不发请求直接绑定", bind: "绑定", bound: "已绑定", unbound: "已解绑",
    path_ends: "路径结尾", refused_only: "仅被拒绝的", live: "实时", older: "更早的",
    number: "序号", time: "时间", request: "请求", answer: "响应", reason: "原因",
    no_requests: "还没有请求。向此地址发送请求，就会显示在这里。",
    no_answer: "无响应", operator: "操作", open_request: "打开请求 {number}",
    warnings: "提醒", fault: "故障", what_changed: "改变了什么", nothing: "没有改变。",
    no_change_yet: "没有改变：本来就是如此，或者尚未生效。",
    body: "请求体", headers: "请求头", connection: "连接", connection_of: "连接 {connection} 的第 {nth} 个请求",
    cut: "已截断，原长 {bytes} 字节。", close: "关闭",
    push: "推送", audience: "推送目标", title: "标题", would_get: "谁会收到", no_pushes: "还没有推送。",
    devices: "设备：{count}", app: "应用",
    active_faults: "等待请求的故障", which_requests: "哪些请求", hits: "命中", remove: "移除", remove_all: "全部移除",
    no_faults: "没有故障：每个请求都按文档响应。",
    until_removed: "直到移除", times: "还有 {count} 次", skip_first: "先放过 {count} 个", random_faults: "随机故障",
    recipes: "组合", kinds: "单个故障", once: "一次",
    kinds_hint: "打开开关后一直有效，直到关闭；“一次”只影响下一个请求。",
    values_of: "{kind} 的参数", percent_of: "受 {kind} 影响的请求百分比",
    kind_status: "返回 HTTP 状态码，可带 Retry-After。", kind_ret_code: "整个请求返回一个错误码。",
    kind_element: "index 指定的元素以该错误码被拒绝。", kind_body: "返回这个响应体。",
    kind_html: "返回网关的页面。", kind_empty: "没有响应体。", kind_no_result: "已执行，但没有 result。",
    kind_short_result: "已执行，result 缺少末尾元素。", kind_long_result: "已执行，result 多出元素。",
    kind_partial_apply: "只执行前几个元素，然后返回 500。", kind_redirect: "返回 302。",
    kind_wrong_date: "Date 不准。", kind_delay: "正常响应，但更晚。",
    kind_hang: "不响应。", kind_hang_after_apply: "已执行，但不响应。",
    kind_reset_before: "不响应而是重置 TCP 连接。", kind_reset_after: "已执行，然后重置 TCP 连接。",
    kind_close_before: "不响应而是关闭连接。", kind_close_after: "已执行，然后关闭连接。",
    kind_close_idle: "空闲连接在下一个请求时关闭。", kind_truncate: "响应体发送若干字节后关闭。",
    kind_drip: "响应体逐字节发送。", kind_drip_headers: "响应头逐字节发送。", kind_huge: "由大量空格组成的响应体。",
    settings_hint: "修改立即生效，不会清除任何数据。", default: "默认：{value}。", changed: "{name} 已修改。",
    n_tokens: "Token 数", n_accounts: "账号数", n_waiting: "已接受、尚未生效", n_received: "收到的请求", n_answered: "已响应",
    n_applied: "已执行的元素", n_statuses: "按状态码", n_connections: "连接", n_log_size: "保留的请求", n_memory: "内存",
    open_of: "打开 {open} 个，共 {all} 个",
    settle: "立即生效", settled: "所有已接受的操作现在都已生效。",
    wipe: "清除绑定、请求和故障", wipe_sure: "要清除绑定、请求、推送和故障吗？", wiped: "已清除。",
    export_import: "导出与导入", export: "导出全部绑定", import_file: "导出的文件",
    replace: "替换现有绑定", import: "导入", imported: "已导入 {count} 个 Token。",
    footer: "供程序使用：",
    setting_version: "遵循哪一代文档。", setting_access_id: "接受的 AccessID。", setting_secret_key: "密钥，不显示。",
    setting_apply_delay_ms: "操作被接受后多久才能查询到（毫秒）。", setting_latency_ms: "每个响应延迟多久（毫秒）。",
    setting_clock_skew_s: "服务器时钟与真实时间之差（秒）。", setting_timestamp_tolerance_s: "签名时间戳允许的误差（秒），空为不检查。",
    setting_auth_failure: "鉴权失败的形式。", setting_overwrite_clears: "覆盖绑定时清除什么。", setting_append_is_overwrite: "操作 1 是否等同于操作 2。",
    setting_max_tokens_per_account: "一个账号最多绑定多少 Token。", setting_over_limit: "超过上限时怎么办。",
    setting_result_with_partial: "1008026 和 1008027 是否带 result。", setting_query_not_found: "查询未全部找到时的总错误码。",
    setting_platform_field: "tpns 版本如何对待 platform 字段。", setting_spelling: "字段名的写法。", setting_ok_word: "元素成功时的值。",
    setting_bad_token_prefix: "以此开头的 Token 会被拒绝，空为不拒绝。", setting_rate_limit_per_s: "每秒请求上限，超过返回 1008028。",
    setting_max_log: "最多保留多少个请求。", setting_max_log_bytes: "请求记录最多占用多少内存（字节）。",
    setting_max_log_body_bytes: "每个请求体和响应体保留多少字节。", setting_max_body_bytes: "请求体的最大长度（字节），超过返回 413。", setting_code_prefix: "以此开头、后接文档中错误码的文本会以该错误码被拒绝，例如 code-1008029；空为不拒绝。",
    setting_top_level_account_type: "如何对待列表之外的 account_type。", setting_xg_list_codes: "xg_v3 中部分失败的操作是否返回 10302 到 10305。",
    setting_attribute_keys: "控制台中存在的属性键，其他键视为无效；空为全部存在。", setting_max_expire_s: "expire_time 的上限（秒）。",
    setting_max_pushes: "每个应用最多保留多少条推送，最旧的先移除。", setting_max_tag_pairs: "一个请求最多有多少对 Token 和标签。",
    setting_max_tags: "一个应用最多有多少标签。", setting_max_tags_per_token: "一个 Token 最多有多少标签。",
    setting_plans_per_day: "每天最多创建多少推送计划。", setting_platform: "应用的平台，空为两者皆可。",
    setting_region: "应用的接入点，Host 为其他接入点的请求会得到 1008035；空为不限。", setting_repeated_push: "一小时内相同的推送，哪些以 10010018 拒绝。",
    setting_statistics_per_hour: "每小时最多多少次统计查询。", setting_tag_length: "标签长度的单位。", setting_task_pushes_per_s: "每秒最多多少次全量、标签和号码包推送。",
    setting_unbound_in_list: "列表推送中没有设备的账号怎么办。", setting_zone_hours: "服务器的时区（小时）。",
    setting_apps: "更多的应用，各有自己的数据。", setting_tls: "是否使用 HTTPS，仅在启动时读取。",
  },
};

const KEY = "xgpush-emulator-language";

export function chosen() {
  let language = null;
  try {
    language = localStorage.getItem(KEY);
  } catch {
    // Without storage the browser's language counts at each start.
  }
  if (language === "zh" || language === "en") return language;
  return (navigator.language.startsWith("zh") ? "zh" : "en");
}

let current = chosen();

export function choose(language) {
  current = language;
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // See above.
  }
  translate();
}

export function t(key, values = {}, fallback = key) {
  const text = TEXTS[current][key] ?? TEXTS.en[key] ?? fallback;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export function translate() {
  document.documentElement.lang = current === "zh" ? "zh-CN" : "en";
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll("[data-t-label]")) element.setAttribute("aria-label", t(element.dataset.tLabel));
}
