// The pages: plain HTML, no script, one form each.
import { scopeTexts } from './data.js';

const escaped = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

export const page = (title, body) => `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title>
<style>body{font:1rem/1.5 sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem}
form label{display:block;margin:.5rem 0}fieldset{margin:1rem 0}button{font:inherit;margin-right:.5rem}</style></head>
<body><main><h1>${escaped(title)}</h1>
${body}
</main></body>
</html>
`;

export const loginPage = (uid, problem) => page('Sign in', `${problem ? `<p role="alert">${escaped(problem)}</p>` : ''}
<form method="post" action="/interaction/${uid}">
<label>Name <input name="login" autocomplete="username" required autofocus></label>
<label>Password <input type="password" name="password" autocomplete="current-password" required></label>
<button type="submit">Sign in</button>
</form>`);

const box = (name, value, text) => `<label><input type="checkbox" name="${name}" value="${escaped(value)}" checked> ${escaped(text)} <code>${escaped(value)}</code></label>`;

const boxes = (name, legend, values, text) => (values.length === 0 ? '' : `<fieldset><legend>${legend}</legend>
${values.map((v) => box(name, v, text(v))).join('\n')}
</fieldset>`);

export const consentPage = (uid, client, account, scopes, claims) => page('Allow access?', `<p><strong>${escaped(client.clientName || client.clientId)}</strong> asks you, ${escaped(account)}, for this. Untick what it should not have.</p>
<form method="post" action="/interaction/${uid}">
${boxes('scope', 'It would be able to', scopes, (s) => scopeTexts[s] || '')}
${boxes('claim', 'It would also learn', claims, (c) => `Your ${c.replaceAll('_', ' ')}`)}
<button type="submit" name="decision" value="allow">Allow</button>
<button type="submit" name="decision" value="deny">Deny</button>
</form>`);

// The package brings the forms of the device flow without their buttons.
export const deviceCodePage = (form, err) => page('Connect a device', `${err ? '<p role="alert">That code is not valid. Look again.</p>' : ''}
<p id="what">Type the code that your device shows.</p>
${form.replace('name="user_code"', 'name="user_code" aria-labelledby="what"')}
<button type="submit" form="op.deviceInputForm">Continue</button>`);

export const deviceConfirmPage = (form, client, code) => page('Connect a device', `<p><strong>${escaped(client.clientName || client.clientId)}</strong> shows the code <code>${escaped(code)}</code>. Continue only if that is your device.</p>
${form}
<button type="submit" form="op.deviceConfirmForm">Continue</button>
<button type="submit" form="op.deviceConfirmForm" name="abort" value="yes">Abort</button>`);
