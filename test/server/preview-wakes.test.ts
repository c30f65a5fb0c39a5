import { expect, test } from 'vitest'
import { whoWakes } from '../../src/server/webhooks/match.ts'

const repoURL = 'https://git.example.com/acme/shop.git'
const followed = [
  { name: 'shop', repoURL, revision: 'main', previews: { branches: 'preview/*' } },
  { name: 'one', repoURL, revision: 'main', previews: { branches: 'next' } },
  { name: 'plain', repoURL, revision: 'main' },
]

test.each([
  ['refs/heads/main', false, ['shop', 'one', 'plain']],
  ['refs/heads/preview/blue', false, ['shop']],
  ['refs/heads/preview/blue', true, ['shop']],
  ['refs/heads/next', false, ['one']],
  ['refs/heads/next/more', false, []],
  ['refs/tags/preview/blue', false, []],
  ['refs/heads/main', true, []],
])('a push to %s (deleted: %s) wakes %j', (ref, deleted, names) => {
  const event = { kind: 'push' as const, repositories: [repoURL], ref, deleted }
  expect(whoWakes(event, followed).applications).toEqual(names)
})
