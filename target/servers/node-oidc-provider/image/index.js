// oidc-provider behind the smallest host application that scopeproof can test: everything in memory,
// clients by dynamic registration, three users, a login form and a consent form. Every decision about
// scopes other than the resource owner's own is the package's.
//
//   ISSUER    the one URL that clients, browser and container know this server by
//   PORT      the port listened on (3000)
//   MODE      opaque (default), or jwt: access tokens for the calendar scopes are RFC 9068 JWTs
//   AUDIENCE  the resource that those JWTs are for (urn:scopeproof:calendar)
//   ADMIN_KEY what a bearer may edit grants and clients with, at /admin; without it nobody may
import http from 'node:http';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { Provider, errors } from 'oidc-provider';
import { Adapter } from './adapter.js';
import { consentPage, deviceCodePage, deviceConfirmPage, loginPage, page } from './pages.js';
import { calendarScopes, claimsByScope, scopeTexts, users } from './data.js';

const { PORT = '3000', MODE = 'opaque', AUDIENCE = 'urn:scopeproof:calendar', ADMIN_KEY } = process.env;
const ISSUER = process.env.ISSUER || `http://127.0.0.1:${PORT}`;
if (!['opaque', 'jwt'].includes(MODE)) {
  console.error(`MODE: got "${MODE}", want opaque or jwt`);
  process.exit(2);
}

const signingKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
const allowedTo = (client) => (client.scope ? client.scope.split(' ') : calendarScopes).filter((s) => calendarScopes.includes(s));

const provider = new Provider(ISSUER, {
  adapter: Adapter,
  jwks: { keys: [{ ...signingKey, kid: 'signing', use: 'sig', alg: 'RS256' }] },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  // The calendar scopes are listed in both modes: a client may register with no scope that is not.
  scopes: ['openid', 'offline_access', ...calendarScopes],
  claims: claimsByScope,
  findAccount: async (ctx, id) => users[id] && { accountId: id, claims: async () => ({ sub: id, ...users[id].claims }) },
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  features: {
    devInteractions: { enabled: false },
    claimsParameter: { enabled: true },
    clientCredentials: { enabled: true },
    deviceFlow: {
      enabled: true,
      userCodeInputSource: async (ctx, form, out, err) => { ctx.body = deviceCodePage(form, err); },
      userCodeConfirmSource: async (ctx, form, client, info, code) => { ctx.body = deviceConfirmPage(form, client, code); },
      successSource: async (ctx) => { ctx.body = page('Device connected', '<p>You can go back to your device.</p>'); },
    },
    // A confidential client may introspect any token, as a resource server has to; a public one, its own.
    introspection: {
      enabled: true,
      allowedPolicy: async (ctx, client, token) => client.clientAuthMethod !== 'none' || token.clientId === client.clientId,
    },
    pushedAuthorizationRequests: { enabled: true },
    registration: { enabled: true },
    registrationManagement: { enabled: true, rotateRegistrationAccessToken: false },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: MODE === 'jwt',
      // A request for identity alone keeps an opaque token, which UserInfo accepts.
      defaultResource: async (ctx, client, oneOf) => {
        if (oneOf) return oneOf;
        const asked = (ctx.oidc.params.scope || '').split(' ');
        return asked.some((s) => calendarScopes.includes(s)) ? AUDIENCE : undefined;
      },
      useGrantedResource: async () => true,
      getResourceServerInfo: async (ctx, resource, client) => {
        if (resource !== AUDIENCE) throw new errors.InvalidTarget();
        return { audience: AUDIENCE, scope: allowedTo(client).join(' '), accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } };
      },
    },
  },
  ttl: {
    AccessToken: 3600, AuthorizationCode: 60, ClientCredentials: 3600, DeviceCode: 600, Grant: 86400,
    IdToken: 3600, Interaction: 3600, RefreshToken: 86400, Session: 86400,
  },
});

async function form(req) {
  const chunks = [];
  for await (const chunk of req) chunks.push(chunk);
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

function html(res, status, text) {
  res.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
  res.end(text);
}

async function login(req, res, details) {
  if (req.method !== 'POST') return html(res, 200, loginPage(details.uid));
  const fields = await form(req);
  const name = fields.get('login');
  if (!Object.hasOwn(users, name) || users[name].password !== fields.get('password')) {
    return html(res, 401, loginPage(details.uid, 'That name and password do not match.'));
  }
  return provider.interactionFinished(req, res, { login: { accountId: name } }, { mergeWithLastSubmission: false });
}

// Everything the request asks for is offered at each visit, also what was decided before, so that what
// the resource owner sees is what the client will hold. What the form posts beyond that is ignored.
async function consent(req, res, details) {
  const { prompt, params, session, uid } = details;
  const scopes = [...new Set((params.scope || '').split(' '))].filter((s) => Object.hasOwn(scopeTexts, s));
  const claims = prompt.details.missingOIDCClaims || [];
  if (req.method !== 'POST') {
    const client = await provider.Client.find(params.client_id);
    return html(res, 200, consentPage(uid, client, session.accountId, scopes, claims));
  }
  const fields = await form(req);
  const ticked = scopes.filter((s) => fields.getAll('scope').includes(s));
  if (fields.get('decision') !== 'allow' || ticked.length === 0) {
    const denied = { error: 'access_denied', error_description: 'the resource owner denied the request' };
    return provider.interactionFinished(req, res, denied, { mergeWithLastSubmission: false });
  }
  const grant = await decided(details, { scopes, ticked, claims, tickedClaims: claims.filter((c) => fields.getAll('claim').includes(c)) });
  const grantId = await grant.save();
  grantsOf(session.accountId, params.client_id).add(grantId);
  return provider.interactionFinished(req, res, { consent: { grantId } }, { mergeWithLastSubmission: true });
}

// The package finds a grant by its id alone: whose it is, the host application remembers.
const grants = new Map();
function grantsOf(accountId, clientId) {
  const key = JSON.stringify([accountId, clientId]);
  if (!grants.has(key)) grants.set(key, new Set());
  return grants.get(key);
}

// What a resource owner does later: to leave a client no more than some of what it was granted.
async function edit({ account, client, scope }) {
  const kept = scope.split(' ').filter(Boolean);
  const left = (granted) => (granted || '').split(' ').filter((s) => kept.includes(s)).join(' ');
  for (const id of grantsOf(account, client)) {
    const grant = await provider.Grant.find(id);
    if (!grant) continue;
    grant.openid = { ...grant.openid, scope: left(grant.openid?.scope) };
    for (const resource of Object.keys(grant.resources || {})) grant.resources[resource] = left(grant.resources[resource]);
    await grant.save();
  }
}

// To leave it nothing ends the grant, with everything that was issued for it.
async function revoke({ account, client }) {
  for (const id of grantsOf(account, client)) {
    for (const kind of ['AccessToken', 'RefreshToken', 'AuthorizationCode', 'DeviceCode']) await provider[kind].revokeByGrantId(id);
    await (await provider.Grant.find(id))?.destroy();
  }
  grantsOf(account, client).clear();
}

// What an administrator does: to limit a client to other scopes than it registered for.
async function limit({ client, scope }) {
  const found = await provider.Client.find(client);
  await provider.Client.adapter.upsert(client, { ...found.metadata(), scope });
}

const acts = { '/admin/edit': edit, '/admin/revoke': revoke, '/admin/limit': limit };
async function administer(req, res) {
  const act = acts[req.url];
  if (!ADMIN_KEY || req.headers.authorization !== `Bearer ${ADMIN_KEY}` || req.method !== 'POST' || !act) {
    res.writeHead(404).end();
    return;
  }
  await act(Object.fromEntries(await form(req)));
  res.writeHead(204).end();
}

// A new grant: earlier tokens keep the grant they were issued under. It carries over what was granted
// earlier and is not part of this request; a refusal is kept only for this request's own scopes.
async function decided({ grantId, session, params }, { scopes, ticked, claims, tickedClaims }) {
  const earlier = grantId && await provider.Grant.find(grantId);
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  const carried = (earlier ? earlier.getOIDCScope().split(' ') : []).filter((s) => s && !scopes.includes(s));
  for (const scope of [...carried, ...ticked]) {
    grant.addOIDCScope(scope);
    if (MODE === 'jwt' && calendarScopes.includes(scope)) grant.addResourceScope(AUDIENCE, scope);
  }
  for (const scope of scopes.filter((s) => !ticked.includes(s))) {
    grant.rejectOIDCScope(scope);
    if (MODE === 'jwt' && calendarScopes.includes(scope)) grant.rejectResourceScope(AUDIENCE, scope);
  }
  grant.addOIDCClaims([...(earlier ? earlier.getOIDCClaims() : []), ...tickedClaims]);
  grant.rejectOIDCClaims(claims.filter((c) => !tickedClaims.includes(c)));
  return grant;
}

async function interaction(req, res) {
  const details = await provider.interactionDetails(req, res);
  if (req.url !== `/interaction/${details.uid}`) throw new errors.SessionNotFound('interaction session not found');
  return details.prompt.name === 'login' ? login(req, res, details) : consent(req, res, details);
}

const handler = provider.callback();
http.createServer((req, res) => {
  if (req.url === '/healthz') {
    res.end('ok\n');
  } else if (req.url.startsWith('/admin/')) {
    administer(req, res).catch((err) => {
      console.error(err);
      res.writeHead(500).end();
    });
  } else if (req.url.startsWith('/interaction/')) {
    interaction(req, res).catch((err) => {
      if (!err.expose) console.error(err);
      html(res, err.expose ? err.statusCode : 500, page('Something went wrong', `<p role="alert">${err.expose ? err.message : 'server error'}</p>`));
    });
  } else {
    handler(req, res);
  }
}).listen(Number(PORT), '0.0.0.0', () => console.log(`issuer ${ISSUER}, ${MODE} access tokens, listening on ${PORT}`));

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0));
