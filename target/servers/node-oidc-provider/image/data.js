// The scopes, claims and users of the server.

// OpenID Connect Core 1.0, section 5.4.
export const claimsByScope = {
  openid: ['sub'],
  profile: [
    'name', 'family_name', 'given_name', 'middle_name', 'nickname', 'preferred_username', 'profile',
    'picture', 'website', 'gender', 'birthdate', 'zoneinfo', 'locale', 'updated_at',
  ],
  email: ['email', 'email_verified'],
  address: ['address'],
  phone: ['phone_number', 'phone_number_verified'],
};

// What a resource owner reads on the consent page. Those from read:appointments:all on are decoys: a
// server or an API that compares scopes loosely takes one for another.
export const scopeTexts = {
  openid: 'Know who you are',
  profile: 'See your name and profile',
  email: 'See your e-mail address',
  address: 'See your postal address',
  phone: 'See your telephone number',
  offline_access: 'Keep this access while you are away',
  'read:appointments': 'Read the appointments in your calendar',
  'write:appointments': 'Create, change and delete appointments in your calendar',
  'read:contacts': 'Read your contacts',
  'admin:appointments': 'Administer the appointments of everyone',
  'read:appointments:all': 'Read every appointment of the organisation',
  'read:appointments:own': 'Read the appointments that you made yourself',
  'read:appointment': 'Read a single appointment',
  'unread:appointments': 'Mark appointments as unread',
  'READ:APPOINTMENTS': 'Read the appointments in your calendar (capital letters)',
  'appointments-admin': 'Manage the appointment service',
};

export const calendarScopes = Object.keys(scopeTexts).filter((s) => /appointment|contacts/i.test(s));

const user = (name, claims) => ({ password: `${name}-password`, claims });

export const users = {
  ada: user('ada', {
    name: 'Ada King Lovelace',
    family_name: 'Lovelace',
    given_name: 'Ada',
    middle_name: 'King',
    nickname: 'Countess',
    preferred_username: 'ada',
    profile: 'https://people.example/ada',
    picture: 'https://people.example/ada.png',
    website: 'https://ada.example',
    gender: 'female',
    birthdate: '1815-12-10',
    zoneinfo: 'Europe/London',
    locale: 'en-GB',
    updated_at: 1735689600,
    email: 'ada@people.example',
    email_verified: true,
    address: {
      formatted: '12 St James\'s Square\nLondon SW1Y 4JH\nUnited Kingdom',
      street_address: '12 St James\'s Square',
      locality: 'London',
      region: 'Greater London',
      postal_code: 'SW1Y 4JH',
      country: 'United Kingdom',
    },
    phone_number: '+44 20 7946 0000',
    phone_number_verified: true,
  }),
  bo: user('bo', { name: 'Bo Berg', preferred_username: 'bo', email: 'bo@people.example', email_verified: true }),
  cy: user('cy', { name: 'Cy Cole', preferred_username: 'cy' }),
};
