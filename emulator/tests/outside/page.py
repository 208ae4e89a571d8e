"""page.py PROGRAM FOLDER [AXE]: drives the page of the emulator in Chromium, with
screenshots in FOLDER; AXE is the script of axe-core, without which the page is not
looked at by it."""

import base64
import hashlib
import hmac
import json
import re
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

from emulator import BASIC, BATCH, Emulator
from playwright.sync_api import expect, sync_playwright

ID, KEY = "1500001048", "1452fcebae9f3115ba794fb0fff2fd73"
SECTIONS = ("bindings", "requests", "pushes", "faults", "settings", "data")
PAGE = Path(__file__).parent.parent.parent / "src" / "page"


class Browser:
    """The page, and that it asks nobody else and logs no error."""

    def __init__(self, chromium, service, **how):
        self.service = service
        self.context = chromium.new_context(**{"viewport": {"width": 1280, "height": 800}, "locale": "en-US", **how})
        self.page = self.context.new_page()
        self.page.set_default_timeout(20000)
        self.wrong = []
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", lambda line: line.type == "error" and self.wrong.append(line.text))
        self.page.on("request", self._asks)

    def _asks(self, request):
        if not request.url.startswith((self.service.url, "data:")):
            self.wrong.append(f"it asks {request.url}")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.context.close()
        if kind is None:
            assert not self.wrong, self.wrong

    def go(self, section):
        self.page.goto(f"{self.service.url}/#{section}")
        self.page.locator(f"#section-{section.split('?')[0]}").wait_for()
        return self.page


def fill(service, count=60):
    for number in range(count):
        service.bind(f"token-{number:03}", f"player-{number % 7}", number % 3)


def finds_a_token_from_either_side(chromium, service, _):
    fill(service, 130)
    service.bind('<img src=x onerror="alert(1)">', "<b>bold</b>")
    with Browser(chromium, service) as browser:
        page = browser.go("bindings")
        rows = page.locator("#bindings-rows tr")
        expect(rows).to_have_count(50)
        expect(rows.first).to_contain_text("<b>bold</b>")
        page.click("#bindings-more")
        expect(rows).to_have_count(100)
        # By the keyboard alone.
        page.keyboard.press("Tab")
        page.locator("body").press("/")
        page.keyboard.type("token-01")
        expect(rows).to_have_count(10)
        page.keyboard.type("7")
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text("player-3")
        rows.get_by_role("button", name="player-3").click()
        expect(page.locator("#bindings-side")).to_have_value("account")
        expect(rows).to_have_count(3)
        expect(rows.first).to_contain_text("token-129")
        page.get_by_role("button", name="token-017").click()
        expect(rows).to_have_count(1)
        page.fill("#bindings-text", "17")
        expect(page.locator("#bindings-none")).to_be_visible()
        page.check("#bindings-contains")
        expect(rows).to_have_count(2)
        page.click("#section-bindings summary")
        page.fill("#bindings-bind [name=token]", "by-hand-17")
        page.fill("#bindings-bind [name=account]", "小明")
        page.click("#bindings-bind button")
        expect(rows).to_have_count(3)
        assert service.admin("state")["state"]["accounts"]["小明"] == {"0": ["by-hand-17"]}


def watches_a_request_arrive(chromium, service, _):
    with Browser(chromium, service) as browser:
        page = browser.go("requests")
        expect(page.locator("#requests-none")).to_be_visible()
        rows = page.locator("#requests-rows tr")
        service.bind("token1", "alice")
        expect(rows).to_have_count(1)
        service.bind("token1", "bob")
        service.bind("token2", "carol")
        expect(rows).to_have_count(3)
        page.fill("#requests-filter [name=token]", "token1")
        expect(rows).to_have_count(2)
        opens = page.get_by_role("button", name="Open request 2")
        opens.focus()
        page.keyboard.press("Enter")
        opened = page.locator("#opened")
        for text in ("unbound: token1 – alice", "bound: token1 – bob", '"operator_type": 2', "Basic 1500001048:***", "NO_ERROR"):
            expect(opened).to_contain_text(text)
        assert KEY not in opened.inner_text()
        page.keyboard.press("Escape")
        expect(opened).to_be_hidden()
        expect(opens).to_be_focused()
        # After a reset the numbers begin again.
        page.fill("#requests-filter [name=token]", "")
        service.admin("reset", {})
        service.bind("token9", "alice")
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text("1")
        for number in range(150):
            service.bind(f"token-{number}", "alice")
        expect(page.get_by_role("button", name="Open request 151")).to_be_visible()
        expect(rows).to_have_count(100)
        page.click("#requests-older")
        expect(rows).to_have_count(151)
        expect(page.locator("#requests-live")).not_to_be_checked()


def switches_a_fault_on_and_sees_it(chromium, service, _):
    with Browser(chromium, service) as browser:
        page = browser.go("faults")
        kinds = {one["properties"]["kind"]["const"] for one in service.admin("openapi.json")["components"]["schemas"]["FaultKind"]["oneOf"]}
        shown = {box.get_attribute("name") for box in page.locator("#faults-kinds input[role=switch]").all()}
        assert shown == kinds, shown ^ kinds
        status = page.locator("#faults-kinds input[role=switch][name=status]")
        status.focus()
        page.keyboard.press("Space")
        rows = page.locator("#faults-rows tr")
        expect(rows).to_have_count(1)
        assert service.bind("token1", "alice")[0] == 503
        expect(rows).to_contain_text("until removed1Remove")
        status.uncheck()
        expect(rows).to_have_count(0)
        assert service.bind("token1", "alice")[0] == 200
        page.get_by_role("button", name="Once: html").click()
        expect(rows).to_contain_text("html")
        assert service.bind("token1", "alice")[0] == 502
        expect(rows).to_have_count(0)
        page.get_by_role("switch", name="A bad day").check()
        expect(rows).to_have_count(3)
        page.get_by_role("button", name="Remove: delay").click()
        expect(rows).to_have_count(2)
        expect(page.get_by_role("switch", name="A bad day")).not_to_be_checked()
        page.click("#faults-clear")
        expect(rows).to_have_count(0)
        # Every kind with the values that it begins with.
        for box in page.locator("#faults-kinds input[role=switch]").all():
            box.check()
        expect(rows).to_have_count(len(kinds))
        page.fill("#faults-kinds li:first-child input[type=text]", "{")
        page.click("#faults-kinds li:first-child button")
        expect(page.locator("#message")).not_to_be_empty()
        page.click("#faults-clear")
        browser.go("requests")
        page.get_by_role("button", name="Open request 1").click()
        expect(page.locator("#opened")).to_contain_text("status")


def sees_who_would_get_a_push(chromium, service, _):
    service.admin("config", {"apps": [{"access_id": "1600000001", "secret_key": "key", "name": "iOS"}]})
    service.bind("token1", "alice")
    with Browser(chromium, service) as browser:
        page = browser.go("pushes")
        expect(page.locator("#pushes-none")).to_be_visible()
        message = {"title": "Hello <b>", "content": "c", "android": {}}
        push = {"audience_type": "account", "account_list": ["alice"], "message_type": "notify", "message": message}
        status, answer = service.ask("/v3/push/app", push, {"Authorization": BASIC})
        assert (status, answer["ret_code"]) == (200, 0), answer
        rows = page.locator("#pushes-rows tr")
        expect(rows).to_contain_text("Hello <b>Devices: 1token1")
        page.get_by_role("button", name=answer["push_id"]).click()
        expect(page.locator("#opened")).to_contain_text('"content": "c"')
        page.keyboard.press("Escape")
        page.select_option("#app", "1600000001")
        expect(page.locator("#pushes-none")).to_be_visible()
        browser.go("bindings")
        expect(page.locator("#bindings-none")).to_be_visible()


def reads_why_a_signature_was_refused(chromium, service, _):
    body = {"operator_type": 4, "token_list": ["token1"]}
    stamp = str(int(time.time()))
    text = (ID + stamp + json.dumps(body)).encode()
    digest = hmac.new(KEY.encode(), text, hashlib.sha256).hexdigest()
    headers = {"AccessId": ID, "TimeStamp": stamp, "Sign": base64.b64encode(digest.encode()).decode()}
    status, answer = service.ask(BATCH, body, headers)
    assert status == 403 and answer["ret_code"] == 1008003, answer
    with Browser(chromium, service) as browser:
        page = browser.go("requests")
        page.check("#requests-filter [name=refused]")
        expect(page.locator("#requests-rows tr")).to_contain_text("order")
        page.get_by_role("button", name="Open request 1").click()
        expect(page.locator("#opened-reason")).to_contain_text("order")
        expect(page.locator("#opened")).to_contain_text("timestamp: ")


def imports_a_state(chromium, service, _):
    service.bind("token1", "alice")
    state = {"state": {"tokens": {f"t{n}": [["小明", 3]] for n in range(200)}}}
    with Browser(chromium, service) as browser, tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "state.json")
        file.write_text(json.dumps(state), encoding="utf-8")
        page = browser.go("data")
        page.set_input_files("#data-file", file)
        page.click("#data-import button")
        expect(page.locator("#message")).to_have_text("200 tokens are imported.")
        expect(page.locator("#data-numbers")).to_contain_text("201")
        page.set_input_files("#data-file", file)
        page.check("#data-replace")
        page.click("#data-import button")
        expect(page.locator("#data-numbers")).not_to_contain_text("201")
        with page.expect_download() as downloaded:
            page.click("#data-export")
        exported = json.loads(Path(downloaded.value.path()).read_text(encoding="utf-8"))
        assert exported["state"] == service.admin("state")["state"]
        assert len(exported["state"]["tokens"]) == 200
        file.write_text("{}", encoding="utf-8")
        page.set_input_files("#data-file", file)
        browser.wrong.clear()
        page.click("#data-import button")
        expect(page.locator("#message.bad")).to_contain_text("state")
        # The browser itself logs the refusal.
        browser.wrong.clear()
        page.once("dialog", lambda dialog: dialog.accept())
        page.click("#data-wipe")
        expect(page.locator("#message")).to_have_text("Wiped.")
        assert service.admin("state")["state"]["tokens"] == {}


def changes_a_setting(chromium, service, _):
    service.bind("token1", "alice")
    with Browser(chromium, service) as browser:
        page = browser.go("settings")
        page.fill("#setting-latency_ms", "7")
        page.press("#setting-latency_ms", "Enter")
        expect(page.locator("#message")).to_have_text("latency_ms is changed.")
        page.select_option("#setting-version", "xg_v3")
        expect(page.locator("#message")).to_have_text("version is changed.")
        page.fill("#setting-timestamp_tolerance_s", "")
        page.press("#setting-timestamp_tolerance_s", "Tab")
        expect(page.locator("#message")).to_have_text("timestamp_tolerance_s is changed.")
        config = service.admin("config")["config"]
        assert (config["latency_ms"], config["version"], config["timestamp_tolerance_s"]) == (7, "xg_v3", None), config
        assert KEY not in page.content()
        assert "token1" in service.admin("state")["state"]["tokens"]


def speaks_chinese(chromium, service, folder):
    texts = (PAGE / "texts.js").read_text(encoding="utf-8")
    english, chinese = (set(re.findall(r"\b([a-z_]+): \"", part)) for part in re.findall(r"\n  (?:en|zh): \{(.*?)\n  \}", texts, re.S))
    assert english == {key for key in chinese if not key.startswith("setting_")}, english ^ chinese
    used = set(re.findall(r'data-t(?:-label)?="(\w+)"', (PAGE / "index.html").read_text(encoding="utf-8")))
    for script in PAGE.glob("*.js"):
        used |= set(re.findall(r'\bt\("(\w+)"', script.read_text(encoding="utf-8")))
    assert used <= english, used - english
    fill(service)
    with Browser(chromium, service, locale="zh-CN") as browser:
        for section in SECTIONS:
            page = browser.go(section)
            settle(page, section)
            assert page.locator("html").get_attribute("lang") == "zh-CN"
            page.screenshot(path=f"{folder}/zh-{section}.png")
        for name in service.admin("config")["config"]:
            assert f"setting_{name}:" in texts, f"{name} is not explained in Chinese"
        page.select_option("#language", "en")
        expect(page.locator("h2:visible")).to_have_text("Data")
        page.reload()
        expect(page.locator("h2:visible")).to_have_text("Data")


def settle(page, section):
    """Its content is there."""
    there = {"bindings": "#bindings-rows tr", "requests": "#requests-rows tr", "faults": "#faults-recipes li",
             "settings": ".field", "data": "#data-numbers dd", "pushes": "#section-pushes"}
    page.locator(there[section]).first.wait_for()
    page.wait_for_function("document.getElementById('health').textContent !== ''")


def is_accessible_light_dark_and_on_a_phone(chromium, service, folder, axe):
    fill(service)
    service.bind("bad-token", "alice")
    service.bind("token1", "alice", headers={"X": "y"})
    service.admin("recipe", {"name": "bad_day"})
    script = Path(axe).read_text(encoding="utf-8") if axe else None
    looks = {
        "desktop": {},
        "dark": {"color_scheme": "dark"},
        "phone": {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True},
    }
    found = []
    for look, how in looks.items():
        with Browser(chromium, service, bypass_csp=True, **how) as browser:
            for section in (*SECTIONS, "opened"):
                page = browser.go("requests" if section == "opened" else section)
                settle(page, "requests" if section == "opened" else section)
                if section == "opened":
                    page.get_by_role("button", name="Open request 62").click()
                    page.locator("#opened").wait_for()
                page.screenshot(path=f"{folder}/{look}-{section}.png", full_page=section != "opened")
                wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                if wide > 0:
                    found.append(f"{look} {section}: {wide} pixels too wide")
                if script is None:
                    continue
                page.evaluate(script)
                report = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
                for violation in report["violations"]:
                    if violation["impact"] in ("serious", "critical"):
                        nodes = [node["html"][:150] for node in violation["nodes"][:3]]
                        found.append(f"{look} {section}: {violation['id']}: {violation['help']}: {nodes}")
    assert not found, "\n".join(found)


def main(program, folder, axe=None):
    shutil.rmtree(folder, ignore_errors=True)
    Path(folder).mkdir(parents=True)
    tests = [
        finds_a_token_from_either_side, watches_a_request_arrive, switches_a_fault_on_and_sees_it,
        sees_who_would_get_a_push, reads_why_a_signature_was_refused, imports_a_state, changes_a_setting, speaks_chinese,
        lambda *given: is_accessible_light_dark_and_on_a_phone(*given, axe),
    ]
    names = [*(test.__name__ for test in tests[:-1]), "is_accessible_light_dark_and_on_a_phone"]
    failed = 0
    expect.set_options(timeout=20000)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, test in zip(names, tests):
            try:
                with Emulator(program) as service:
                    test(chromium, service, folder)
                print(f"test {name} ... ok")
            except Exception:
                failed += 1
                traceback.print_exc()
                print(f"test {name} ... FAILED")
        chromium.close()
    print(f"Emulator page: {len(tests) - failed} passed, {failed} failed")
    return failed


sys.exit(1 if main(*sys.argv[1:]) else 0)
