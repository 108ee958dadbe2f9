import { html, type Html } from "../../../pages/html.ts";
import type { PageUser } from "../../policy/page-session.ts";
import { actions, formatScope } from "../../policy/scope.ts";
import type { TokenInfo } from "../../policy/tokens.ts";
import { createPageFrame } from "../http/page-frame.ts";
import { lives, type TokenForm } from "./token-form.ts";

const frame = createPageFrame(`form p { margin: 0.75rem 0; }
label, legend { display: block; font-weight: 500; }
fieldset { border: 1px solid var(--line); border-radius: 6px; margin: 0.75rem 0; padding: 0.5rem 1rem; }
fieldset label { display: inline-block; font-weight: 400; margin-right: 1.25rem; padding: 0.3rem 0; }
input:not([type=checkbox]), select { width: 100%; max-width: 30rem; padding: 0.6rem 0.8rem; font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 6px; }
button { padding: 0.5rem 1.2rem; font: inherit; font-weight: 500; color: var(--paper); background: var(--link); border: 1px solid var(--link); border-radius: 6px; cursor: pointer; }
.card button { color: var(--link); background: none; } .card summary { font-size: 1rem; margin: 0; color: var(--link); }
.message { border-left: 4px solid var(--focus); padding: 0.5rem 1rem; background: var(--card); overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; } .secret { user-select: all; }
small { display: block; max-width: 30rem; margin-top: 0.25rem; }
`);

/** What goes with these pages: also no copy in a cache, and their address is told to nobody. */
export const tokenPageHeaders: Readonly<Record<string, string>> = {
  ...frame.headers,
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-frame-options": "DENY",
};

/** What a page shows to whoever signed in. */
export interface TokenPage {
  readonly user: PageUser;
  /** Stands in every form. */
  readonly session: string;
  readonly tokens: readonly TokenInfo[];
  /** Undefined for those who may make none. */
  readonly form: TokenForm | undefined;
  /** A token that was just made, with the address of the server. */
  readonly made?: { readonly text: string; readonly address: string };
  readonly message?: string;
}

/** The page on which somebody shows a token of theirs. */
export function signInPage(message?: string): string {
  return frame.text(
    "Access tokens",
    html`<h1>Access tokens</h1>
      ${messageBlock(message)}
      <form method="post">
        <p>
          <label for="token">A token of yours</label>
          <input id="token" name="token" type="password" autocomplete="current-password" required autofocus />
        </p>
        <p><button name="do" value="show">Sign in</button></p>
      </form>
      <h2>No token yet?</h2>
      <p>
        Whoever runs this registry has one: the first start prints it, and it lies in the file
        <code>admin-token</code> beside the database. They make one for you on the registry’s machine:
      </p>
      <pre tabindex="0"><code>repo2singularity registry token create --root DIR --account NAME</code></pre>`,
  );
}

/** The page of somebody’s tokens. */
export function tokensPage(page: TokenPage): string {
  const { user, session, tokens, form, made, message } = page;
  const kind = user.isAdmin ? ", an admin" : "";
  return frame.text(
    "Access tokens",
    html`<h1>Access tokens</h1>
      <p class="quiet">Signed in as <strong>${user.name}</strong>${kind}. <a href="?">Sign out</a></p>
      ${messageBlock(message)} ${made === undefined ? "" : madeBlock(user, made)}
      <h2>${form === undefined ? "Your token" : "Your tokens"}</h2>
      <ul class="cards">
        ${tokens.map((token) => tokenCard(token, user, session))}
      </ul>
      ${form === undefined ? limitedNote(user) : newTokenForm(form, session)}`,
  );
}

function madeBlock({ name }: PageUser, { text, address }: NonNullable<TokenPage["made"]>): Html {
  const { host } = new URL(address);
  return html`<section class="message" role="status">
    <h2>Your new token</h2>
    <p>Copy it now: it is not kept here and cannot be shown again.</p>
    <pre tabindex="0" class="secret"><code>${text}</code></pre>
    <p>Programs ask for it as a token or password:</p>
    <pre tabindex="0"><code>repo2singularity login ${address}
apptainer registry login -u ${name} oras://${host}</code></pre>
  </section>`;
}

function tokenCard(token: TokenInfo, user: PageUser, session: string): Html {
  const { id, kind, label, scopes, createdMs, usedMs, expiresMs } = token;
  const isThis = id === user.tokenId;
  return html`<li class="card">
    <h3>${label === "" ? html`<span class="quiet">without a name</span>` : label}</h3>
    <p><span class="tag">${kind}</span>${isThis ? html` <span class="tag">you are signed in with it</span>` : ""}</p>
    <dl class="facts">
      <dt>May</dt>
      <dd>${scopes.map((scope) => html`<code>${formatScope(scope)}</code> `)}</dd>
      <dt>Made</dt>
      <dd>${day(createdMs)}</dd>
      <dt>Used</dt>
      <dd>${usedMs === undefined ? "never" : day(usedMs)}</dd>
      <dt>Ends</dt>
      <dd>${expiresMs === undefined ? "never" : day(expiresMs)}</dd>
    </dl>
    <details>
      <summary>Revoke</summary>
      <form method="post">
        <input type="hidden" name="session" value="${session}" /><input type="hidden" name="id" value="${id}" />
        <p>It ends at once, wherever it is in use.</p>
        <button name="do" value="revoke" aria-label="Revoke ${label === "" ? id : label}">Revoke it</button>
      </form>
    </details>
  </li> `;
}

function limitedNote({ isRobot }: PageUser): Html {
  const why = isRobot ? "It is a robot’s" : "It is limited";
  return html`<p class="quiet">${why}, so it makes no other tokens and shows none.</p>`;
}

function newTokenForm(form: TokenForm, session: string): Html {
  const boxes = actions.map(
    (action) =>
      html`<label
        ><input type="checkbox" name="action" value="${action}" ${form.actions.includes(action) ? "checked" : ""} />
        ${action}</label
      > `,
  );
  const options = lives.map(
    ([days, name]) => html`<option value="${days}" ${days === form.days ? "selected" : ""}>${name}</option> `,
  );
  return html`<h2>Make a token</h2>
    <form method="post">
      <input type="hidden" name="session" value="${session}" /><input type="hidden" name="id" value="${form.id}" />
      <p>
        <label for="label">What it is for</label>
        <input id="label" name="label" value="${form.label}" maxlength="200" autocomplete="off" />
      </p>
      <p>
        <label for="pattern">Where</label>
        <input
          id="pattern"
          name="pattern"
          value="${form.pattern}"
          required
          autocomplete="off"
          spellcheck="false"
          aria-describedby="pattern-help"
        />
        <small id="pattern-help" class="quiet"
          >A repository, <code>lab/**</code> for all of a collection, or <code>**</code> for everything that you
          may</small
        >
      </p>
      <fieldset>
        <legend>May</legend>
        ${boxes}
      </fieldset>
      <p>
        <label for="days">Lasts</label>
        <select id="days" name="days">
          ${options}
        </select>
      </p>
      <p><button name="do" value="make">Make it</button></p>
    </form>`;
}

function messageBlock(message: string | undefined): Html {
  return message === undefined ? html`` : html`<p class="message" role="alert">${message}</p>`;
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
