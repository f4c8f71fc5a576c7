"""The HTML report, as people meet it: in a browser, from disk, with texts from outside in it."""

import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from docs.report_picture import chromium
from orchestration.reporting import formats
from orchestration.reporting.report import write_report
from tests.pipeline import Pipeline, Rows

PAGES = ["index.html", "engagement.html", "fix_list.html", "about.html"]
HOSTILE_TITLE = "<script>document.title = 'taken'</script>"
HOSTILE_NAME = '"><img src=x onerror="document.title = \'taken\'">'
HOSTILE_REPLY = "</td><script>document.title = 'taken'</script><b>call me</b> &amp;"
MANY = 520


def sends() -> Rows:
    rows: Rows = []

    def add(number: int, message: str, channel: str, sent_at: str, **more: str) -> None:
        is_text = channel in ("sms", "whatsapp")
        rows.append(
            {
                "send_id": f"{message}-{number}",
                "message_id": message,
                "message_title": f"Title of {message}",
                "channel": channel,
                "customer_id": f"c{number}",
                "customer_name": HOSTILE_NAME if number == 0 else f"Customer {number}",
                "to_number": f"+1415555{number:04d}" if is_text else None,
                "from_number": "+15005550006" if is_text else None,
                "provider": "twilio" if is_text else None,
                "price": "0.0083" if is_text else None,
                "currency_code": "USD" if is_text else None,
                "sent_at": sent_at,
                **more,
            }
        )

    for number in range(40):
        add(
            number,
            "sale",
            "sms",
            "2026-10-30T09:00:00Z",
            message_title=HOSTILE_TITLE,
            message_version_id=f"v{number % 2}",
        )
    for number in range(MANY):
        add(number, "many", "sms", "2026-10-20T09:00:00Z")
    for number in range(12):
        add(number, "Mixed", "sms" if number % 2 else "whatsapp", f"2026-10-{number + 10}T09:00:00Z")
        add(number, "mixed", "email", "2026-10-29T09:00:00Z")
        add(0, f"daily-{number}", "push", "2026-10-31T09:00:00Z")
    add(2, "daily-0", "push", "2026-11-01T22:00:00Z")  # after the as-of moment, and tomorrow in the reporting time zone
    add(1, "ancient", "sms", "2025-01-01T09:00:00Z")
    return rows


def statuses() -> Rows:
    rows: Rows = []
    for number in range(30):
        rows.append(
            {"send_id": f"sale-{number}", "status": "delivered", "occurred_at": f"2026-10-30T09:{number:02d}:05.250Z"}
        )
    for number, code in ((30, "30006"), (31, "30003"), (32, "99999"), (33, None)):
        rows.append({"send_id": f"sale-{number}", "status": "undelivered", "error_code": code, "occurred_at": "2026-10-30T09:01:00Z"})  # fmt: skip
    rows += [
        {"send_id": f"many-{n}", "status": "failed", "error_code": "30006", "occurred_at": "2026-10-20T09:01:00Z"}
        for n in range(MANY)
    ]
    rows += [
        {"send_id": f"daily-{n}-0", "status": "delivered", "occurred_at": "2026-10-31T09:00:01Z"} for n in range(12)
    ]
    rows += [{"send_id": f"mixed-{n}", "status": "opened", "occurred_at": "2026-10-29T10:00:00Z"} for n in range(5)]
    rows.append({"send_id": "mixed-0", "status": "replied", "occurred_at": "2026-10-29T10:00:00Z"})
    rows.append({"send_id": "mixed-11", "status": "hard_bounced", "occurred_at": "2026-10-29T10:00:00Z"})
    rows.append(
        {"send_id": "ancient-1", "status": "failed", "error_code": "30006", "occurred_at": "2025-01-01T09:01:00Z"}
    )
    return rows


def replies() -> Rows:
    texts = [HOSTILE_REPLY, "STOP", "stop", "HELP", "START", "please stop texting me", "Yes", "=1+1"]
    rows: Rows = [
        {"reply_id": f"r{n}", "send_id": f"sale-{n}", "body": text, "received_at": f"2026-10-30T1{n}:00:00Z"}
        for n, text in enumerate(texts)
    ]
    rows.append(
        {"reply_id": "again", "send_id": "sale-0", "body": "And another thing", "received_at": "2026-10-31T00:00:00Z"}
    )
    rows.append(
        {"reply_id": "like", "send_id": "sale-9", "body": "Liked “24 h only”", "received_at": "2026-10-30T12:00:00Z"}
    )
    return rows


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, parsed_target: Path) -> Pipeline:
    pipeline = Pipeline(tmp_path_factory.mktemp("report"), REPORTING_TIMEZONE="Asia/Kolkata")
    shutil.copytree(parsed_target, pipeline.settings.build_dir / "target")
    pipeline.drop_rows("outbound/sends/a.csv", sends())
    pipeline.drop("outbound/sends/<i>refused.csv", "send_id\n1\n")
    pipeline.drop_rows("outbound/statuses/a.jsonl", statuses())
    pipeline.drop_rows("outbound/replies/a.jsonl", replies())
    pipeline.run()
    return pipeline


@pytest.fixture(scope="module")
def report(published: Pipeline) -> Path:
    return published.settings.output_dir / "latest" / "report"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        pytest.skip("no Chromium on this machine; tests/run.sh installs Debian's where it can")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


class Watched:
    """A browser's pages, and what they did that they should not."""

    def __init__(self, browser: Browser, **options: Any) -> None:
        self.context: BrowserContext = browser.new_context(**options)
        self.faults: list[str] = []

    def open(self, path: Path) -> Page:
        page = self.context.new_page()
        page.on("console", lambda message: self.faults.append(f"{path.name}: {message.type} {message.text}"))
        page.on("pageerror", lambda error: self.faults.append(f"{path.name}: {error}"))
        page.on("requestfailed", lambda request: self.faults.append(f"{path.name}: failed {request.url}"))
        page.on("request", lambda request: request.url.startswith("file:") or self.faults.append(request.url))
        page.goto(path.as_uri())
        return page


def page_of(report: Path, message_id: str) -> Path:
    return report / "messages" / formats.page_name(message_id)


def shown_rows(page: Page, table: str) -> list[list[str]]:
    return [row.locator("td, th").all_inner_texts() for row in page.locator(f"#{table} tbody tr").all()]


def numbers(cells: list[str]) -> list[int]:
    return [int(re.split(r"\s", cell.strip())[0].replace(",", "")) for cell in cells]


def all_pages(report: Path) -> list[Path]:
    return [report / name for name in PAGES] + sorted((report / "messages").glob("*.html"))


def test_pages_open_from_disk_without_faults_or_network(report: Path, browser: Browser) -> None:
    watched = Watched(browser)
    for path in all_pages(report):
        page = watched.open(path)
        live = page.locator("table[data-live]")
        assert page.locator("table[data-live].dataTable").count() == live.count(), path.name
        page.close()
    assert watched.faults == []


def test_nothing_from_outside_acts_as_markup(report: Path, browser: Browser) -> None:
    watched = Watched(browser)
    page = watched.open(report / "index.html")
    link = page.get_by_role("link", name=HOSTILE_TITLE)
    assert link.count() == 1
    link.click()
    assert page.locator("h1").inner_text() == HOSTILE_TITLE
    assert page.title().startswith(HOSTILE_TITLE)
    page.locator("[data-for=reply-rows] select").first.select_option("-")
    texts = [row[2] for row in shown_rows(page, "reply-rows")]
    assert HOSTILE_REPLY in texts
    assert page.locator("#reply-rows").get_by_text(HOSTILE_NAME).count() > 0
    assert page.locator("main img, main script, main b:has-text('call me')").count() == 0
    page.goto((report / "about.html").as_uri())
    assert page.get_by_text("outbound/sends/<i>refused.csv").count() == 1
    assert watched.faults == []


def test_replies_are_filtered_by_keyword_group_and_searched(
    report: Path, browser: Browser, published: Pipeline
) -> None:
    page = Watched(browser).open(page_of(report, "sale"))
    group = page.locator("[data-for=reply-rows] select").first
    for name in ("opt_out", "opt_in", "help"):
        group.select_option(name)
        expected = published.query(
            f"select body from fct_responses where message_id = 'sale' and keyword_group = '{name}' order by received_at desc"
        )
        assert [row[2] for row in shown_rows(page, "reply-rows")] == [body for (body,) in expected]
    page.locator("[data-for=reply-rows] button").click()
    assert len(shown_rows(page, "reply-rows")) == 10
    page.locator("[data-for=reply-rows] select").nth(1).select_option("review")
    assert [row[2] for row in shown_rows(page, "reply-rows")] == ["please stop texting me"]
    page.locator("[data-for=reply-rows] select").nth(1).select_option("reaction")
    assert [(row[2], row[4]) for row in shown_rows(page, "reply-rows")] == [("Liked “24 h only”", "reaction")]
    page.locator("[data-for=reply-rows] select").nth(1).select_option("first")
    expected = published.query(
        "select body from fct_responses where message_id = 'sale' and response_type = 'first_response' order by received_at desc"
    )
    assert [row[2] for row in shown_rows(page, "reply-rows")] == [body for (body,) in expected]
    page.locator("[data-for=reply-rows] button").click()
    page.locator("#reply-rows thead .dt-column-order").last.click()
    page.wait_for_function(
        """() => {
            const times = [...document.querySelectorAll('#reply-rows td[data-order]')].map(cell => +cell.dataset.order);
            return times.every((time, index) => index === 0 || times[index - 1] <= time);
        }"""
    )
    times = [int(row.get_attribute("data-order") or "") for row in page.locator("#reply-rows td[data-order]").all()]
    assert times == sorted(times)
    assert times[-1] > times[0]
    page.get_by_label("Search: Replies").fill("another thing")
    assert [row[2] for row in shown_rows(page, "reply-rows")] == ["And another thing"]


def test_the_list_is_sorted_searched_and_filtered(report: Path, browser: Browser, published: Pipeline) -> None:
    page = Watched(browser).open(report / "index.html")
    first = shown_rows(page, "messages")
    expected = published.query("select message_title from rpt_messages order by last_sent_at desc, message_id")
    assert [row[0] for row in first] == [title for (title,) in expected]
    order = page.locator("#messages thead th", has_text="Sent").locator(".dt-column-order").last
    order.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.locator("#messages thead th[aria-sort=descending]", has_text="Sent").first.wait_for(state="attached")
    sent = numbers([row[3] for row in shown_rows(page, "messages")])
    assert sent == sorted(sent, reverse=True)
    assert sent[0] == MANY
    page.locator("[data-for=messages] select").first.select_option("1")
    assert {row[0] for row in shown_rows(page, "messages")} == {
        title for (title,) in published.query("select message_title from rpt_message_delivery")
    }
    page.locator("[data-for=messages] button").click()
    page.locator("[data-for=messages] select").nth(1).select_option("whatsapp")
    assert [row[0] for row in shown_rows(page, "messages")] == ["Title of Mixed"]
    page.locator("[data-for=messages] button").click()
    page.locator("[data-for=messages] input").first.fill("2026-10-31")
    assert {row[2] for row in shown_rows(page, "messages")} == {"2026-10-31", "2026-11-02"}
    page.locator("[data-for=messages] button").click()
    page.locator("[data-for=messages] input").nth(1).fill("2025-12-31")
    assert [row[0] for row in shown_rows(page, "messages")] == ["Title of ancient"]
    page.locator("[data-for=messages] button").click()
    page.get_by_label("Search: Messages").fill("TITLE OF MANY")
    assert [row[0] for row in shown_rows(page, "messages")] == ["Title of many"]


def test_numbers_equal_the_marts(report: Path, browser: Browser, published: Pipeline) -> None:
    page = Watched(browser).open(report / "index.html")
    columns = "sent", "delivered", "issue", "replied", "opt_out", "engaged"
    for row in page.locator("#messages tbody tr").all():
        title = row.locator("td").first.inner_text()
        (expected,) = published.query(
            f"select {', '.join(f'{name}_customer_count' for name in columns)}, delivery_rate from rpt_messages"
            f" where message_title = '{title.replace(chr(39), chr(39) * 2)}'"
        )
        cells = row.locator("td").all()[3:9]
        assert tuple(numbers([cell.inner_text() for cell in cells])) == expected[:6]
        exact = (cells[1].get_attribute("title") or "").split(" = ")[1]
        assert float(exact) == expected[6]
        sends = row.locator("td").nth(10)
        (expected,) = published.query(
            "select delivered_count, sent_count, delivered_send_rate from rpt_messages"
            f" where message_title = '{title.replace(chr(39), chr(39) * 2)}'"
        )
        assert sends.inner_text().split(",")[0].split() == [str(expected[0]), "of", str(expected[1])]
        assert float((sends.get_attribute("title") or "").split(" = ")[1]) == expected[2]
    tiles = page.locator(".tiles b").all_inner_texts()
    assert (
        tuple(numbers(tiles))
        == published.query(
            "select count(*), sum(sent_count), sum(delivered_count), sum(issue_count), sum(pending_count), sum(unconfirmed_count)"
            " from rpt_messages"
        )[0]
    )

    page = Watched(browser).open(page_of(report, "sale"))
    assert sorted(numbers([row[2] for row in shown_rows(page, "reasons")])) == sorted(
        count for (count,) in published.query("select issue_count from rpt_message_issues where message_id = 'sale'")
    )
    for table in ("carriers", "countries", "edition-parts"):
        assert sum(numbers([row[1] for row in shown_rows(page, table)])) == 40
    assert {(row[0], *numbers(row[1:3])) for row in shown_rows(page, "groups")} == {
        (group or "first reply that is no keyword", count, customers)
        for group, count, customers in published.query(
            "select keyword_group, response_count, response_customer_count from rpt_message_responses where message_id = 'sale'"
        )
    }
    groups = {row[0]: row[3] for row in shown_rows(page, "groups")}
    assert set(numbers(list(groups.values()))) == set(
        published.query("select distinct sent_customer_count from rpt_message_responses where message_id = 'sale'")[0]
    )
    p50 = published.query("select delivery_seconds_p50 from rpt_message_delivery where message_id = 'sale'")[0][0]
    assert page.locator(f".tiles li[title='{p50!r} s']").count() == 1
    costs = page.locator(".tiles li", has_text="USD").get_attribute("title") or ""
    assert costs.startswith(
        published.query("select cost::varchar from rpt_message_costs where message_id = 'sale'")[0][0]
    )


def test_the_engagement_report_adds_up_for_each_window(report: Path, browser: Browser, published: Pipeline) -> None:
    page = Watched(browser).open(report / "engagement.html")
    for window, since in (("w7", "2026-10-25"), ("w28", "2026-10-04"), ("w90", "2026-08-03"), ("wall", "1900-01-01")):
        page.locator(f"#{window}").check()
        until = "2026-11-01" if window != "wall" else "9999-01-01"
        assert page.locator(".window:visible").get_attribute("id") == f"window-{window}"
        expected = published.query(
            "select sum(sent_count), sum(delivered_count), sum(issue_count), sum(opened_count), sum(clicked_count),"
            " sum(replied_count), sum(goal_count), sum(unsubscribed_count), sum(engaged_count)"
            f" from rpt_customer_engagement_daily where sent_date > date '{since}' and sent_date <= date '{until}'"
        )[0]
        rows = shown_rows(page, f"channels-{window}")
        assert tuple(sum(numbers([row[column] for row in rows])) for column in range(1, 10)) == expected
        foot = page.locator(f"#channels-{window} tfoot td").all_inner_texts()
        assert tuple(numbers(foot)) == expected
        assert page.locator(f"#window-{window} svg").count() == 2
    assert numbers([row[1] for row in shown_rows(page, "contact-rows")]) == [
        count
        for (count,) in published.query(
            "select received_7_days_count from rpt_customer_contacts where is_over_messaged"
        )
    ]


def test_lists_are_cut_at_a_stated_number_and_leave_old_rows_to_the_marts(report: Path, browser: Browser) -> None:
    page = Watched(browser).open(page_of(report, "many"))
    assert page.get_by_text(f"The newest 500 of {MANY} sends with an issue").count() == 1
    assert page.locator("#issue-rows_info, .dt-info").first.inner_text().endswith("of 500 entries")
    page = Watched(browser).open(page_of(report, "ancient"))
    assert page.get_by_text("None of these sends is of the last 90 days").count() == 1
    assert page.locator("#reasons tbody tr").count() == 1
    assert page.get_by_text("Nobody has replied to this message.").count() == 1
    page = Watched(browser).open(page_of(report, "mixed"))
    assert page.get_by_text("1 customer replied, as their statuses say").count() == 1
    assert page.get_by_text("Reasons are known for SMS only").count() == 1
    page = Watched(browser).open(report / "fix_list.html")
    assert len(page.locator("#fixes tbody tr").all()) > 1


def test_without_scripts_everything_is_there(report: Path, browser: Browser) -> None:
    page = Watched(browser, java_script_enabled=False).open(report / "index.html")
    assert page.locator("#messages tbody tr").count() == 17
    assert page.locator("svg").count() == 17
    assert not page.locator(".filters").first.is_visible()
    page.goto((report / "engagement.html").as_uri())
    page.locator("#wall").check()
    assert page.locator("#window-wall svg").first.is_visible()


def test_paper_gets_all_rows(report: Path, browser: Browser) -> None:
    page = Watched(browser).open(page_of(report, "many"))
    assert page.locator("#issue-rows tbody tr").count() == 25
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#issue-rows tbody tr").count() == 500
    assert not page.locator("nav").first.is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("#issue-rows tbody tr").count() == 25


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessibility_has_no_serious_fault(report: Path, browser: Browser, scheme: str) -> None:
    found = []
    for path in [*(report / name for name in PAGES), *(page_of(report, name) for name in ("sale", "Mixed", "ancient"))]:
        page = Watched(browser, color_scheme=scheme, bypass_csp=True).open(path)
        violations = Axe().run(page).response["violations"]
        found += [
            (path.name, violation["id"], violation["nodes"][0]["html"][:120])
            for violation in violations
            if violation["impact"] in ("serious", "critical")
        ]
        page.close()
    assert found == []


def test_nothing_overflows_on_a_phone(report: Path, browser: Browser) -> None:
    watched = Watched(browser, viewport={"width": 390, "height": 844})
    wide = {}
    for path in all_pages(report):
        page = watched.open(path)
        if (width := page.evaluate("document.documentElement.scrollWidth")) > 390:
            wide[path.name] = width
        page.close()
    assert wide == {}


class Links(HTMLParser):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.repeated: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        if anchor := found.get("id"):
            self.repeated += [anchor] if anchor in self.ids else []
            self.ids.add(anchor)
        self.links += [link for name in ("href", "src") if (link := found.get(name))]


def test_links_lead_somewhere_and_every_definition_is_linked(report: Path) -> None:
    pages = {path.resolve(): Links(path) for path in all_pages(report)}
    used = set()
    for path, page in pages.items():
        assert page.repeated == [], path.name
        for link in page.links:
            assert not re.match(r"(?i)[a-z]+:|//", link), link
            file, _, anchor = link.partition("#")
            target = (path.parent / file).resolve() if file else path
            assert target.is_file(), (path.name, link)
            if target.is_relative_to(report.resolve()):
                assert not anchor or anchor in pages[target].ids, (path.name, link)
                used |= {anchor} if target.name == "about.html" else set()
    assert {"sent", "delivered", "issue", "replied", "opted-out", "engaged", "trend", "day"} <= used


def test_the_report_is_part_of_the_manifest_and_the_same_each_time(
    published: Pipeline, report: Path, tmp_path: Path
) -> None:
    with duckdb.connect(str(published.settings.marts_path), read_only=True) as connection:
        for name in ("first", "second"):
            write_report(connection, tmp_path / name)
    files = sorted(path.relative_to(report) for path in report.rglob("*") if path.is_file())
    assert Path("assets/datatables-LICENSE.txt") in files
    for file in files:
        content = (report / file).read_bytes()
        assert content == (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()
    manifest = (report.parent / "manifest.json").read_text()
    assert all(f'"report/{file.as_posix()}"' in manifest for file in files)


def test_an_empty_warehouse_says_what_is_missing(tmp_path: Path, parsed_target: Path, browser: Browser) -> None:
    pipeline = Pipeline(tmp_path, AS_OF="")
    shutil.copytree(parsed_target, pipeline.settings.build_dir / "target")
    pipeline.drop("outbound/sends/refused.csv", "a,b\n1,2\n")
    pipeline.run()
    watched = Watched(browser)
    report = pipeline.settings.output_dir / "latest" / "report"
    for name in PAGES:
        page = watched.open(report / name)
        assert page.locator(".empty").count() > 0, name
    assert watched.faults == []


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, "–"),
        (0.0, "0 s"),
        (4.85, "4.8 s"),
        (59.99, "60 s"),
        (61, "1 min 1 s"),
        (3_599.6, "60 min"),
        (7_230, "2 h"),
        (90_000, "1 d 1 h"),
    ],
)
def test_durations_show_two_units(seconds: float | None, shown: str) -> None:
    assert formats.duration(seconds) == shown


def test_page_names_differ_where_ids_do() -> None:
    ids = ["a", "A", "../../etc/passwd", "..", "", "é", "CON", "x" * 5_000]
    names = [formats.page_name(message_id).lower() for message_id in ids]
    assert len(set(names)) == len(ids)
    assert all(re.fullmatch(r"[a-z0-9-]{1,60}\.html", name) for name in names)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [(None, "–"), ("0.000000", "0.00 USD"), ("0.008300", "0.0083 USD"), ("1234.500000", "1,234.50 USD")],
)
def test_money_shows_enough_decimals(amount: str | None, shown: str) -> None:
    assert formats.money(amount, "USD") == shown
