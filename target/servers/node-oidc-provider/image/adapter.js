// Where the package keeps what it issues: in memory, until it expires. Its own adapter keeps a thousand things
// and then forgets the oldest, which a server under load would be blamed for.
const entries = new Map(); // key → { value, expires }, in the order written
const SWEEP = 60_000; // milliseconds

function get(key) {
  const entry = entries.get(key);
  if (!entry || entry.expires <= Date.now()) return undefined;
  return entry.value;
}

function set(key, value, seconds) {
  entries.set(key, { value, expires: typeof seconds === 'number' ? Date.now() + seconds * 1000 : Infinity });
}

setInterval(() => {
  const now = Date.now();
  for (const [key, { expires }] of entries) if (expires <= now) entries.delete(key);
}, SWEEP).unref();

// Of these, all that were issued under one grant end with it.
const grantable = new Set(['AccessToken', 'AuthorizationCode', 'RefreshToken', 'DeviceCode', 'BackchannelAuthenticationRequest']);

export class Adapter {
  constructor(model) {
    this.model = model;
  }

  key(id) {
    return `${this.model}:${id}`;
  }

  async upsert(id, payload, expiresIn) {
    set(this.key(id), payload, expiresIn);
    if (this.model === 'Session') set(`uid:${payload.uid}`, id, expiresIn);
    if (payload.userCode) set(`userCode:${payload.userCode}`, id, expiresIn);
    if (grantable.has(this.model) && payload.grantId) {
      const members = get(`grant:${payload.grantId}`) || new Set();
      members.add(this.key(id));
      set(`grant:${payload.grantId}`, members, Math.max(expiresIn || 0, 86400));
    }
  }

  async find(id) {
    return get(this.key(id));
  }

  async findByUid(uid) {
    return this.find(get(`uid:${uid}`));
  }

  async findByUserCode(userCode) {
    return this.find(get(`userCode:${userCode}`));
  }

  async consume(id) {
    get(this.key(id)).consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    entries.delete(this.key(id));
  }

  async revokeByGrantId(grantId) {
    for (const key of get(`grant:${grantId}`) || []) entries.delete(key);
    entries.delete(`grant:${grantId}`);
  }
}
