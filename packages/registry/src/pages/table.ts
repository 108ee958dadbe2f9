import { html, type Html } from "./html.ts";

/**
 * A table whose first column names its rows. Wide ones scroll in themselves on narrow screens.
 * @param kind `rows` of short values, which stay on one line, or `pairs` of a name and a text
 */
export function table(
  kind: "rows" | "pairs",
  heads: readonly string[],
  rows: ReadonlyArray<readonly [name: Html | string, ...values: ReadonlyArray<Html | string>]>,
): Html {
  return html`<div class="wide">
    <table class="${kind}">
      <thead>
        <tr>
          ${heads.map((head) => html`<th scope="col">${head}</th> `)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([name, ...values]) =>
            html`<tr>
              <th scope="row">${name}</th>
              ${values.map((value) => html`<td>${value}</td> `)}
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`;
}
