import { expect, test } from 'vitest'
import { forgeAddress } from '../../src/forge/address.ts'

type Row = readonly [
  Parameters<typeof forgeAddress>[0]['provider'],
  string,
  { apiURL?: string; repository?: string },
  string,
]

const good: readonly Row[] = [
  ['github', 'https://github.com/acme/shop.git', {}, 'https://api.github.com acme/shop'],
  ['github', 'git@github.com:acme/shop.git', {}, 'https://api.github.com acme/shop'],
  [
    'github',
    'ssh://git@ssh.github.com:443/acme/shop',
    { apiURL: 'https://api.github.com/' },
    'https://api.github.com acme/shop',
  ],
  ['github', 'https://ghe.example.com/acme/shop', {}, 'https://ghe.example.com/api/v3 acme/shop'],
  ['github', 'https://acme.ghe.com/team/shop', {}, 'https://api.acme.ghe.com team/shop'],
  ['gitlab', 'https://gitlab.example.com:8443/a/b/c/shop.git', {}, 'https://gitlab.example.com:8443 a/b/c/shop'],
  ['gitlab', 'git@gitlab.com:a/shop.git', { apiURL: 'https://gl.example.com/api/v4' }, 'https://gl.example.com a/shop'],
  [
    'gitlab',
    'https://x.example.com/git/a/shop',
    { apiURL: 'https://x.example.com/git', repository: 'a/shop' },
    'https://x.example.com/git a/shop',
  ],
  ['gitea', 'ssh://git@codeberg.org:2222/acme/shop.git', {}, 'https://codeberg.org acme/shop'],
  ['gitea', 'http://127.0.0.1:3000/acme/shop/', {}, 'http://127.0.0.1:3000 acme/shop'],
  [
    'gitea',
    '/srv/git/shop',
    { apiURL: 'https://git.example.com/api/v1/', repository: 'acme/shop' },
    'https://git.example.com acme/shop',
  ],
]

test.each(good)('%s %s %o', (provider, repoURL, { apiURL, repository }, expected) => {
  const address = forgeAddress({ provider, apiURL, repository, githubApp: undefined }, repoURL)
  expect(`${address.apiURL} ${address.repository.join('/')}`).toBe(expected)
})

const bad: readonly Row[] = [
  [
    'github',
    '/srv/git/shop',
    {},
    'spec.forge.apiURL: it does not follow from the repository /srv/git/shop; write it down',
  ],
  ['github', 'file:///srv/git/shop', { apiURL: 'https://api.github.com' }, 'spec.forge.repository: it does not follow'],
  ['github', 'https://github.com/shop', {}, 'spec.forge.repository: expected owner/name, found "shop"'],
  ['github', 'https://github.com/a/b/shop', {}, 'expected owner/name, found "a/b/shop"'],
  ['gitlab', 'https://gitlab.com/shop', {}, 'expected group/name, found "shop"'],
  ['gitea', 'https://codeberg.org/acme/shop', { repository: 'acme/..' }, 'expected owner/name, found "acme/.."'],
  ['gitea', 'https://codeberg.org/acme/shop', { repository: 'acme/shop?x=1' }, 'expected owner/name'],
]

test.each(bad)('%s %s %o is refused', (provider, repoURL, { apiURL, repository }, message) => {
  const settings = { provider, apiURL, repository, githubApp: undefined }
  expect(() => forgeAddress(settings, repoURL)).toThrow(message)
})
