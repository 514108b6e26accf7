import type { Person } from "./token-signer";

/** Escapes text for HTML, also inside a quoted attribute. */
function escape(text: string): string {
  const names: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (character) => names[character] ?? "");
}

const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#d3d7de, #3a414c); --soft: light-dark(#5a6472, #a3adba); --card: light-dark(#fff, #1c2128); }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; font: 1rem/1.5 system-ui, sans-serif;
  background: light-dark(#f3f4f6, #12161b); color: light-dark(#1a1f26, #e6eaef); }
main { width: min(30rem, 100%); }
h1 { font-size: 1.375rem; margin: 0 0 .25rem; }
p { margin: 0 0 1.25rem; color: var(--soft); }
ul { list-style: none; margin: 0; padding: 0; display: grid; gap: .5rem; }
button { width: 100%; text-align: left; font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line);
  border-radius: .5rem; padding: .75rem 1rem; cursor: pointer; }
button:hover { border-color: currentColor; }
button:focus-visible { outline: 3px solid light-dark(#1d5fd1, #7fb0ff); outline-offset: 2px; }
strong { display: block; }
span { color: var(--soft); font-size: .875rem; overflow-wrap: anywhere; }
`;

function html(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escape(title)}</h1>
${content}
</main>
</body>
</html>
`;
}

/** Where people pick who they are. `signIn` is the id of the sign-in under way. */
export function signInPage(signIn: string, people: readonly Person[]): string {
  const button = ({ subject, name, groups, workerId }: Person): string => `<li><form method="post" action="pick">
<input type="hidden" name="sign_in" value="${escape(signIn)}">
<button name="person" value="${escape(subject)}"><strong>${escape(name ?? subject)}</strong>
<span>${escape(`${subject} · ${groups.join(", ") || "no group"} · worker ${workerId}`)}</span></button>
</form></li>`;
  return html(
    "Local sign-in",
    `<p>Pick who you are. Nobody asks for a password: this provider is on this machine alone.</p>
<ul>
${people.map(button).join("\n")}
</ul>`,
  );
}

/** What was wrong with a request that cannot be sent back to where it came from. */
export function refusalPage(message: string): string {
  return html("Sign-in refused", `<p>${escape(message)}</p>`);
}

export function signedOutPage(): string {
  return html("Signed out", "<p>You are signed out of the local provider.</p>");
}
