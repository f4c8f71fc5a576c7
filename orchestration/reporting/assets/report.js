// Makes the tables of a page sort, search, page and filter. Without it they are there all the same, whole.
"use strict";
(() => {
  const PAGE_ROWS = 25;
  // "1,234 <small>83.3 %</small>" sorts by its first number; a dash, which stands for nothing, is least.
  const first = (cell) => {
    const value = parseFloat(String(cell).replace(/<[^>]*>/g, " ").replace(/,/g, "").trim());
    return Number.isNaN(value) ? -Infinity : value;
  };
  DataTable.ext.type.order["first-number-pre"] = first;

  // A filter is a select or input with data-filter (the row's data attribute) and data-test (how it compares).
  const tests = {
    is: (row, value) => row === value,
    has: (row, value) => row.split(" ").includes(value),
    from: (row, value) => row >= value,
    to: (row, value) => row <= value,
  };

  for (const element of document.querySelectorAll("table[data-live]")) {
    const heads = [...element.querySelectorAll("thead th")];
    const name = element.querySelector("caption")?.textContent.trim() || element.id;
    const table = new DataTable(element, {
      autoWidth: false,
      pageLength: PAGE_ROWS,
      lengthMenu: [25, 100, { label: "All", value: -1 }],
      order: [],
      layout: { topStart: "search", topEnd: "pageLength", bottomStart: "info", bottomEnd: "paging" },
      columnDefs: heads.map((head, target) => ({
        targets: target,
        orderable: !head.hasAttribute("data-fixed"),
        searchable: !head.hasAttribute("data-fixed"),
        type: head.classList.contains("n") ? "first-number" : "string",
      })),
      language: { search: "Search", lengthMenu: "_MENU_ rows", emptyTable: "No rows", zeroRecords: "No row matches" },
    });
    const wrapper = table.table().container();
    element.closest(".scroll")?.classList.add("live");
    const scrolled = wrapper.querySelector(".dt-layout-table");
    scrolled.tabIndex = 0;
    scrolled.setAttribute("role", "region");
    scrolled.setAttribute("aria-label", name);
    wrapper.querySelector(".dt-search input").setAttribute("aria-label", `Search: ${name}`);
    wrapper.querySelector(".dt-length select")?.setAttribute("aria-label", `Rows shown: ${name}`);

    const controls = document.querySelectorAll(`[data-for="${element.id}"] [data-filter]`);
    const rows = table.rows().nodes().toArray();
    table.search.fixed("controls", (text, data, index) => {
      const row = table.row(index).node() || rows[index];
      return [...controls].every((control) => !control.value || tests[control.dataset.test](row.dataset[control.dataset.filter] || "", control.value));
    });
    for (const control of controls) {
      control.addEventListener("input", () => table.draw());
    }
    for (const bar of document.querySelectorAll(`[data-for="${element.id}"]`)) {
      bar.hidden = false;
      bar.querySelector("button")?.addEventListener("click", () => {
        for (const control of controls) control.value = "";
        table.search("").draw();
      });
    }
    // On paper all rows are shown.
    addEventListener("beforeprint", () => table.page.len(-1).draw());
    addEventListener("afterprint", () => table.page.len(PAGE_ROWS).draw());
  }
})();
