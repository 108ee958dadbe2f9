/** What scripts add to pages that work without: the search, and buttons that copy commands. */
export const siteScript: string = `"use strict";
const form = document.querySelector(".search");
if (form) {
  const cards = [...document.querySelectorAll(".card")];
  const count = document.getElementById("count");
  const field = form.querySelector("input");
  const search = () => {
    const words = field.value.toLowerCase().split(/\\s+/).filter((word) => word !== "");
    let shown = 0;
    for (const card of cards) {
      card.hidden = !words.every((word) => card.dataset.words.includes(word));
      if (!card.hidden) shown += 1;
    }
    count.textContent = shown + (shown === 1 ? " collection" : " collections");
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  field.addEventListener("input", search);
  form.hidden = false;
  search();
}
for (const block of document.querySelectorAll(".command")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.setAttribute("aria-label", "Copy: " + block.querySelector("h3").textContent);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(block.querySelector("code").textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  block.append(button);
}
`;

/** Layers upon each other, seen on light and on dark tabs. */
export const siteIcon: string = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" fill="none" stroke="#2f7fd0" stroke-width="1.6" stroke-linejoin="round"><path d="M8 1.5 14.5 5 8 8.5 1.5 5Z"/><path d="m1.5 8 6.5 3.5L14.5 8M1.5 11 8 14.5l6.5-3.5"/></svg>
`;
