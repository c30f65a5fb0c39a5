import { describe, expect, test } from 'vitest'
import { GitError } from '../../src/sync/errors.ts'
import { checkRedirect, isInternal } from '../../src/sync/http/redirect.ts'
import { openRepository } from '../../src/sync/repository.ts'
import { displayUrl, parseRemote, parseRevision } from '../../src/sync/url.ts'

function codeOf(run: () => unknown): string {
  try {
    run()
    return 'fine'
  } catch (error) {
    return error instanceof GitError ? error.code : String(error)
  }
}

describe('addresses', () => {
  test.each([
    ['https://git.example.com/acme/shop.git', 'http'],
    ['http://127.0.0.1:8080/x', 'http'],
    ['file:///srv/git/shop', 'local'],
    ['/srv/git/shop', 'local'],
    ['./shop', 'local'],
    ['-oProxyCommand=x', 'local'],
    ['./a:b', 'local'],
    ['ssh://git@git.example.com/acme/shop.git', 'ssh'],
    ['git@github.com:acme/shop.git', 'ssh'],
    ['git://git.example.com/shop', 'git'],
  ])('%s is taken', (url, kind) => {
    expect(parseRemote(url).kind).toBe(kind)
  })

  test.each([
    '',
    'ssh://host/x',
    'ssh://git:hunter2@host/x',
    'ssh://git@host',
    'ssh://git@host/',
    'ssh://git@-oProxyCommand=x/x',
    'ssh://-oX@host/x',
    'ssh://git@host/x?token=hunter2',
    'ssh://git@host/%zz',
    'ssh://git@host/a%0ab',
    'git+ssh://git@host/x',
    'github.com:acme/shop.git',
    'git@-host:x',
    'git@host:',
    'git@host:-x',
    'git@ho st:x',
    'a b@host:x',
    'git://git@host/x',
    'git://user:hunter2@host/x',
    'git://host/',
    'ext::sh -c whoami',
    'https://user:hunter2@host/x',
    'https://hunter2@host/x',
    'https://host/x?token=hunter2',
    'https://host/x#y',
    'https://',
    'file://host/x?y',
    'https://host/\nx',
    `https://host/${'x'.repeat(5000)}`,
  ])('G12 %s is refused, without its secrets', async (url) => {
    const error = await openRepository({ url, revision: 'main', storeDir: '/nonexistent' }).catch((thrown) => thrown)
    expect(error.code).toBe('BAD_URL')
    expect(`${error.message} ${error.subject} ${error.stack}`).not.toContain('hunter2')
  })

  test.each([
    ['ssh://git@Host.example/a%20b/c', 'git', 'host.example', 22, '/a b/c', 'ssh://git@host.example/a b/c'],
    ['ssh://git@host:22/c', 'git', 'host', 22, '/c', 'ssh://git@host/c'],
    ['ssh://git@[::1]:2222/c.git/', 'git', '::1', 2222, '/c.git/', 'ssh://git@[::1]:2222/c.git/'],
    ['ssh://git@host/~/c', 'git', 'host', 22, '~/c', 'ssh://git@host/~/c'],
    ['ssh://git@host/~ada/c', 'git', 'host', 22, '~ada/c', 'ssh://git@host/~ada/c'],
    ['git@GitHub.com:acme/shop.git', 'git', 'github.com', 22, 'acme/shop.git', 'git@github.com:acme/shop.git'],
    ['git@host:/srv/shop', 'git', 'host', 22, '/srv/shop', 'ssh://git@host/srv/shop'],
    ['git@[::1]:shop', 'git', '::1', 22, 'shop', 'git@[::1]:shop'],
  ])('%s is spoken to by ssh', (address, user, host, port, path, display) => {
    expect(parseRemote(address)).toEqual({ kind: 'ssh', user, host, port, path, url: display, display })
  })

  test('a path that looks like an option never reaches git as one', () => {
    expect(parseRemote('-oProxyCommand=x')).toMatchObject({ path: expect.stringMatching(/^\//) })
  })

  test('display hides credentials', () => {
    expect(displayUrl('https://user:p@ss@host/x?y=z')).toBe('https://***@host/x?***')
  })
})

describe('revisions', () => {
  test.each(['main', 'feature/x-1', 'v1.2.3', 'a_b+c', 'HEAD', 'refs/heads/main', 'ünïcode', 'f'.repeat(40)])(
    '%s',
    (name) => {
      expect(codeOf(() => parseRevision(name))).toBe('fine')
    },
  )

  test.each([
    '--upload-pack=x',
    '-x',
    'a;curl x|sh',
    'a;b',
    '$(id)',
    '`id`',
    'refs/../x',
    'a..b',
    '/a',
    'a/',
    'a//b',
    'a/.b',
    '.a',
    'a.',
    'a.lock',
    'a.lock/b',
    'a b',
    'a\nb',
    'a~1',
    'a^',
    'a:b',
    'a?',
    'a*',
    'a[b',
    'a\\b',
    '@',
    'a@{1}',
    '',
    'x'.repeat(10_240),
    '\u0000',
  ])('G10 %j is refused before it reaches anything', async (revision) => {
    const opened = openRepository({ url: '/tmp', revision, storeDir: '/nonexistent' })
    await expect(opened).rejects.toMatchObject({ code: 'BAD_REVISION' })
  })
})

describe('G12 redirects', () => {
  test.each([
    ['https://a.example/x', '/y', 'fine'],
    ['https://a.example/x', 'https://b.example/y', 'fine'],
    ['http://a.example/x', 'https://a.example/x', 'fine'],
    ['http://a.example/x', 'http://a.example/y', 'fine'],
    ['https://a.example/x', 'http://a.example/x', 'REDIRECT_REFUSED'],
    ['http://a.example/x', 'http://b.example/x', 'REDIRECT_REFUSED'],
    ['http://a.example/x', 'https://b.example/x', 'REDIRECT_REFUSED'],
    ['http://a.example:3000/x', 'http://a.example:6379/x', 'REDIRECT_REFUSED'],
    ['https://a.example/x', 'https://169.254.169.254/latest', 'REDIRECT_REFUSED'],
    ['https://a.example/x', 'https://[::ffff:10.0.0.1]/', 'REDIRECT_REFUSED'],
    ['https://a.example/x', 'https://[fd00::1]/', 'REDIRECT_REFUSED'],
    ['https://a.example/x', 'https://2130706433/', 'REDIRECT_REFUSED'],
    ['https://a.example/x', 'https://localhost/', 'REDIRECT_REFUSED'],
    ['https://a.example/x', 'https://user:pw@b.example/', 'REDIRECT_REFUSED'],
    ['https://a.example/x', 'file:///etc/passwd', 'REDIRECT_REFUSED'],
    ['https://a.example/x', 'ssh://git@b/x', 'REDIRECT_REFUSED'],
    ['https://a.example/x', 'https://', 'REDIRECT_REFUSED'],
  ])('from %s to %s: %s', (from, to, expected) => {
    expect(codeOf(() => checkRedirect(new URL(from), to))).toBe(expected)
  })

  test.each([
    ['10.1.2.3', true],
    ['172.31.0.1', true],
    ['172.32.0.1', false],
    ['127.0.0.53', true],
    ['100.100.0.1', true],
    ['8.8.8.8', false],
    ['::1', true],
    ['fe80::1', true],
    ['::ffff:127.0.0.1', true],
    ['2606:4700::1111', false],
    ['git.example.com', false],
  ])('%s is internal: %s', (address, expected) => {
    expect(isInternal(address)).toBe(expected)
  })
})
