// Binds three phones to players through the outbox and prints the outcome of each; the
// exit status is 0 when all of it was accepted. Options come from the environment:
// XGPUSH_ACCESS_ID, XGPUSH_SECRET_KEY, XGPUSH_ACCESS_POINT …
import { promisify } from 'node:util';
import koffi from 'koffi';

const ABI_VERSION = 1; // XG_ABI_VERSION, XG_OK and XG_NO_ACCOUNT_TYPE of xgpush.h
const OK = 0;
const NO_ACCOUNT_TYPE = -(2 ** 31);
const STATES = ['none', 'accepted', 'rejected', 'unknown', 'not_sent'];

for (const handle of ['error', 'config', 'outbox', 'reports', 'stats']) koffi.opaque(`xg_${handle}`);
const library = koffi.load('libxgpush.so.0');
const declare = (prototype) => library.func(prototype);
const error_message = declare('const char *xg_error_message(const xg_error *error)');
const error_free = declare('void xg_error_free(xg_error *error)');

// A function whose last argument is the error: throws what it says.
function declareFallible(name, parameters) {
  const call = declare(`int ${name}(${parameters}, _Out_ xg_error **error)`);
  return (...args) => {
    const error = [null];
    if (call(...args, error) === OK) return;
    const message = error_message(error[0]);
    error_free(error[0]);
    throw new Error(message);
  };
}
const abi_check = declareFallible('xg_abi_check', 'uint32_t header_abi');
const config_new = declare('xg_config *xg_config_new()');
const config_set_from_env = declareFallible('xg_config_set_from_env', 'xg_config *config');
const config_free = declare('void xg_config_free(xg_config *config)');
const outbox_open = declareFallible('xg_outbox_open', 'const xg_config *config, _Out_ xg_outbox **outbox');
const outbox_bind = declareFallible('xg_outbox_bind_n', `const xg_outbox *outbox, const char *token,
  size_t token_len, const char *account, size_t account_len, int32_t account_type, uint64_t tag`);
const outbox_poll = declare('size_t xg_outbox_poll(const xg_outbox *outbox, xg_reports *reports, uint64_t timeout_ms)');
const outbox_close = declare('size_t xg_outbox_close(const xg_outbox *outbox, uint64_t timeout_ms)');
const outbox_free = declare('void xg_outbox_free(xg_outbox *outbox)');
const outbox_stats = declareFallible('xg_outbox_stats', 'const xg_outbox *outbox, _Out_ xg_stats **stats');
const stats_trouble = declare('const char *xg_stats_trouble(const xg_stats *stats)');
const stats_free = declare('void xg_stats_free(xg_stats *stats)');
const reports_new = declareFallible('xg_reports_new', 'size_t capacity, _Out_ xg_reports **reports');
const reports_free = declare('void xg_reports_free(xg_reports *reports)');
const reports_tag = declare('uint64_t xg_reports_tag(const xg_reports *reports, size_t nth)');
const reports_state = declare('int xg_reports_state(const xg_reports *reports, size_t nth)');
const reports_reason = declare('const char *xg_reports_reason(const xg_reports *reports, size_t nth)');
const reports_code = declare('int64_t xg_reports_code(const xg_reports *reports, size_t nth)');
const reports_message = declare('const char *xg_reports_message(const xg_reports *reports, size_t nth)');

// Blocking calls run on a thread of their own, and the event loop goes on.
const poll = promisify(outbox_poll.async);
const close = promisify(outbox_close.async);

const config = config_new();
const outbox = [null];
const reports = [null];
try {
  abi_check(ABI_VERSION);
  config_set_from_env(config);
  outbox_open(config, outbox);
  reports_new(64, reports);

  let open = 0;
  let failed = 0;
  // Tokens and accounts come from phones: what is none is refused, and the game goes on.
  const submit = (token, player, tag) => {
    const lengths = [token, player].map((text) => Buffer.byteLength(text));
    try {
      outbox_bind(outbox[0], token, lengths[0], player, lengths[1], NO_ACCOUNT_TYPE, tag);
      open++;
    } catch (error) {
      console.error(`${token}: ${error.message}`);
    }
  };
  const players = ['alice', 'bob', '小明']; // the tag of an operation is its player's number
  players.forEach((player, n) => submit(`token-of-phone-${n + 1}`, player, n + 1));
  submit('x'.repeat(65), 'mallory', 4); // no token of TPNS

  const readReports = async (timeout) => {
    const count = await poll(outbox[0], reports[0], timeout);
    for (let n = 0; n < count; n++) {
      const tag = Number(reports_tag(reports[0], n));
      const state = STATES[reports_state(reports[0], n)];
      if (state !== 'accepted') failed++;
      console.log([tag, players[tag - 1], state, reports_reason(reports[0], n),
        reports_code(reports[0], n), reports_message(reports[0], n)].join('\t'));
    }
    open -= count;
    return count;
  };
  let last = '';
  for (let n = 0; n < 300 && open > 0; n++) { // at most 30 s
    await readReports(100);
    // What fails in the background, such as a wrong key.
    const stats = [null];
    outbox_stats(outbox[0], stats);
    const now = stats_trouble(stats[0]);
    stats_free(stats[0]);
    if (now !== last) console.error(now || 'it works again');
    last = now;
  }
  const left = await close(outbox[0], 5000);
  while ((await readReports(0)) > 0);
  console.log(`${left} left`);
  if (failed + Number(left) > 0) process.exitCode = 1;
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  reports_free(reports[0]);
  outbox_free(outbox[0]);
  config_free(config);
}
