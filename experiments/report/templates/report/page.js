// Tables: sort by a head, filter rows, download. Without this script the page says the same.
(() => {
  const words = JSON.parse(document.getElementById("words").textContent);
  const text = (cell) => cell.innerText.replace(/\s+/g, " ").trim();
  const number = (words) => {
    const found = words.replace(/\u2212/g, "-").replace(/,/g, "").match(/[-+]?\d+(\.\d+)?/);
    return found ? parseFloat(found[0]) : null;
  };
  const csv = (table) => "\ufeff" + [...table.rows].map((row) => [...row.cells].map((cell) => {
    const parts = [...cell.childNodes].map((node) => node.textContent.replace(/\s+/g, " ").trim()).filter(Boolean);
    return '"' + parts.join("; ").replace(/"/g, '""') + '"';
  }).join(",")).join("\r\n") + "\r\n";
  const sort = (table, column) => {
    const head = table.tHead.rows[0].cells[column], up = head.getAttribute("aria-sort") !== "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const key = (row) => row.cells[column] ? text(row.cells[column]) : "";
    const rows = [...table.tBodies[0].rows].sort((a, b) => {
      const [x, y] = [key(a), key(b)], [m, n] = [number(x), number(y)];
      const order = column && m !== null && n !== null ? m - n : x.localeCompare(y, document.documentElement.lang);
      return up ? order : -order;
    });
    table.tBodies[0].append(...rows);
  };
  document.querySelectorAll("details.data").forEach((details, place) => {
    const table = details.querySelector("table"), tools = document.createElement("div");
    tools.className = "tools";
    const filter = document.createElement("input");
    filter.type = "search";
    filter.placeholder = filter.ariaLabel = words.filter;
    filter.addEventListener("input", () => {
      for (const row of table.tBodies[0].rows) row.hidden = !text(row).toLowerCase().includes(filter.value.toLowerCase());
    });
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = words.csv;
    button.addEventListener("click", () => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([csv(table)], { type: "text/csv;charset=utf-8" }));
      link.download = `recoup-${details.dataset.name}-${place + 1}.csv`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
    tools.append(filter, button);
    details.querySelector("summary").after(tools);
    table.classList.add("sortable");
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      head.tabIndex = 0;
      head.addEventListener("click", () => sort(table, column));
      head.addEventListener("keydown", (event) => { if (event.key === "Enter") sort(table, column); });
    });
  });
  addEventListener("hashchange", () => document.querySelector(location.hash)?.querySelector("details")?.setAttribute("open", ""));
})();
