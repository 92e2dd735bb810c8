"""Check a built site: links and images by reading it, everything else in a headless Chromium.

    python docs/check_site.py HTML_FOLDER

Each page must load without an error on its console, with its formulas rendered, and without a request to any other machine; the
search must find "backpropagation". Without Chromium only links and images are checked, and that is said loudly.
"""

import functools
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlparse

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--enable-logging=stderr", "--virtual-time-budget=20000", "--dump-dom"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
NOT_PAGES = {"genindex.html", "search.html", "py-modindex.html"}


class Page(HTMLParser):
    """What a page links to, and the anchors that it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.anchors |= {given[name] for name in ("id", "name") if given.get(name)}
        self.targets += [given[name] for name in ("href", "src") if given.get(name)]


def pages_of(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*.html") if "_static" not in path.relative_to(root).parts)


def broken_links(root: Path) -> list[str]:
    """Links and images inside of the site that lead nowhere."""
    pages = {path.relative_to(root).as_posix(): Page(path.read_text(encoding="utf-8")) for path in pages_of(root)}
    problems = []
    for name, page in pages.items():
        for target in page.targets:
            url = urlparse(urljoin(f"http://site/{name}", target))
            if url.hostname != "site" or url.scheme != "http":
                continue
            path = unquote(url.path.lstrip("/")) or "index.html"
            anchor = unquote(url.fragment)
            if not (root / path).exists():
                problems.append(f"{name}: {target} leads to no file")
            elif anchor and path in pages and anchor not in pages[path].anchors and not target.startswith("javascript"):
                problems.append(f"{name}: {target} leads to no place of {path}")
    return problems


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


def dom(browser: str, url: str) -> tuple[str, list[str]]:
    """(the page as it is when its scripts have run, what is wrong with it)."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "net.json")
        command = [browser, *FLAGS, f"--user-data-dir={folder}/profile", f"--log-net-log={log}", url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        problems = [line for line in done.stderr.splitlines() if "CONSOLE" in line and ("rror" in line or "Uncaught" in line)]
        problems += [f"a request to {other}" for other in requests_elsewhere(log)]
    return done.stdout, problems


def requests_elsewhere(log: Path) -> set[str]:
    """Hosts that pages asked for, from Chromium's log of its requests."""
    if not log.exists():
        return {"an unknown host: Chromium has left no log"}
    text = log.read_text(encoding="utf-8", errors="replace").rstrip().rstrip(",")
    try:
        events = json.loads(text)["events"]
    except ValueError:  # the log of a browser that was stopped lacks its end
        events = json.loads(text + "]}")["events"]
    urls = {event["params"]["url"] for event in events if isinstance(event.get("params", {}).get("url"), str)}
    hosts = {urlparse(url).hostname for url in urls if url.startswith("http")}
    return {host for host in hosts if host and host != "127.0.0.1" and not host.endswith((".google.com", ".googleapis.com"))}


def check_page(browser: str, base: str, name: str) -> list[str]:
    text, problems = dom(browser, f"{base}/{name}")
    formulas, rendered = text.count('class="math '), text.count("<mjx-container")
    if formulas and not rendered:
        problems.append(f"{formulas} formulas, none rendered")
    if "<mjx-merror" in text:
        problems.append("a formula with an error")
    if "</html>" not in text:
        problems.append("did not load")
    return [f"{name}: {problem}" for problem in problems]


def in_browser(browser: str, root: Path) -> list[str]:
    handler = functools.partial(Quiet, directory=str(root))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    names = [name for path in pages_of(root) if (name := path.relative_to(root).as_posix()) not in NOT_PAGES]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        problems = [problem for found in pool.map(lambda name: check_page(browser, base, name), names) for problem in found]
    text, more = dom(browser, f"{base}/search.html?q=backpropagation")
    problems += [f"search: {problem}" for problem in more]
    if "walkthrough/backpropagation.html" not in text:
        problems.append("the search does not find backpropagation")
    server.shutdown()
    print(f"{len(names)} pages looked at in {browser}")
    return problems


def main(folder: str) -> int:
    root = Path(folder)
    problems = broken_links(root)
    browser = next((path for name in NAMES if (path := shutil.which(name))), None)
    if browser is None:
        print("*** SKIPPED: there is no Chromium here, so no page was looked at in a browser ***")
    else:
        problems += in_browser(browser, root)
    print("\n".join(problems) or "the site is sound")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
