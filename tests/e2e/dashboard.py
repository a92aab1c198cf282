#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dashboard as a browser sees it.

usage: dashboard.py pool TEXT          a pool that refuses everybody, with TEXT as its reason
       dashboard.py test URL TOKEN     the whole test against a rig at URL, which it ends
       dashboard.py shots URL DIR      pictures of the page into DIR
"""
import json
import os
import re
import shutil
import signal
import socketserver
import sys
import tempfile
import time
import urllib.request

LIMIT_S = 60
PHONE = (390, 844)
DESKTOP = (1440, 1000)


# ---- a pool that wishes ill ----

def run_pool(text):
    class Refuse(socketserver.StreamRequestHandler):
        def handle(self):
            for line in self.rfile:
                try:
                    ask = json.loads(line)
                except ValueError:
                    return
                answer = {"id": ask.get("id"), "result": None, "error": [24, text, None]}
                if ask.get("method") == "mining.subscribe":
                    answer.update(result=[[["mining.notify", "1"]], "00000000", 4], error=None)
                self.wfile.write(json.dumps(answer).encode() + b"\n")

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server(("127.0.0.1", 0), Refuse) as server:
        print(f"listening on 127.0.0.1:{server.server_address[1]}", flush=True)
        server.serve_forever()


# ---- the rig without the browser ----

def rpc(url, method, params=None, token=None):
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}
    ask = urllib.request.Request(url + "/rpc", json.dumps(body).encode(),
                                 {"Content-Type": "application/json"})
    if token:
        ask.add_header("Authorization", "Bearer " + token)
    with urllib.request.urlopen(ask, timeout=20) as reply:
        answer = json.load(reply)
    if "error" in answer:
        raise RuntimeError(answer["error"]["message"])
    return answer["result"]


def get(url, accept="text/html"):
    ask = urllib.request.Request(url, headers={"Accept": accept})
    with urllib.request.urlopen(ask, timeout=20) as reply:
        return reply.headers, reply.read().decode()


def check_files(url):
    headers, page = get(url + "/")
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    check(policy == {"default-src": "'none'", "script-src": "'self'", "style-src": "'self'",
                     "img-src": "'self' data:", "connect-src": "'self'", "base-uri": "'none'",
                     "form-action": "'none'", "frame-ancestors": "'none'"},
          "the policy lets nothing in from elsewhere", policy)
    check(len(headers.get_all("Content-Security-Policy")) == 1, "there is one policy")
    check(headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer",
          "types are as said, addresses are kept", str(headers))
    check("no-store" in headers["Cache-Control"], "the page is asked for anew")
    check(not re.search(r"\s(style|on[a-z]+)=|https?://|<style|javascript:", page),
          "no style, handler or foreign address in the page")
    names = re.findall(r'(?:src|href)="(/[a-z]+\.[a-z]+)\?v=([0-9]+)"', page)
    check(len(names) == 5 and len({v for _, v in names}) == 1, "what it loads has one number", names)
    for name, number in names:
        headers, text = get(f"{url}{name}?v={number}", "*/*")
        check("immutable" in headers["Cache-Control"] and len(text) > 100, f"{name} may be kept")
        if name == "/uplot.js":
            check("Permission is hereby granted" in text, "the chart library has its licence with it")
    check("<html" not in get(url + "/", "application/json")[1], "a program that asks / gets no page")


# ---- the browser ----

def start_browser():
    from selenium import webdriver
    from selenium.common.exceptions import WebDriverException
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for word in ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                 "--disable-background-networking", "--disable-component-update", "--no-first-run",
                 "--disable-extensions", "--force-color-profile=srgb",
                 "--user-data-dir=" + tempfile.mkdtemp(prefix="chromium-", dir=os.environ.get("HOME"))):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    # Neither root nor a container without user namespaces can have the browser's own sandbox.
    for sandbox in (False,) if os.geteuid() == 0 else (True, False):
        if not sandbox:
            options.add_argument("--no-sandbox")
        try:
            return webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)
        except WebDriverException as e:
            why = str(e).splitlines()[0]
    print(f"skipped: the browser does not start: {why}")
    sys.exit(77)


class Page:
    def __init__(self, url):
        self.url = url
        self.driver = start_browser()

    def js(self, code, *args):
        return self.driver.execute_script(code, *args)

    def text(self, css):
        return self.js("const n = document.querySelector(arguments[0]);"
                       "return n ? n.textContent : null", css)

    def shown(self, css):
        return self.js("const n = document.querySelector(arguments[0]);"
                       "return !!n && n.offsetParent !== null", css)

    def click(self, css):
        self.js("document.querySelector(arguments[0]).click()", css)

    def fill(self, css, value):
        self.js("document.querySelector(arguments[0]).value = arguments[1]", css, value)

    def size(self, size, mobile=False, scale=1):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": size[0], "height": size[1], "deviceScaleFactor": scale, "mobile": mobile})

    def scheme(self, name, still=False):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
            {"name": "prefers-color-scheme", "value": name},
            {"name": "prefers-reduced-motion", "value": "reduce" if still else "no-preference"}]})

    def until(self, what, test):
        end = time.monotonic() + LIMIT_S
        while True:
            value = test()
            if value:
                print(f"# {what}", flush=True)
                return value
            if time.monotonic() > end:
                raise AssertionError(f"{what}: not within {LIMIT_S} s")
            time.sleep(0.1)

    # What the browser complained of since the last time, but for what is expected.
    def complaints(self, *expected):
        return [e["message"] for e in self.driver.get_log("browser")
                if e["level"] in ("SEVERE", "WARNING")
                and not any(all(w in e["message"] for w in words) for words in expected)]


def check(good, claim, *seen):
    if not good:
        raise AssertionError(f"{claim}: {seen}" if seen else claim)
    print(f"# {claim}", flush=True)


CONTRAST = """
const lum = (c) => c.map((v) => v / 255).map((v) => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
const ground = (n) => { for (; n; n = n.parentElement) {
    const c = rgb(getComputedStyle(n).backgroundColor);
    if (c.length < 4 || c[3] > .99) return c; }
    return [255, 255, 255]; };
const worst = [];
for (const n of document.querySelectorAll('h1, h2, h3, p, dt, dd, th, td, b, button, time, span, label, a')) {
    if (!n.offsetParent || n.closest('.sr, .toast, :disabled') || ![...n.childNodes].some(
        (c) => c.nodeType === 3 && c.textContent.trim())) continue;
    const style = getComputedStyle(n);
    const a = lum(rgb(style.color).slice(0, 3)), b = lum(ground(n).slice(0, 3));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    const large = parseFloat(style.fontSize) >= 24 || n.closest('.mark');
    if (ratio < (large ? 3 : 4.5)) worst.push(n.textContent.trim() + ' ' + ratio.toFixed(2));
}
return worst;
"""


# Figures, and counters over time, as the page's own scripts make them.
UNITS = [
    ("rateText(1498000)", "1.498 MH/s"), ("rateText(999.96)", "1.000 kH/s"), ("rateText(0.5)", "0.5 H/s"),
    ("rateText(31.4159e12)", "31.42 TH/s"), ("rateText(null)", "–"), ("rateText(undefined)", "–"),
    ("efficiencyText(120e6, 240)", "500.0 kH/J"), ("efficiencyText(1, 0)", "–"),
    ("difficultyText(0.000005)", "0.000005"), ("difficultyText(4294967296)", "4.295 G"),
    ("difficultyText(0)", "–"), ("unitText(0, '°C')", "0 °C"), ("unitText(NaN, 'W')", "–"),
    ("durationText(0)", "0 s"), ("durationText(61)", "1 min 1 s"), ("durationText(3600)", "1 h"),
    ("durationText(86400 * 3 + 3600 * 4 + 59)", "3 d 4 h"), ("countText(1234567)", "1,234,567"),
    ("bytesText(24 * 2 ** 30)", "24 GiB"), ("badShares({rejected: 1, stale: 2, accepted: 9})", "3"),
    ("counted([5, 7, 7, 2])", "0 2 2 4"), ("counted([5, null, 9])", "0  4"),
    ("bars([[1, 3], [29, 5], [31, 6], [95, 10]])", "0:2 30:1 90:4"),
    ("means([[0, 2], [5, 4], [16, 8]])", "7.5:3 22.5:8"), ("kept(2000)", "901"),
]
UNITS_HELP = """
const rows = (level, list, field) => { for (const [t, v] of list) {
    const row = new Array(RIG_FIELDS).fill(null); row[field] = v; level.add(t, row); } return level; };
const counted = (list) => rows(new Level(LEVELS[0]), list.map((v, i) => [i, v]), RIG.accepted)
    .sums(RIG.accepted).join(' ');
const bars = (list) => { const [t, n] = rows(new Level(LEVELS[0]), list, RIG.accepted).bars(RIG.accepted);
    return t.map((v, i) => v + ':' + n[i]).join(' '); };
const means = (list) => { const l = rows(new Level(LEVELS[1]), list, RIG.rate);
    return l.times().map((t, i) => t + ':' + l.column(RIG.rate)[i]).join(' '); };
const kept = (n) => rows(new Level(LEVELS[0]), [...Array(n).keys()].map((i) => [i, 1]), RIG.rate).rows.length;
"""


def check_units(page):
    folder = os.path.join(os.environ.get("top_srcdir", "."), "src", "dashboard")
    code = ""
    for name in ("format.js", "history.js"):
        with open(os.path.join(folder, name), encoding="utf-8") as f:
            code += f.read()
    seen = page.js(code + UNITS_HELP + "return [" + ",".join(f"String({c})" for c, _ in UNITS) + "]")
    for (call, want), got in zip(UNITS, seen):
        if got.replace("\u202f", " ") != want:
            raise AssertionError(f"{call} is '{want}', not '{got}'")
    print(f"# {len(UNITS)} figures are as people read them", flush=True)


def check_figures(page):
    page.until("the hash rate is there", lambda: page.text("#rate") not in (None, "–"))
    page.until("it is live", lambda: page.text("#link-text") == "Live")
    page.until("events arrive as they happen",
               lambda: page.js("return document.querySelector('#link').dataset.events") == "stream")
    check(page.text("#algo") == "sha256d", "the algorithm is named", page.text("#algo"))
    check(page.js("return document.querySelectorAll('#device-list .card').length") == 3,
          "every device has a card")
    page.until("power has its unit", lambda: "354" in page.text("#power") and "W" in page.text("#power"))
    check(page.text(".gauge[data-name=core] dd") == "61\u202f°C", "temperatures are there",
          page.text(".gauge[data-name=core] dd"))
    check(page.text(".gauge[data-name=hotspot] dd") == "–", "what is unknown is a dash")
    check("150" in page.text(".gauge[data-name=power] dd"), "power stands beside its limit")
    check(page.text("#hottest-note") == "sim:2 core", "the hottest is named", page.text("#hottest-note"))
    check(page.js("return document.querySelectorAll('#pool-rows tr').length") == 2, "pools are listed")


def check_live(page):
    first = page.text("#rate-10s"), page.text("#accepted")
    points = "return Number(document.querySelector('.chart').dataset.points)"
    page.until("figures change by themselves",
               lambda: page.text("#rate-10s") != first[0] and page.text("#accepted") != first[1])
    n = page.js(points)
    page.until("charts grow", lambda: page.js(points) > max(n, 2))
    check(page.js("""const c = document.querySelector('.chart canvas');
        const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
        return d.some((v) => v > 0)"""), "something is drawn")
    page.click("#scope [data-value=devices]")
    check(page.js("return document.querySelector('#scope [data-value=devices]')"
                  ".getAttribute('aria-pressed')") == "true", "charts are of devices, too")
    page.click("#scope [data-value=rig]")


def check_events(page, token):
    rpc(page.url, "device.pause", {"device": 1}, token)
    page.until("a pause from elsewhere is an event", lambda: page.js(
        "return [...document.querySelectorAll('.event')].some((n) => n.dataset.name === 'paused'"
        " && n.textContent.includes('sim:1'))"))
    page.until("and a state", lambda: page.text(".card:nth-child(2) .state span:last-child") == "paused")
    rpc(page.url, "device.resume", {"device": 1}, token)
    page.until("so is its end", lambda: page.text(".card:nth-child(2) .state span:last-child") != "paused")


def check_locked(page):
    for css in ("#rig-actions", ".card .actions", "#pool-rows .acts"):
        check(not page.shown(css), f"without a token there is no {css}")
    page.click("#unlock")
    page.fill("#token", "wrong-wrong-wrong-wrong")
    page.click("#unlock-form button[type=submit]")
    page.until("a wrong token is called wrong", lambda: "not the write token" in page.text("#unlock-problem"))
    check(not page.shown("#rig-actions"), "and gives nothing")
    bad = page.complaints(("/rpc", "401"))
    check(not bad, "no other complaint in the console", bad)


def check_controls(page, token):
    page.fill("#token", token)
    page.click("#unlock-form button[type=submit]")
    page.until("the token unlocks", lambda: page.shown("#rig-actions") and page.shown(".card .actions"))
    check(token not in page.js("return document.documentElement.outerHTML + JSON.stringify(localStorage)"),
          "the token is neither in the page nor kept")
    page.driver.refresh()
    page.until("this tab remembers it", lambda: page.shown("#rig-actions") and page.shown(".card .actions"))
    page.click("#lock")
    page.until("and forgets it when told to", lambda: not page.shown(".card .actions") and not page.js(
        "return sessionStorage.length"))
    page.click("#unlock")
    page.fill("#token", token)
    page.click("#unlock-form button[type=submit]")
    page.until("until it is given again", lambda: page.shown(".card .actions"))
    page.click(".card:nth-child(3) .actions button")
    page.until("one device is paused", lambda: rpc(page.url, "miner.devices")[2]["state"] == "paused")
    page.until("and shown so", lambda: page.text(".card:nth-child(3) .actions button") == "Resume")
    page.click(".card:nth-child(3) .actions button")
    page.until("and goes on", lambda: rpc(page.url, "miner.devices")[2]["state"] != "paused")
    page.click("#pause-all")
    page.until("all are paused", lambda: rpc(page.url, "miner.summary")["paused"])
    page.until("in one sentence", lambda: page.text("#health-text") == "Paused by its owner")
    page.click("#pause-all")
    page.until("all go on", lambda: not rpc(page.url, "miner.summary")["paused"])
    page.click(".card .actions button:nth-child(3)")
    check(page.js("return document.querySelector('#tune-dialog').open"), "a device has settings")
    page.fill("#tune-log2", "99")
    page.js("document.querySelector('#tune-log2').removeAttribute('max')")
    page.click("#tune-form button[type=submit]")
    page.until("a refusal is told where it happened", lambda: page.text("#tune-problem"))
    page.click("#tune-form [data-close]")


def check_hostile(page):
    page.until("a hostile user name is text", lambda: "<img" in (page.text("#pool-rows") or ""))
    page.until("a hostile pool's reason is text", lambda: page.js(
        "return [...document.querySelectorAll('#pool-rows .note')]"
        ".some((n) => n.textContent.includes(': <img src=y onerror'))"))
    check(page.js("return document.images.length") == 0, "and makes no element")
    check(page.js("return document.title").endswith(page.url.split("//")[1]), "and runs nothing")


def check_looks(page):
    for name in ("dark", "light"):
        page.scheme(name, True)
        worst = page.js(CONTRAST)
        check(not worst, f"{name}: every text has contrast", worst)
    for size in (PHONE, (320, 640), (768, 1024), DESKTOP):
        page.size(size, size[0] < 700)
        wide = page.js("return [document.documentElement.scrollWidth, innerWidth]")
        check(wide[0] <= wide[1], f"{size[0]} pixels: nothing to scroll sideways", wide)
    page.click("#layout [data-value=rows]")
    check(page.js("return document.documentElement.scrollWidth <= innerWidth"), "rows fit as well")
    page.click("#layout [data-value=cards]")
    missing = page.js("""return [...document.querySelectorAll('button, input, [role=img], [role=group]')]
        .filter((n) => n.offsetParent && !(n.textContent.trim() || n.ariaLabel || (n.labels && n.labels.length)))
        .map((n) => n.outerHTML)""")
    check(not missing, "every control has a name", missing)


def check_end(page):
    bad = page.complaints()
    check(not bad, "the console is empty: no error, nothing against the policy", bad)
    page.click("#quit")
    check(page.js("return document.querySelector('#quit-dialog').open"), "quitting is asked about")
    check(rpc(page.url, "miner.version")["name"] == "adit", "and does not happen by itself")
    page.click("#quit-form button[type=submit]")
    page.until("a rig that is gone is called gone", lambda: page.shown("#banner"))


def run_test(url, token):
    page = Page(url)
    try:
        check_files(url)
        page.size(DESKTOP)
        page.driver.get(url + "/")
        check_units(page)
        check_figures(page)
        check_live(page)
        check_events(page, token)
        check_locked(page)
        check_controls(page, token)
        check_hostile(page)
        check_looks(page)
        check_end(page)
    except AssertionError as e:
        print(f"not ok - {e}", flush=True)
        print("console:", page.driver.get_log("browser"))
        return 1
    finally:
        page.driver.quit()
    return 0


def run_shots(url, folder, wait_s="5"):
    page = Page(url)
    try:
        page.scheme("dark", True)
        page.size((1440, 1180))
        page.driver.get(url + "/")
        time.sleep(float(wait_s))
        for name, scheme, size in (("dark", "dark", (1440, 0)), ("light", "light", (1440, 0)),
                                   ("phone", "dark", PHONE)):
            page.scheme(scheme, True)
            page.size((size[0], size[1] or 900), size == PHONE, 2 if size == PHONE else 1)
            time.sleep(1)
            high = size[1] or page.js("return document.documentElement.scrollHeight")
            page.size((size[0], high), size == PHONE, 2 if size == PHONE else 1)
            time.sleep(3)
            page.driver.save_screenshot(os.path.join(folder, f"dashboard-{name}.png"))
    finally:
        page.driver.quit()
    return 0


if __name__ == "__main__":
    # Whoever ends us ends the browser, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if len(sys.argv) > 2 and sys.argv[1] == "pool":
        run_pool(sys.argv[2])
    elif len(sys.argv) > 3 and sys.argv[1] == "test":
        sys.exit(run_test(sys.argv[2], sys.argv[3]))
    elif len(sys.argv) > 3 and sys.argv[1] == "shots":
        sys.exit(run_shots(*sys.argv[2:]))
    else:
        sys.exit(__doc__)
