/* lxgpush: the outbox as a C module of Lua 5.4, for skynet and for plain Lua.
 *
 *   local xgpush = require "lxgpush"
 *   local outbox = xgpush.open { outbox_file = "players.outbox" }
 *   outbox:bind(tag, token, account)      -- true; false when full; nil and why when refused
 *   for _, report in ipairs(outbox:poll()) do … end
 *   print(outbox:close(2000) .. " left")
 *
 * Options come from the environment first (XGPUSH_ACCESS_ID …), then from the table.
 * A Lua state belongs to one thread at a time, so no callback of the library enters it:
 * reports are polled, and the log goes to stderr. One outbox serves a whole process:
 * in skynet one service owns it, and the others send it messages. */
#include <lauxlib.h>
#include <lua.h>
#include <poll.h>
#include <stdio.h>
#include <xgpush.h>

#define NAME "xgpush.outbox"

struct box {
  xg_outbox *outbox; /* NULL after close */
  xg_reports *reports;
};

static void say(int32_t level, const char *line, void *context) { /* on a thread of the library */
  (void)level;
  (void)context;
  fprintf(stderr, "xgpush: %s\n", line);
}

/* Pushes what an error says and frees it. */
static void push_error(lua_State *L, xg_error *error) {
  lua_pushstring(L, xg_error_message(error));
  xg_error_free(error);
}

static struct box *opened(lua_State *L) {
  struct box *box = luaL_checkudata(L, 1, NAME);
  if (box->outbox == NULL) luaL_error(L, "the outbox is closed");
  return box;
}

static int l_open(lua_State *L) {
  xg_error *error = NULL;
  lua_settop(L, 1);
  struct box *box = lua_newuserdatauv(L, sizeof *box, 0);
  box->outbox = NULL;
  box->reports = NULL;
  luaL_setmetatable(L, NAME);
  xg_config *config = xg_config_new();
  xg_status status = xg_config_set_from_env(config, &error);
  if (lua_istable(L, 1)) {
    for (lua_pushnil(L); status == XG_OK && lua_next(L, 1) != 0; lua_pop(L, 1)) {
      const char *value = luaL_tolstring(L, -1, NULL); /* a copy: numbers and booleans as well */
      const char *name = lua_type(L, -3) == LUA_TSTRING ? lua_tostring(L, -3) : "";
      status = xg_config_set(config, name, value, &error);
      lua_pop(L, 1);
    }
  }
  if (status == XG_OK) status = xg_outbox_open(config, &box->outbox, &error);
  if (status == XG_OK) status = xg_reports_new(256, &box->reports, &error);
  xg_config_free(config);
  if (status != XG_OK) {
    push_error(L, error);
    return lua_error(L);
  }
  xg_outbox_set_log_callback(box->outbox, say, NULL);
  lua_settop(L, 2);
  return 1;
}

/* true, false when the outbox is full, or nil and what is wrong with the operation. */
static int taken(lua_State *L, xg_status status, xg_error *error) {
  if (status == XG_OK || status == XG_FULL) {
    xg_error_free(error);
    lua_pushboolean(L, status == XG_OK);
    return 1;
  }
  lua_pushnil(L);
  push_error(L, error);
  return 2;
}

static int32_t account_type(lua_State *L, int nth) {
  return (int32_t)luaL_optinteger(L, nth, XG_NO_ACCOUNT_TYPE);
}

static int l_bind(lua_State *L) { /* outbox:bind(tag, token, account [, type]) */
  struct box *box = opened(L);
  size_t token_len, account_len;
  xg_error *error = NULL;
  const uint64_t tag = (uint64_t)luaL_checkinteger(L, 2);
  const char *token = luaL_checklstring(L, 3, &token_len);
  const char *account = luaL_checklstring(L, 4, &account_len);
  const xg_status status = xg_outbox_bind_n(box->outbox, token, token_len, account, account_len,
        account_type(L, 5), tag, &error);
  return taken(L, status, error);
}

static int l_unbind(lua_State *L) { /* outbox:unbind(tag, token, account [, type]) */
  struct box *box = opened(L);
  size_t token_len, account_len;
  xg_error *error = NULL;
  const uint64_t tag = (uint64_t)luaL_checkinteger(L, 2);
  const char *token = luaL_checklstring(L, 3, &token_len);
  const char *account = luaL_checklstring(L, 4, &account_len);
  const xg_status status = xg_outbox_unbind_n(box->outbox, token, token_len, account, account_len,
        account_type(L, 5), tag, &error);
  return taken(L, status, error);
}

static int l_clear_token(lua_State *L) { /* outbox:clear_token(tag, token) */
  struct box *box = opened(L);
  size_t token_len;
  xg_error *error = NULL;
  const uint64_t tag = (uint64_t)luaL_checkinteger(L, 2);
  const char *token = luaL_checklstring(L, 3, &token_len);
  const xg_status status = xg_outbox_clear_token_n(box->outbox, token, token_len, tag, &error);
  return taken(L, status, error);
}

static int l_clear_account(lua_State *L) { /* outbox:clear_account(tag, account [, type]) */
  struct box *box = opened(L);
  size_t account_len;
  xg_error *error = NULL;
  const uint64_t tag = (uint64_t)luaL_checkinteger(L, 2);
  const char *account = luaL_checklstring(L, 3, &account_len);
  const xg_status status = xg_outbox_clear_account_n(box->outbox, account, account_len,
        account_type(L, 4), tag, &error);
  return taken(L, status, error);
}

/* A list of { tag, state, reason, code, message, recovered }; at most 256, so call it until it is empty. */
static int push_reports(lua_State *L, const struct box *box) {
  const size_t count = box->outbox ? xg_outbox_poll(box->outbox, box->reports, 0) : 0;
  lua_createtable(L, (int)count, 0);
  for (size_t n = 0; n < count; n++) {
    lua_createtable(L, 0, 6);
    lua_pushinteger(L, (lua_Integer)xg_reports_tag(box->reports, n));
    lua_setfield(L, -2, "tag");
    lua_pushstring(L, xg_state_name(xg_reports_state(box->reports, n)));
    lua_setfield(L, -2, "state");
    lua_pushstring(L, xg_reports_reason(box->reports, n));
    lua_setfield(L, -2, "reason");
    lua_pushinteger(L, xg_reports_code(box->reports, n));
    lua_setfield(L, -2, "code");
    lua_pushstring(L, xg_reports_message(box->reports, n));
    lua_setfield(L, -2, "message");
    lua_pushboolean(L, xg_reports_is_recovered(box->reports, n));
    lua_setfield(L, -2, "recovered"); /* submitted by an earlier run, with a tag of its own */
    lua_rawseti(L, -2, (lua_Integer)n + 1);
  }
  return 1;
}

static int l_poll(lua_State *L) { return push_reports(L, opened(L)); }

static int l_fd(lua_State *L) { /* readable while reports wait; not to be read or closed */
  lua_pushinteger(L, xg_outbox_fd(opened(L)->outbox));
  return 1;
}

/* outbox:wait(ms): whether reports wait. Blocks the thread: for plain Lua, not for skynet. */
static int l_wait(lua_State *L) {
  struct pollfd wanted = {.fd = xg_outbox_fd(opened(L)->outbox), .events = POLLIN};
  lua_pushboolean(L, poll(&wanted, 1, (int)luaL_checkinteger(L, 2)) > 0);
  return 1;
}

/* outbox:close(ms): how many operations were left, and the last reports. */
static int l_close(lua_State *L) {
  struct box *box = opened(L);
  const size_t left = xg_outbox_close(box->outbox, (uint64_t)luaL_optinteger(L, 2, 2000));
  lua_pushinteger(L, (lua_Integer)left);
  lua_newtable(L);
  lua_Integer last = 0;
  while (!xg_outbox_is_drained(box->outbox)) {
    push_reports(L, box);
    for (lua_Integer n = 1; lua_rawgeti(L, -1, n) != LUA_TNIL; n++) lua_rawseti(L, -3, ++last);
    lua_pop(L, 2);
  }
  xg_outbox_free(box->outbox);
  box->outbox = NULL;
  return 2;
}

static int l_gc(lua_State *L) {
  struct box *box = luaL_checkudata(L, 1, NAME);
  xg_outbox_free(box->outbox);
  xg_reports_free(box->reports);
  box->outbox = NULL;
  box->reports = NULL;
  return 0;
}

int luaopen_lxgpush(lua_State *L);
int luaopen_lxgpush(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"bind", l_bind}, {"unbind", l_unbind}, {"clear_token", l_clear_token},
      {"clear_account", l_clear_account}, {"poll", l_poll}, {"fd", l_fd}, {"wait", l_wait},
      {"close", l_close}, {"__gc", l_gc}, {"__close", l_gc}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"open", l_open}, {NULL, NULL}};
  xg_error *error = NULL;
  if (xg_abi_check(XG_ABI_VERSION, &error) != XG_OK) {
    push_error(L, error);
    return lua_error(L);
  }
  luaL_newmetatable(L, NAME);
  luaL_setfuncs(L, methods, 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  luaL_newlib(L, functions);
  return 1;
}
