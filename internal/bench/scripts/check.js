// k6 with equal checks: status, scope of the response, and the scope that the token states of itself.
import http from 'k6/http';
import { check } from 'k6';
import encoding from 'k6/encoding';

const base = __ENV.BENCH_BASE;
const looks = __ENV.BENCH_CHECK === '1';
export const options = {
  discardResponseBodies: !looks,
  summaryTrendStats: ['med', 'p(99)', 'max'],
  scenarios: { s: { executor: 'constant-vus', vus: parseInt(__ENV.BENCH_CONNECTIONS), duration: __ENV.BENCH_FOR } },
};
const form = { headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, tags: { name: 'token' } };
const bearer = { headers: { Authorization: 'Bearer ' + __ENV.BENCH_TOKEN }, tags: { name: 'read' } };
const refused = { ...bearer, tags: { name: 'write' }, responseCallback: http.expectedStatuses(403) };
const within = (scope, granted) => scope.split(' ').filter(Boolean).every((s) => granted.includes(s));

function token() {
  const r = http.post(base + '/token', __ENV.BENCH_FORM, form);
  if (!looks) return;
  check(r, { token: (r) => {
    if (r.status !== 200) return false;
    const j = r.json();
    if (!j.access_token || j.token_type.toLowerCase() !== 'bearer' || j.scope !== 'read:appointments') return false;
    const claims = JSON.parse(encoding.b64decode(j.access_token.split('.')[1], 'rawurl', 's'));
    return within(claims.scope, ['read:appointments']);
  } });
}
function read() {
  const r = http.get(base + '/read', bearer);
  if (looks) check(r, { read: (r) => r.status === 200 });
}
function write() {
  const r = http.get(base + '/write', refused);
  if (!looks) return;
  check(r, { write: (r) => r.status === 403 && (r.headers['Www-Authenticate'] || '').includes('error="insufficient_scope"') && !r.body.includes('scopeproof-load') });
}
const mix = [token, read, write, read];
let i = 0;
export default function () {
  mix[i++ % 4]();
}
